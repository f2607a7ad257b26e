#include "link/cobs.h"

#include "protocol.h"

#define LONGEST_RUN 0xFF /* code byte of 254 bytes without a zero behind them */

size_t ps_cobs_encode(const uint8_t *data, size_t size, uint8_t *out)
{
    size_t code_at = 0; /* place of the code byte of the run under way */
    size_t written = 1;
    uint8_t code = 1;

    for (size_t n = 0; n < size; n++) {
        if (code == LONGEST_RUN) {
            out[code_at] = code;
            code_at = written++;
            code = 1;
        }
        if (data[n] != 0) {
            out[written++] = data[n];
            code++;
        } else {
            out[code_at] = code;
            code_at = written++;
            code = 1;
        }
    }
    out[code_at] = code;
    out[written++] = 0;
    return written;
}

static void begin_frame(ps_cobs_t *cobs)
{
    cobs->size = 0;
    cobs->remaining = 0;
    cobs->code = 0;
    cobs->overflowed = 0;
}

void ps_cobs_reset(ps_cobs_t *cobs, uint8_t *buffer, uint32_t capacity)
{
    cobs->buffer = buffer;
    cobs->capacity = capacity;
    begin_frame(cobs);
}

static void append(ps_cobs_t *cobs, uint8_t byte)
{
    if (cobs->size < cobs->capacity) {
        cobs->buffer[cobs->size++] = byte;
    } else {
        cobs->overflowed = 1;
    }
}

static int end_frame(ps_cobs_t *cobs)
{
    const int broken = cobs->remaining != 0 || cobs->overflowed;
    const uint32_t size = cobs->size;

    begin_frame(cobs);
    cobs->size = size; /* for the caller; the next frame starts from 0 */
    return broken ? PS_E_COBS : PS_COBS_END;
}

int ps_cobs_feed(ps_cobs_t *cobs, uint8_t byte)
{
    if (byte == 0) {
        if (cobs->code == 0) {
            cobs->size = 0;
        }
        return end_frame(cobs);
    }
    if (cobs->remaining != 0) {
        cobs->remaining--;
        append(cobs, byte);
        return PS_COBS_MORE;
    }
    if (cobs->code == 0) {
        cobs->size = 0; /* first byte of a frame */
    } else if (cobs->code != LONGEST_RUN) {
        append(cobs, 0);
    }
    cobs->code = byte;
    cobs->remaining = (uint8_t)(byte - 1u);
    return PS_COBS_MORE;
}
