#include "upmix.h"

/* Right shifts of negative numbers are arithmetic (floor): GCC documents so ("Integers implementation"). */

#define GAIN_ONE              32768 /* 1 in Q0.15 */
#define GAIN_STEP_MAX         2048  /* 1/16 a hop: the gain needs at least 16 hops from end to end */
#define SMOOTHING_SHIFT       4     /* P += (a - P) / 16 each hop */
#define HOP_SHIFT             6     /* log2 PS_UPMIX_HOP */
#define RATIO_FRACTION_BITS   30    /* q = P_S / P_M in Q0.30, so that its root is Q0.15 */
#define DIVISOR_LEADING_ZEROS 31

_Static_assert(PS_UPMIX_HOP == 1 << HOP_SHIFT, "the gain's interpolation shifts by the hop");

#if defined(PS_ARITHMETIC_Q15)
#define POWER_SHIFT 0 /* |m| <= 2^16, so 64 m^2 <= 2^38 */
#else
#define POWER_SHIFT 8 /* |m| <= 2^32, |m >> 8| <= 2^24, so 64 squares <= 2^54 */
#endif

static int64_t max64(int64_t a, int64_t b)
{
    return a > b ? a : b;
}

static int64_t min64(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

/* floor(sqrt(value)), one bit of the root at a time; value <= 2^30. */
static int32_t square_root(uint32_t value)
{
    uint32_t root = 0;

    for (uint32_t bit = 1u << 30; bit != 0; bit >>= 2) {
        if (value >= root + bit) {
            value -= root + bit;
            root = (root >> 1) + bit;
        } else {
            root >>= 1;
        }
    }
    return (int32_t)root;
}

/* The gain that makes the centre orthogonal to the side: 1 - sqrt(P_S / P_M), never below 0. */
static int32_t target_gain(uint64_t mid_power, uint64_t side_power)
{
    if (side_power >= mid_power) {
        return 0;
    }
    /* Both scaled alike, P_M into [2^32, 2^33): P_S << 30 then fits in 63 bits. P_M > P_S >= 0 here, so it
     * has a leading one to count to. */
    const int zeros = __builtin_clzll(mid_power);
    uint64_t numerator = side_power;
    uint64_t denominator = mid_power;

    if (zeros >= DIVISOR_LEADING_ZEROS) {
        numerator <<= zeros - DIVISOR_LEADING_ZEROS;
        denominator <<= zeros - DIVISOR_LEADING_ZEROS;
    } else {
        numerator >>= DIVISOR_LEADING_ZEROS - zeros;
        denominator >>= DIVISOR_LEADING_ZEROS - zeros;
    }
    const uint64_t ratio = (numerator << RATIO_FRACTION_BITS) / denominator;

    return GAIN_ONE - square_root((uint32_t)ratio);
}

static void end_hop(ps_upmix_t *upmix)
{
    upmix->mid_power += (upmix->mid_sum >> SMOOTHING_SHIFT) - (upmix->mid_power >> SMOOTHING_SHIFT);
    upmix->side_power += (upmix->side_sum >> SMOOTHING_SHIFT) - (upmix->side_power >> SMOOTHING_SHIFT);

    int32_t step = target_gain(upmix->mid_power, upmix->side_power) - upmix->gain_to;

    if (step > GAIN_STEP_MAX) {
        step = GAIN_STEP_MAX;
    } else if (step < -GAIN_STEP_MAX) {
        step = -GAIN_STEP_MAX;
    }
    upmix->gain_from = upmix->gain_to;
    upmix->gain_to += step;
    upmix->position = 0;
    upmix->mid_sum = 0;
    upmix->side_sum = 0;
}

void ps_upmix_reset(ps_upmix_t *upmix)
{
    *upmix = (ps_upmix_t){0};
}

void ps_upmix_process(ps_upmix_t *upmix, const ps_sample_t *stereo, ps_sample_t *left, ps_sample_t *right,
                      ps_sample_t *centre, uint32_t frames)
{
    for (uint32_t n = 0; n < frames; n++) {
        const int64_t l = stereo[2 * n];
        const int64_t r = stereo[2 * n + 1];
        const int64_t mid = l + r;
        const int64_t side = l - r;
        const int64_t mid_scaled = mid >> POWER_SHIFT;
        const int64_t side_scaled = side >> POWER_SHIFT;

        upmix->mid_sum += (uint64_t)(mid_scaled * mid_scaled);
        upmix->side_sum += (uint64_t)(side_scaled * side_scaled);

        const int32_t gain =
            upmix->gain_from + (((upmix->gain_to - upmix->gain_from) * upmix->position) >> HOP_SHIFT);
        /* Q0.15 gain, and the half of (L + R) / 2: 16 bits to drop, rounded */
        int64_t c = (gain * mid + (1 << 15)) >> 16;

        /* Keeps L - c and R - c within full scale: this is what the overflow proof of the FIRs rests on. */
        c = max64(c, max64(l, r) - PS_SAMPLE_MAX);
        c = min64(c, min64(l, r) - PS_SAMPLE_MIN);
        left[n] = (ps_sample_t)(l - c);
        right[n] = (ps_sample_t)(r - c);
        centre[n] = (ps_sample_t)c;

        upmix->position++;
        if (upmix->position == PS_UPMIX_HOP) {
            end_hop(upmix);
        }
    }
}
