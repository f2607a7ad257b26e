#include "semihosting.h"

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
} files_t;

static files_t files;

/* Without a debugger or simulator, BKPT ends in a fault. Call it on simulated boards only. */
static intptr_t call_host(intptr_t operation, const uintptr_t *arguments)
{
    register intptr_t r0 __asm__("r0") = operation;
    register const uintptr_t *r1 __asm__("r1") = arguments;

    __asm__ volatile("bkpt 0xAB" : "+r"(r0) : "r"(r1) : "memory");
    return r0;
}

static intptr_t open_file(const char *name, size_t length, uintptr_t mode)
{
    const uintptr_t arguments[] = {(uintptr_t)name, mode, length};

    return call_host(SYS_OPEN, arguments);
}

static void close_file(intptr_t file)
{
    const uintptr_t arguments[] = {(uintptr_t)file};

    (void)call_host(SYS_CLOSE, arguments);
}

bool semihosting_open(void)
{
    static const char from_host[] = "to_board";
    static const char to_host[] = "from_board";

    if (!ps_port.is_simulated() || files.open) {
        return false;
    }
    files.from_host = open_file(from_host, sizeof from_host - 1u, MODE_READ);
    if (files.from_host < 0) {
        return false;
    }
    files.to_host = open_file(to_host, sizeof to_host - 1u, MODE_WRITE);
    if (files.to_host < 0) {
        close_file(files.from_host);
        return false;
    }
    files.open = true;
    return true;
}

bool semihosting_is_open(void)
{
    return files.open;
}

size_t semihosting_receive(uint8_t *buffer, size_t capacity)
{
    const uintptr_t arguments[] = {(uintptr_t)files.from_host, (uintptr_t)buffer, capacity};
    /* The result is the number of bytes that were not read: a pipe gives what it has. */
    const intptr_t missing = call_host(SYS_READ, arguments);

    if (missing < 0 || (size_t)missing >= capacity) {
        close_file(files.from_host);
        close_file(files.to_host);
        files.open = false;
        return 0;
    }
    return capacity - (size_t)missing;
}

void semihosting_send(const uint8_t *data, size_t size)
{
    const uintptr_t arguments[] = {(uintptr_t)files.to_host, (uintptr_t)data, size};

    /* A host that has gone does not take the bytes, and will not ask for them again. */
    (void)call_host(SYS_WRITE, arguments);
}
