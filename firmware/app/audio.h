/* The player on the board's audio interface, and what the serial side needs of it. */
#ifndef PS_APP_AUDIO_H
#define PS_APP_AUDIO_H

#include "command.h"

/* Begins to play where the board has audio, and gives the platform its hooks. */
void audio_begin(ps_command_t *command, ps_platform_t *platform);

/* Gives the pipeline back to the board's own input when its last host fell silent at `heard` (ticks) and has
 * gone. */
void audio_watch_host(uint64_t heard);

#endif
