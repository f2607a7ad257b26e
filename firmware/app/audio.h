/* The player on the board's audio interface, and its hooks for the serial side. */
#ifndef PS_APP_AUDIO_H
#define PS_APP_AUDIO_H

#include "link/command.h"
#include "play/engine.h"

/* Begins to play if the board has audio, and fills in the platform's hooks. */
void audio_begin(ps_engine_t *shared, ps_platform_t *platform);

/*
 * To be called often. Takes the pipeline from a host whose last bytes came at `heard` (ticks), if that is
 * long ago. Mutes the board if the tables have changed in memory.
 */
void audio_watch(uint64_t heard);

/* Whether the player keeps processing blocks, or does not have to. */
bool audio_is_alive(void);

#endif
