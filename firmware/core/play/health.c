#include "play/health.h"

#include <string.h>

#include "tables/bytes.h"

_Static_assert(PS_DRIVERS * 4u <= 64u, "HEALTH_REPLY has room for every driver's peak");

void ps_health_write(ps_player_t *player, uint8_t *reply)
{
    reply[PS_HEALTH_REPLY_PLAYER] = player->state;
    ps_put_u32(reply + PS_HEALTH_REPLY_BLOCK_TICKS_LAST, player->ticks_last);
    ps_put_u32(reply + PS_HEALTH_REPLY_BLOCK_TICKS_MAX, player->ticks_max);
    ps_put_u32(reply + PS_HEALTH_REPLY_BLOCKS, player->blocks);
    ps_put_u32(reply + PS_HEALTH_REPLY_DEADLINE_MISSES, player->misses);
    ps_put_u32(reply + PS_HEALTH_REPLY_PEAK_LEFT, player->peak_in[0]);
    ps_put_u32(reply + PS_HEALTH_REPLY_PEAK_RIGHT, player->peak_in[1]);
    for (uint32_t d = 0; d < PS_DRIVERS; d++) {
        ps_put_u32(reply + PS_HEALTH_REPLY_PEAKS + 4u * d, player->peak_out[d]);
    }
    player->ticks_max = 0;
    memset(player->peak_in, 0, sizeof player->peak_in);
    memset(player->peak_out, 0, sizeof player->peak_out);
}
