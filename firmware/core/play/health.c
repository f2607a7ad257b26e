#include "play/health.h"

#include <string.h>

#include "tables/bytes.h"
#include "link/command_report.h"

_Static_assert(PS_DRIVERS * 4u <= 64u, "HEALTH_REPLY has room for every driver's peak");

void ps_health_write(ps_player_t *player, uint8_t *reply)
{
    const ps_platform_t *platform = player->command->platform;
    const uint64_t ticks = platform->ticks();

    ps_put_u64(reply + PS_HEALTH_REPLY_UPTIME_MS, ticks / (platform->tick_hz / 1000u));
    reply[PS_HEALTH_REPLY_PLAYER] = player->state;
    reply[PS_HEALTH_REPLY_CLOCK_SOURCE] = platform->clock_source;
    ps_put_u32(reply + PS_HEALTH_REPLY_BLOCK_TICKS_LAST, player->ticks_last);
    ps_put_u32(reply + PS_HEALTH_REPLY_BLOCK_TICKS_MAX, player->ticks_max);
    ps_put_u32(reply + PS_HEALTH_REPLY_BLOCK_TICKS_BUDGET,
               (uint32_t)((uint64_t)platform->tick_hz * PS_BLOCK_SAMPLES / PS_SAMPLE_RATE_HZ));
    ps_put_u32(reply + PS_HEALTH_REPLY_BLOCKS, player->blocks);
    ps_put_u32(reply + PS_HEALTH_REPLY_DEADLINE_MISSES, player->misses);
    ps_put_u32(reply + PS_HEALTH_REPLY_PEAK_LEFT, player->peak_in[0]);
    ps_put_u32(reply + PS_HEALTH_REPLY_PEAK_RIGHT, player->peak_in[1]);
    for (uint32_t d = 0; d < PS_DRIVERS; d++) {
        ps_put_u32(reply + PS_HEALTH_REPLY_PEAKS + 4u * d, player->peak_out[d]);
    }
    ps_put_u32(reply + PS_HEALTH_REPLY_VOLUME, player->command->settings.volume);
    ps_report_limiter_gains(player->command, reply + PS_HEALTH_REPLY_LIMITER_GAINS);
    for (uint32_t d = 0; d < PS_DRIVERS; d++) {
        player->command->pipeline.limiter.least[d] = PS_GAIN_ONE;
    }
    player->ticks_max = 0;
    memset(player->peak_in, 0, sizeof player->peak_in);
    memset(player->peak_out, 0, sizeof player->peak_out);
}
