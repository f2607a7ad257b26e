#include "tables/sha512.h"

#include <string.h>

#define BLOCK_BYTES  128u
#define LENGTH_BYTES 16u

/* clang-format off */
/* FIPS 180-4, 4.2.3: 64 bits of the fraction of the cube roots of the first 80 primes */
static const uint64_t round_constants[80] = {
    0x428A2F98D728AE22u, 0x7137449123EF65CDu, 0xB5C0FBCFEC4D3B2Fu, 0xE9B5DBA58189DBBCu,
    0x3956C25BF348B538u, 0x59F111F1B605D019u, 0x923F82A4AF194F9Bu, 0xAB1C5ED5DA6D8118u,
    0xD807AA98A3030242u, 0x12835B0145706FBEu, 0x243185BE4EE4B28Cu, 0x550C7DC3D5FFB4E2u,
    0x72BE5D74F27B896Fu, 0x80DEB1FE3B1696B1u, 0x9BDC06A725C71235u, 0xC19BF174CF692694u,
    0xE49B69C19EF14AD2u, 0xEFBE4786384F25E3u, 0x0FC19DC68B8CD5B5u, 0x240CA1CC77AC9C65u,
    0x2DE92C6F592B0275u, 0x4A7484AA6EA6E483u, 0x5CB0A9DCBD41FBD4u, 0x76F988DA831153B5u,
    0x983E5152EE66DFABu, 0xA831C66D2DB43210u, 0xB00327C898FB213Fu, 0xBF597FC7BEEF0EE4u,
    0xC6E00BF33DA88FC2u, 0xD5A79147930AA725u, 0x06CA6351E003826Fu, 0x142929670A0E6E70u,
    0x27B70A8546D22FFCu, 0x2E1B21385C26C926u, 0x4D2C6DFC5AC42AEDu, 0x53380D139D95B3DFu,
    0x650A73548BAF63DEu, 0x766A0ABB3C77B2A8u, 0x81C2C92E47EDAEE6u, 0x92722C851482353Bu,
    0xA2BFE8A14CF10364u, 0xA81A664BBC423001u, 0xC24B8B70D0F89791u, 0xC76C51A30654BE30u,
    0xD192E819D6EF5218u, 0xD69906245565A910u, 0xF40E35855771202Au, 0x106AA07032BBD1B8u,
    0x19A4C116B8D2D0C8u, 0x1E376C085141AB53u, 0x2748774CDF8EEB99u, 0x34B0BCB5E19B48A8u,
    0x391C0CB3C5C95A63u, 0x4ED8AA4AE3418ACBu, 0x5B9CCA4F7763E373u, 0x682E6FF3D6B2B8A3u,
    0x748F82EE5DEFB2FCu, 0x78A5636F43172F60u, 0x84C87814A1F0AB72u, 0x8CC702081A6439ECu,
    0x90BEFFFA23631E28u, 0xA4506CEBDE82BDE9u, 0xBEF9A3F7B2C67915u, 0xC67178F2E372532Bu,
    0xCA273ECEEA26619Cu, 0xD186B8C721C0C207u, 0xEADA7DD6CDE0EB1Eu, 0xF57D4F7FEE6ED178u,
    0x06F067AA72176FBAu, 0x0A637DC5A2C898A6u, 0x113F9804BEF90DAEu, 0x1B710B35131C471Bu,
    0x28DB77F523047D84u, 0x32CAAB7B40C72493u, 0x3C9EBE0A15C9BEBCu, 0x431D67C49C100D4Cu,
    0x4CC5D4BECB3E42B6u, 0x597F299CFC657E2Au, 0x5FCB6FAB3AD6FAECu, 0x6C44198C4A475817u,
};
/* 5.3.5: of the square roots of the first eight */
static const uint64_t first_state[8] = {
    0x6A09E667F3BCC908u, 0xBB67AE8584CAA73Bu, 0x3C6EF372FE94F82Bu, 0xA54FF53A5F1D36F1u,
    0x510E527FADE682D1u, 0x9B05688C2B3E6C1Fu, 0x1F83D9ABFB41BD6Bu, 0x5BE0CD19137E2179u,
};
/* clang-format on */

static uint64_t rotate(uint64_t value, uint32_t count)
{
    return value >> count | value << (64u - count);
}

static uint64_t load(const uint8_t *from)
{
    uint64_t value = 0;

    for (uint32_t n = 0; n < 8u; n++) {
        value = value << 8 | from[n];
    }
    return value;
}

static void store(uint8_t *to, uint64_t value)
{
    for (uint32_t n = 0; n < 8u; n++) {
        to[n] = (uint8_t)(value >> (56u - 8u * n));
    }
}

/* 6.4.2; the message schedule is a ring of 16 words. */
static void compress(ps_sha512_t *hash)
{
    uint64_t w[16];
    uint64_t s[8];

    memcpy(s, hash->state, sizeof s);
    for (uint32_t n = 0; n < 16u; n++) {
        w[n] = load(hash->block + 8u * n);
    }
    for (uint32_t t = 0; t < 80u; t++) {
        if (t >= 16u) {
            const uint64_t before = w[(t + 1u) % 16u];
            const uint64_t near = w[(t + 14u) % 16u];

            w[t % 16u] += (rotate(before, 1) ^ rotate(before, 8) ^ before >> 7) + w[(t + 9u) % 16u] +
                          (rotate(near, 19) ^ rotate(near, 61) ^ near >> 6);
        }
        const uint64_t sum = s[7] + (rotate(s[4], 14) ^ rotate(s[4], 18) ^ rotate(s[4], 41)) +
                             ((s[4] & s[5]) ^ (~s[4] & s[6])) + round_constants[t] + w[t % 16u];
        const uint64_t other = (rotate(s[0], 28) ^ rotate(s[0], 34) ^ rotate(s[0], 39)) +
                               ((s[0] & s[1]) ^ (s[0] & s[2]) ^ (s[1] & s[2]));

        memmove(s + 1, s, 7u * sizeof *s);
        s[4] += sum;
        s[0] = sum + other;
    }
    for (uint32_t n = 0; n < 8u; n++) {
        hash->state[n] += s[n];
    }
}

void ps_sha512_begin(ps_sha512_t *hash)
{
    memcpy(hash->state, first_state, sizeof first_state);
    hash->bytes = 0;
}

void ps_sha512_add(ps_sha512_t *hash, const uint8_t *data, size_t size)
{
    while (size != 0) {
        const size_t at = (size_t)(hash->bytes % BLOCK_BYTES);
        const size_t count = size < BLOCK_BYTES - at ? size : BLOCK_BYTES - at;

        memcpy(hash->block + at, data, count);
        hash->bytes += count;
        data += count;
        size -= count;
        if (at + count == BLOCK_BYTES) {
            compress(hash);
        }
    }
}

/* 5.1.2: a one, zeros, and the length in bits */
void ps_sha512_end(ps_sha512_t *hash, uint8_t digest[PS_SHA512_BYTES])
{
    static const uint8_t padding[BLOCK_BYTES] = {0x80u};
    const uint64_t bits = hash->bytes * 8u;
    const size_t at = (size_t)(hash->bytes % BLOCK_BYTES);
    const size_t room = BLOCK_BYTES - LENGTH_BYTES;
    uint8_t length[LENGTH_BYTES] = {0};

    ps_sha512_add(hash, padding, at < room ? room - at : room + BLOCK_BYTES - at);
    store(length + 8, bits);
    ps_sha512_add(hash, length, sizeof length);
    for (uint32_t n = 0; n < 8u; n++) {
        store(digest + 8u * n, hash->state[n]);
    }
}
