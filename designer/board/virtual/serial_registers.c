/*
 * Answers the accesses of the program to status and data registers of a serial line, as long as Python has found that the
 * line works and there is more than one byte to read. All else goes to Python's functions. peripherals/usart.py has
 * the same in Python.
 */
#include <stdint.h>

#define TO_BOARD_BYTES   1024u
#define FROM_BOARD_BYTES 65536u
#define RXNE             0x20u

typedef struct {
    uint64_t works;   /* as found by Python since the last write to any other register */
    uint64_t first;   /* position of the oldest byte to the board */
    uint64_t waiting; /* bytes to the board */
    uint64_t sent;    /* bytes from the board */
    /* From the begin of the page on: the registers of status, of received and of sent bytes. */
    uint64_t status_offset;
    uint64_t receive_offset;
    uint64_t transmit_offset;
    uint64_t idle_status; /* with nothing received */
    uint64_t (*read)(void *engine, uint64_t offset, uint32_t size, void *data);
    void (*write)(void *engine, uint64_t offset, uint32_t size, uint64_t value, void *data);
    uint8_t to_board[TO_BOARD_BYTES];
    uint8_t from_board[FROM_BOARD_BYTES];
} serial_buffers_t;

uint64_t serial_read(void *engine, uint64_t offset, uint32_t size, serial_buffers_t *line)
{
    if (line->works && size == 4u && offset == line->status_offset) {
        return line->idle_status | (line->waiting != 0u ? RXNE : 0u);
    }
    /* The last byte lowers the interrupt's line, which is Python's. */
    if (line->works && size == 4u && offset == line->receive_offset && line->waiting > 1u) {
        line->waiting--;
        return line->to_board[line->first++];
    }
    return line->read(engine, offset, size, 0);
}

void serial_write(void *engine, uint64_t offset, uint32_t size, uint64_t value, serial_buffers_t *line)
{
    if (line->works && size == 4u && offset == line->transmit_offset && line->sent < FROM_BOARD_BYTES) {
        line->from_board[line->sent++] = (uint8_t)value;
        return;
    }
    line->write(engine, offset, size, value, 0);
}
