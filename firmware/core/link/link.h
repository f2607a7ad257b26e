/*
 * The board's end of the serial protocol: bytes in, replies out. Every request is handled once and in order,
 * however often it comes; the last PS_CREDITS replies are kept to be sent again.
 */
#ifndef PS_LINK_H
#define PS_LINK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "link/command.h"
#include "link/frame.h"

/* A reply that the host can ask for again. */
typedef struct {
    uint16_t sequence;
    uint16_t size; /* of the finished frame; 0: empty */
    uint8_t frame[PS_MAX_FRAME_BYTES];
} ps_reply_t;

typedef struct {
    ps_command_t command;
    ps_parser_t parser;
    ps_link_counters_t counters;
    ps_reply_t replies[PS_CREDITS]; /* by sequence number modulo PS_CREDITS */
    uint16_t session;               /* 0: none yet */
    uint16_t expected;              /* sequence number of the next request */
    bool nak_sent;                  /* one NAK for each gap: the frames behind the gap get none */
    uint8_t encoded[PS_MAX_ENCODED_BYTES];
} ps_link_t;

_Static_assert((PS_CREDITS & (PS_CREDITS - 1)) == 0, "slots follow the 16-bit sequence number past its wrap");

void ps_link_reset(ps_link_t *link, const ps_platform_t *platform, ps_engine_t *engine);

/* The next bytes come over another line. A frame that began on this one will not be completed. */
void ps_link_change_line(ps_link_t *link);

/* Takes bytes as they come, in portions of any size. Answers through platform->write before it returns. */
void ps_link_feed(ps_link_t *link, const uint8_t *data, size_t size);

#endif
