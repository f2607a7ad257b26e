#include "link/frame.h"

#include "tables/bytes.h"
#include "tables/crc32.h"

void ps_parser_reset(ps_parser_t *parser)
{
    ps_cobs_reset(&parser->cobs, parser->buffer, sizeof parser->buffer);
}

static int check_frame(const uint8_t *data, uint32_t size, ps_frame_t *frame)
{
    if (size < PS_OVERHEAD_BYTES) {
        return PS_E_COBS;
    }
    const uint32_t body = size - PS_CRC_BYTES;

    if (ps_crc32(0, data, body) != ps_get_u32(data + body)) {
        return PS_E_CRC;
    }
    const uint16_t length = ps_get_u16(data + PS_HEADER_LENGTH);

    if (data[PS_HEADER_VERSION] != PS_PROTOCOL_VERSION || length != body - PS_HEADER_BYTES) {
        return PS_E_HEADER;
    }
    *frame = (ps_frame_t){
        .type = data[PS_HEADER_TYPE],
        .sequence = ps_get_u16(data + PS_HEADER_SEQUENCE),
        .session = ps_get_u16(data + PS_HEADER_SESSION),
        .length = length,
        .payload = data + PS_HEADER_BYTES,
    };
    return PS_FRAME_READY;
}

int ps_parser_feed(ps_parser_t *parser, uint8_t byte, ps_frame_t *frame)
{
    const int result = ps_cobs_feed(&parser->cobs, byte);

    if (result != PS_COBS_END) {
        return result == PS_COBS_MORE ? PS_FRAME_MORE : result;
    }
    if (parser->cobs.size == 0) {
        return PS_FRAME_MORE; /* delimiters in a row: the host flushes the line with them */
    }
    return check_frame(parser->buffer, parser->cobs.size, frame);
}

size_t ps_frame_finish(uint8_t *buffer, uint8_t type, uint16_t sequence, uint16_t session, size_t length)
{
    const size_t body = PS_HEADER_BYTES + length;

    buffer[PS_HEADER_VERSION] = PS_PROTOCOL_VERSION;
    buffer[PS_HEADER_TYPE] = type;
    ps_put_u16(buffer + PS_HEADER_SEQUENCE, sequence);
    ps_put_u16(buffer + PS_HEADER_SESSION, session);
    ps_put_u16(buffer + PS_HEADER_LENGTH, (uint32_t)length);
    ps_put_u32(buffer + body, ps_crc32(0, buffer, body));
    return body + PS_CRC_BYTES;
}
