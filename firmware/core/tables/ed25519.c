#include "tables/ed25519.h"

#include <string.h>

#include "tables/bytes.h"
#include "tables/sha512.h"

#define LIMBS 8u
/* Both scalars are below 2^253. */
#define SCALAR_BITS 253u
/* 2^256 = 38 modulo p, where p = 2^255 - 19 */
#define FOLD 38u

/* A number modulo p, of 32-bit limbs, the lowest first; below 2^256. */
typedef uint32_t fe_t[LIMBS];

/* RFC 8032 5.1.4: x = X / Z, y = Y / Z, x y = T / Z */
typedef struct {
    fe_t x, y, z, t;
} point_t;

/* clang-format off */
/* RFC 8032 5.1, table 1: d, 2 d, the square root of -1, the order L, and the base point */
static const fe_t curve_d = {0x135978A3, 0x75EB4DCA, 0x4141D8AB, 0x00700A4D,
                             0x7779E898, 0x8CC74079, 0x2B6FFE73, 0x52036CEE};
static const fe_t curve_2d = {0x26B2F159, 0xEBD69B94, 0x8283B156, 0x00E0149A,
                              0xEEF3D130, 0x198E80F2, 0x56DFFCE7, 0x2406D9DC};
static const fe_t root_of_minus_1 = {0x4A0EA0B0, 0xC4EE1B27, 0xAD2FE478, 0x2F431806,
                                     0x3DFBD7A7, 0x2B4D0099, 0x4FC1DF0B, 0x2B832480};
static const uint32_t order[LIMBS] = {0x5CF5D3ED, 0x5812631A, 0xA2F79CD6, 0x14DEF9DE, 0, 0, 0, 0x10000000};
static const point_t base = {
    {0x8F25D51A, 0xC9562D60, 0x9525A7B2, 0x692CC760, 0xFDD6DC5C, 0xC0A4E231, 0xCD6E53FE, 0x216936D3},
    {0x66666658, 0x66666666, 0x66666666, 0x66666666, 0x66666666, 0x66666666, 0x66666666, 0x66666666},
    {1},
    {0xA5B7DDA3, 0x6DDE8AB3, 0x775152F5, 0x20F09F80, 0x64ABE37D, 0x66EA4E8E, 0xD78B7665, 0x67875F0F},
};
/* clang-format on */
static const fe_t zero = {0};
static const fe_t one = {1};

/* Not on the stack, whose bound the rest of the program sets. */
static struct {
    ps_sha512_t hash;
    uint8_t digest[PS_SHA512_BYTES];
    point_t sums[3]; /* B, -A, B - A */
    point_t result;
    fe_t a, b, c, d, e, f, g, h;
} work;

/* --- numbers modulo p */

/* Adds carry * 2^256 to what has been added up. */
static void fold(fe_t out, uint32_t carry)
{
    while (carry != 0) {
        uint64_t sum = (uint64_t)carry * FOLD;

        for (uint32_t n = 0; n < LIMBS; n++) {
            sum += out[n];
            out[n] = (uint32_t)sum;
            sum >>= 32;
        }
        carry = (uint32_t)sum;
    }
}

static void add(fe_t out, const fe_t a, const fe_t b)
{
    uint64_t sum = 0;

    for (uint32_t n = 0; n < LIMBS; n++) {
        sum += (uint64_t)a[n] + b[n];
        out[n] = (uint32_t)sum;
        sum >>= 32;
    }
    fold(out, (uint32_t)sum);
}

static void subtract(fe_t out, const fe_t a, const fe_t b)
{
    int64_t sum = 0;

    for (uint32_t n = 0; n < LIMBS; n++) {
        sum += (int64_t)a[n] - b[n];
        out[n] = (uint32_t)sum;
        sum >>= 32; /* GCC: arithmetic */
    }
    /* What is borrowed is 2^256, that is FOLD too much. */
    while (sum != 0) {
        sum = -(int64_t)FOLD;
        for (uint32_t n = 0; n < LIMBS; n++) {
            sum += out[n];
            out[n] = (uint32_t)sum;
            sum >>= 32;
        }
    }
}

