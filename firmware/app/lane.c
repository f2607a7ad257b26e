#include "lane.h"

#include "port.h"

/* Semihosting operations and modes of opening (Arm, "Semihosting for AArch32 and AArch64", 6) */
#define SYS_OPEN   0x01
#define SYS_CLOSE  0x02
#define SYS_WRITE  0x05
#define SYS_READ   0x06
#define MODE_READ  1 /* "rb" */
#define MODE_WRITE 5 /* "wb" */

typedef struct {
    intptr_t from_host;
    intptr_t to_host;
    bool open;
} lane_t;

static lane_t lane;

/* Without a debugger or a simulator BKPT ends in a fault: only for boards that are simulated. */
static intptr_t semihosting(intptr_t operation, const uintptr_t *arguments)
{
    register intptr_t r0 __asm__("r0") = operation;
    register const uintptr_t *r1 __asm__("r1") = arguments;

    __asm__ volatile("bkpt 0xAB" : "+r"(r0) : "r"(r1) : "memory");
    return r0;
}

static intptr_t open_file(const char *name, size_t length, uintptr_t mode)
{
    const uintptr_t arguments[] = {(uintptr_t)name, mode, length};

    return semihosting(SYS_OPEN, arguments);
}

static void close_file(intptr_t file)
{
    const uintptr_t arguments[] = {(uintptr_t)file};

    (void)semihosting(SYS_CLOSE, arguments);
}

bool lane_open(void)
{
    static const char from_host[] = "to_board";
    static const char to_host[] = "from_board";

    if (!port_is_simulated() || lane.open) {
        return false;
    }
    lane.from_host = open_file(from_host, sizeof from_host - 1u, MODE_READ);
    if (lane.from_host < 0) {
        return false;
    }
    lane.to_host = open_file(to_host, sizeof to_host - 1u, MODE_WRITE);
    if (lane.to_host < 0) {
        close_file(lane.from_host);
        return false;
    }
    lane.open = true;
    return true;
}

bool lane_is_open(void)
{
    return lane.open;
}

size_t lane_receive(uint8_t *buffer, size_t capacity)
{
    const uintptr_t arguments[] = {(uintptr_t)lane.from_host, (uintptr_t)buffer, capacity};
    /* The number of bytes that were not read: a pipe gives what it has. */
    const intptr_t missing = semihosting(SYS_READ, arguments);

    if (missing < 0 || (size_t)missing >= capacity) {
        close_file(lane.from_host);
        close_file(lane.to_host);
        lane.open = false;
        return 0;
    }
    return capacity - (size_t)missing;
}

void lane_send(const uint8_t *data, size_t size)
{
    const uintptr_t arguments[] = {(uintptr_t)lane.to_host, (uintptr_t)data, size};

    /* What a host that is gone does not take, it will not ask for again. */
    (void)semihosting(SYS_WRITE, arguments);
}
