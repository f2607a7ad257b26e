/* The fields of HEALTH_REPLY that the player knows. */
#ifndef PS_HEALTH_H
#define PS_HEALTH_H

#include "play/player.h"

/* Writes them, then resets the peaks and the longest time of a block. `reply` holds PS_HEALTH_REPLY_BYTES,
 * zeroed. */
void ps_health_write(ps_player_t *player, uint8_t *reply);

#endif