static void multiply(fe_t out, const fe_t a, const fe_t b)
{
    uint32_t product[2u * LIMBS] = {0};

    for (uint32_t i = 0; i < LIMBS; i++) {
        uint64_t carry = 0;

        for (uint32_t k = 0; k < LIMBS; k++) {
            carry += (uint64_t)a[i] * b[k] + product[i + k]; /* at most 2^64 - 1 */
            product[i + k] = (uint32_t)carry;
            carry >>= 32;
        }
        product[i + LIMBS] = (uint32_t)carry;
    }
    uint64_t carry = 0;

    for (uint32_t n = 0; n < LIMBS; n++) {
        carry += (uint64_t)product[n + LIMBS] * FOLD + product[n];
        out[n] = (uint32_t)carry;
        carry >>= 32;
    }
    fold(out, (uint32_t)carry);
}

/* a to the power of 2^bits - 2^5 + low, by squaring: the upper bits of all powers that are needed are ones.
 */
static void power(fe_t out, const fe_t a, uint32_t bits, uint32_t low)
{
    fe_t from, result;

    memcpy(from, a, sizeof from);
    memcpy(result, one, sizeof result);
    for (uint32_t n = bits; n-- != 0;) {
        multiply(result, result, result);
        if (n >= 5u || (low >> n & 1u)) {
            multiply(result, result, from);
        }
    }
    memcpy(out, result, sizeof result);
}

/* To the one value below p. */
static void reduce(fe_t a)
{
    static const fe_t nineteen = {19};
    fe_t more;

    for (uint32_t n = 0; n < 2u; n++) {
        const uint32_t top = a[LIMBS - 1u] >> 31;
        const fe_t rest = {19u * top};

        a[LIMBS - 1u] &= 0x7FFFFFFFu;
        add(a, a, rest);
    }
    add(more, a, nineteen);
    if (more[LIMBS - 1u] >> 31) {
        more[LIMBS - 1u] &= 0x7FFFFFFFu;
        memcpy(a, more, sizeof more);
    }
}

static bool equal(const fe_t a, const fe_t b)
{
    fe_t difference;

    subtract(difference, a, b);
    reduce(difference);
    return memcmp(difference, zero, sizeof difference) == 0;
}

/* --- points */

/* RFC 8032 5.1.4: complete, so it also doubles. `out` may be `p`. */
static void add_points(point_t *out, const point_t *p, const point_t *q)
{
    subtract(work.a, p->y, p->x);
    subtract(work.b, q->y, q->x);
    multiply(work.a, work.a, work.b);
    add(work.b, p->y, p->x);
    add(work.c, q->y, q->x);
    multiply(work.b, work.b, work.c);
    multiply(work.c, p->t, q->t);
    multiply(work.c, work.c, curve_2d);
    multiply(work.d, p->z, q->z);
    add(work.d, work.d, work.d);
    subtract(work.e, work.b, work.a);
    subtract(work.f, work.d, work.c);
    add(work.g, work.d, work.c);
    add(work.h, work.b, work.a);
    multiply(out->x, work.e, work.f);
    multiply(out->y, work.g, work.h);
    multiply(out->t, work.e, work.h);
    multiply(out->z, work.f, work.g);
}

/* RFC 8032 5.1.3; false where no point has this encoding. */
static bool decode(point_t *out, const uint8_t *encoded)
{
    for (uint32_t n = 0; n < LIMBS; n++) {
        out->y[n] = ps_get_u32(encoded + 4u * n);
    }
    const uint32_t sign = out->y[LIMBS - 1u] >> 31;
    fe_t least;

    out->y[LIMBS - 1u] &= 0x7FFFFFFFu;
    memcpy(least, out->y, sizeof least);
    reduce(least);
    if (memcmp(least, out->y, sizeof least) != 0) {
        return false;
    }
    memcpy(out->z, one, sizeof one);
    /* x^2 = u / v, with u = y^2 - 1 and v = d y^2 + 1; x = u v^3 (u v^7)^((p - 5) / 8) */
    multiply(work.a, out->y, out->y);
    subtract(work.b, work.a, one);
    multiply(work.c, work.a, curve_d);
    add(work.c, work.c, one);
    multiply(work.d, work.c, work.c);
    multiply(work.d, work.d, work.c);
    multiply(work.e, work.d, work.d);
    multiply(work.e, work.e, work.c);
    multiply(work.e, work.e, work.b);
    power(work.e, work.e, 252u, 0x1Du); /* 2^252 - 3 */
    multiply(out->x, work.b, work.d);
    multiply(out->x, out->x, work.e);
    multiply(work.d, out->x, out->x);
    multiply(work.d, work.d, work.c);
    if (!equal(work.d, work.b)) {
        multiply(out->x, out->x, root_of_minus_1);
        multiply(work.d, out->x, out->x);
        multiply(work.d, work.d, work.c);
        if (!equal(work.d, work.b)) {
            return false;
        }
    }
    reduce(out->x);
    if (memcmp(out->x, zero, sizeof zero) == 0 && sign != 0) {
        return false;
    }
    if ((out->x[0] & 1u) != sign) {
        subtract(out->x, zero, out->x);
    }
    multiply(out->t, out->x, out->y);
    return true;
}

