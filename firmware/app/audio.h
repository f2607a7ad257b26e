/* The player on the board's audio interface, and what the serial side needs of it. */
#ifndef PS_APP_AUDIO_H
#define PS_APP_AUDIO_H

#include "link/command.h"
#include "play/engine.h"

/* Begins to play where the board has audio, and gives the platform its hooks. */
void audio_begin(ps_engine_t *shared, ps_platform_t *platform);

/*
 * What wants to be looked at now and then: a host that fell silent at `heard` (ticks) loses the pipeline,
 * tables that are no longer whole are not played.
 */
void audio_watch(uint64_t heard);

/* Whether blocks go on being played, where they should. */
bool audio_is_alive(void);

#endif
