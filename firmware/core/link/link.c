#include "link/link.h"

#include <string.h>

#include "tables/bytes.h"

void ps_link_reset(ps_link_t *link, const ps_platform_t *platform, ps_engine_t *engine)
{
    memset(link, 0, sizeof *link);
    ps_parser_reset(&link->parser);
    ps_command_reset(&link->command, platform, engine);
}

static void transmit(ps_link_t *link, const uint8_t *frame, size_t size)
{
    const ps_platform_t *platform = link->command.platform;
    const size_t encoded = ps_cobs_encode(frame, size, link->encoded);

    platform->write(link->encoded, encoded);
}

static void send_nak(ps_link_t *link, int status, uint16_t session)
{
    uint8_t frame[PS_OVERHEAD_BYTES + PS_NAK_BYTES];
    uint8_t *payload = frame + PS_HEADER_BYTES;

    payload[PS_NAK_STATUS] = (uint8_t)status;
    payload[PS_NAK_RESERVED] = 0;
    ps_put_u16(payload + PS_NAK_EXPECTED, link->expected);
    transmit(link, frame, ps_frame_finish(frame, PS_NAK, link->expected, session, PS_NAK_BYTES));
}

/*
 * A frame was broken: the host has to go back. Before the first session only a host of another protocol
 * version gets an answer. It would otherwise take the board for dead.
 */
static void report_broken(ps_link_t *link, int status)
{
    if (link->session != 0 || status == PS_E_HEADER) {
        link->nak_sent = true;
        send_nak(link, status, link->session);
    }
}

/* A frame is missing. One NAK says so; the frames behind the gap get none. */
static void report_gap(ps_link_t *link)
{
    link->counters.bad_sequence++;
    if (!link->nak_sent) {
        report_broken(link, PS_E_SEQUENCE);
    }
}

static ps_reply_t *slot_of(ps_link_t *link, uint16_t sequence)
{
    return &link->replies[sequence % PS_CREDITS];
}

static void handle(ps_link_t *link, const ps_frame_t *request)
{
    ps_reply_t *slot = slot_of(link, request->sequence);
    uint8_t *payload = slot->frame + PS_HEADER_BYTES;
    uint8_t type = (uint8_t)(request->type | 0x80u);
    size_t length = 0;
    const int status = ps_command_handle(&link->command, request, &link->counters, payload, &length);

    if (status != PS_OK) {
        type = PS_ERROR_REPLY;
        payload[PS_ERROR_REPLY_STATUS] = (uint8_t)status;
        payload[PS_ERROR_REPLY_REQUEST] = request->type;
        length = PS_ERROR_REPLY_BYTES;
    }
    slot->sequence = request->sequence;
    slot->size = (uint16_t)ps_frame_finish(slot->frame, type, request->sequence, request->session, length);
    link->expected = (uint16_t)(request->sequence + 1u);
    link->nak_sent = false;
    transmit(link, slot->frame, slot->size);
}

static void repeat(ps_link_t *link, const ps_frame_t *request)
{
    const ps_reply_t *slot = slot_of(link, request->sequence);

    /* A host repeats HELLO until a starting board answers. Several may wait in the line, and none was lost.
     */
    if (request->type != PS_HELLO) {
        link->counters.duplicates++;
    }
    if (slot->size != 0 && slot->sequence == request->sequence) {
        transmit(link, slot->frame, slot->size);
    }
}

static void open_session(ps_link_t *link, const ps_frame_t *hello)
{
    link->session = hello->session;
    link->expected = hello->sequence;
    for (uint32_t n = 0; n < PS_CREDITS; n++) {
        link->replies[n].size = 0;
    }
}

static void take(ps_link_t *link, const ps_frame_t *request)
{
    if (request->type == PS_HELLO && request->session != 0 && request->session != link->session) {
        open_session(link, request);
    }
    if (request->session != link->session || link->session == 0) {
        /* Every such frame gets this answer: another host has taken over, or the board has restarted. */
        link->counters.bad_session++;
        send_nak(link, PS_E_SESSION, request->session);
        return;
    }
    const uint16_t ahead = (uint16_t)(request->sequence - link->expected);

    if (ahead == 0) {
        handle(link, request);
    } else if (ahead & 0x8000u) {
        repeat(link, request);
    } else {
        report_gap(link);
    }
}

static void count_refused(ps_link_counters_t *counters, int status)
{
    switch (status) {
    case PS_E_COBS:
        counters->bad_cobs++;
        break;
    case PS_E_CRC:
        counters->bad_crc++;
        break;
    default:
        counters->bad_header++;
        break;
    }
}

/*
 * A starting board may receive only the end of a frame, as the host repeats HELLO. That is no fault of the
 * line. So counting begins with the first session.
 */
static void refuse(ps_link_t *link, int status)
{
    if (link->session != 0) {
        count_refused(&link->counters, status);
    }
    report_broken(link, status);
}

void ps_link_change_line(ps_link_t *link)
{
    ps_parser_reset(&link->parser);
}

void ps_link_feed(ps_link_t *link, const uint8_t *data, size_t size)
{
    for (size_t n = 0; n < size; n++) {
        ps_frame_t frame;
        const int result = ps_parser_feed(&link->parser, data[n], &frame);

        if (result == PS_FRAME_READY) {
            take(link, &frame);
        } else if (result < 0) {
            refuse(link, result);
        }
    }
}