/* RFC 8032 5.1.2 */
static void encode(uint8_t *out, const point_t *p)
{
    power(work.a, p->z, 255u, 0x0Bu); /* 2^255 - 21: the inverse */
    multiply(work.b, p->x, work.a);
    multiply(work.c, p->y, work.a);
    reduce(work.b);
    reduce(work.c);
    work.c[LIMBS - 1u] |= work.b[0] << 31;
    for (uint32_t n = 0; n < LIMBS; n++) {
        ps_put_u32(out + 4u * n, work.c[n]);
    }
}

/* --- scalars modulo L */

/* Whether a < L; a - L is left in `less`. */
static bool is_below_order(const uint32_t *a, uint32_t *less)
{
    int64_t sum = 0;

    for (uint32_t n = 0; n < LIMBS; n++) {
        sum += (int64_t)a[n] - order[n];
        less[n] = (uint32_t)sum;
        sum >>= 32;
    }
    return sum != 0;
}

/* The hash as a number modulo L, bit by bit from the highest. */
static void reduce_scalar(uint32_t out[LIMBS], const uint8_t *digest)
{
    uint32_t less[LIMBS];

    memset(out, 0, LIMBS * sizeof *out);
    for (uint32_t n = 8u * PS_SHA512_BYTES; n-- != 0;) {
        uint32_t carry = (uint32_t)digest[n / 8u] >> (n % 8u) & 1u;

        for (uint32_t k = 0; k < LIMBS; k++) {
            const uint32_t top = out[k] >> 31;

            out[k] = out[k] << 1 | carry;
            carry = top;
        }
        if (!is_below_order(out, less)) {
            memcpy(out, less, sizeof less);
        }
    }
}

/* s B - k A, both at once. */
static void multiply_points(const uint32_t *s, const uint32_t *k)
{
    memset(&work.result, 0, sizeof work.result);
    work.result.y[0] = work.result.z[0] = 1u;
    for (uint32_t n = SCALAR_BITS; n-- != 0;) {
        const uint32_t which = (s[n / 32u] >> (n % 32u) & 1u) | (k[n / 32u] >> (n % 32u) & 1u) << 1;

        add_points(&work.result, &work.result, &work.result);
        if (which != 0) {
            add_points(&work.result, &work.result, &work.sums[which - 1u]);
        }
    }
}

bool ps_ed25519_verify(const uint8_t key[PS_ED25519_KEY_BYTES],
                       const uint8_t signature[PS_ED25519_SIGNATURE_BYTES], const ps_span_t *parts,
                       uint32_t count)
{
    uint32_t s[LIMBS];
    uint32_t k[LIMBS];
    point_t *negative = &work.sums[1];

    for (uint32_t n = 0; n < LIMBS; n++) {
        s[n] = ps_get_u32(signature + 32u + 4u * n);
    }
    if (!is_below_order(s, k) || !decode(negative, key)) {
        return false;
    }
    subtract(negative->x, zero, negative->x);
    subtract(negative->t, zero, negative->t);
    work.sums[0] = base;
    add_points(&work.sums[2], &work.sums[0], negative);

    ps_sha512_begin(&work.hash);
    ps_sha512_add(&work.hash, signature, 32u);
    ps_sha512_add(&work.hash, key, PS_ED25519_KEY_BYTES);
    for (uint32_t n = 0; n < count; n++) {
        ps_sha512_add(&work.hash, parts[n].data, parts[n].size);
    }
    ps_sha512_end(&work.hash, work.digest);
    reduce_scalar(k, work.digest);
    multiply_points(s, k);
    encode(work.digest, &work.result);
    return memcmp(work.digest, signature, 32u) == 0;
}
