/*
 * Frames of the serial protocol (designer/protocol/): built, and checked before a byte of them is trusted.
 */
#ifndef PS_FRAME_H
#define PS_FRAME_H

#include <stddef.h>
#include <stdint.h>

#include "link/cobs.h"
#include "protocol.h"

typedef struct {
    ps_cobs_t cobs;
    uint8_t buffer[PS_MAX_FRAME_BYTES];
} ps_parser_t;

/* A checked frame. Its payload points into the parser and holds until the next byte is fed. */
typedef struct {
    uint8_t type;
    uint16_t sequence;
    uint16_t session;
    uint16_t length;
    const uint8_t *payload;
} ps_frame_t;

/* Results of ps_parser_feed() beside negative status codes */
#define PS_FRAME_MORE  0
#define PS_FRAME_READY 1

void ps_parser_reset(ps_parser_t *parser);

/*
 * Returns PS_FRAME_READY with *frame filled, or PS_FRAME_MORE. PS_E_COBS, PS_E_CRC and PS_E_HEADER say why
 * the frame that just ended is refused.
 */
int ps_parser_feed(ps_parser_t *parser, uint8_t byte, ps_frame_t *frame);

/*
 * Completes a frame whose payload already lies at buffer + PS_HEADER_BYTES: header ahead, CRC-32 behind.
 * Returns its size; `length` is at most PS_MAX_PAYLOAD_BYTES.
 */
size_t ps_frame_finish(uint8_t *buffer, uint8_t type, uint16_t sequence, uint16_t session, size_t length);

#endif
