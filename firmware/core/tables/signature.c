#include "tables/signature.h"

#include "protocol.h"
#include "tables/ed25519.h"

#if defined(PS_PUBLIC_KEY)

static const uint8_t public_key[PS_ED25519_KEY_BYTES] = {PS_PUBLIC_KEY};
/* So that no signature of anything else will do. With its zero at the end. */
static const uint8_t context[] = "proscenium tables 1";

bool ps_signature_is_needed(void)
{
    return true;
}

bool ps_signature_is_good(const uint8_t *signature, const uint8_t *begin, const uint8_t *tables,
                          uint32_t bytes)
{
    const ps_span_t parts[] = {
        {.data = context, .size = sizeof context},
        {.data = begin, .size = PS_TUNE_BEGIN_BYTES},
        {.data = tables, .size = bytes},
    };

    return ps_ed25519_verify(public_key, signature, parts, sizeof parts / sizeof parts[0]);
}

#else

bool ps_signature_is_needed(void)
{
    return false;
}

bool ps_signature_is_good(const uint8_t *signature, const uint8_t *begin, const uint8_t *tables,
                          uint32_t bytes)
{
    (void)signature, (void)begin, (void)tables, (void)bytes;
    return false;
}

#endif
