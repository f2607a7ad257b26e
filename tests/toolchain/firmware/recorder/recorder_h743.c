/*
 * The STM32H743's port on registers that record (recording.h).
 *
 * usage: recorder_h743 SCENARIO; prints "ADDRESS SIZE VALUE" for each write and what the functions returned.
 */
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "audio_port.h"
#include "board.h"
#include "bootloader.h"
#include "clock.h"
#include "converters.h"
#include "flash.h"
#include "frames.h"
#include "recording.h"
#include "serial.h"
#include "temperature.h"

#define RCC_CR_AT     0x58024400u
#define RCC_CFGR_AT   0x58024410u
#define PWR_CSR1_AT   0x58024804u
#define PWR_CR3_AT    0x5802480Cu
#define PWR_D3CR_AT   0x58024818u
#define TIM17_SR_AT   0x40014810u
#define TIM17_CCR1_AT 0x40014834u
#define FLASH_SR2_AT  0x52002110u
#define I2C1_ISR_AT   0x40005418u
#define ADC3_ISR_AT   0x58026000u
#define ADC3_CR_AT    0x58026008u

static const struct {
    uint32_t start, size;
} areas[] = {{0x40000000u, 0x30000u}, {0x58000000u, 0x27000u}, {0x52002000u, 0x1000u}, {0x5C001000u, 0x1000u},
             {0x51008000u, 0x1000u},  {0x081C0000u, 0x40000u}, {0xE0000000u, 0x10000u}};

static uint32_t adc_status;
static uint32_t capture_counts; /* of HSI between two captures of the crystal */

static void ahead_of_read(uint32_t address)
{
    if (address == TIM17_CCR1_AT) {
        *at(TIM17_CCR1_AT) = (*at(TIM17_CCR1_AT) + capture_counts) & 0xFFFFu;
    }
}

/* What is switched off is not ready. A calibration ends at once. */
static void behind_write(uint32_t address, uint32_t *value)
{
    if (address == RCC_CR_AT) {
        for (uint32_t bit = 16; bit < 30; bit += bit == 16 ? 8 : 2) {
            if (!(*value & 1u << bit)) {
                *value &= ~(1u << (bit + 1u));
            }
        }
    } else if (address == ADC3_CR_AT) {
        *value &= ~(1u << 31);
    } else if (address == ADC3_ISR_AT) { /* ones clear; what is converted stays there to be read */
        *value = adc_status;
    }
}

/* Reset values, RM0433 8.7, 6.8, 11.4; a scenario names what works. */
static void power_up(const char *works)
{
    const uint32_t block_status[] = {0x40015818u, 0x40015838u, 0x40015C18u, 0x40015C38u};

    *at(RCC_CR_AT) = 0x25u;
    *at(PWR_CR3_AT) = 0x6u;
    *at(PWR_CSR1_AT) = strstr(works, "supply") ? 1u << 13 : 0;
    *at(PWR_D3CR_AT) = 0x4000u;
    *at(0x5C001000u) = (strstr(works, "revY") ? 0x10030000u : 0x20030000u) | 0x450u;
    *at(0x5200210Cu) = 1u; /* FLASH_CR2: locked */
    *at(FLASH_SR2_AT) = strstr(works, "protected") ? 1u << 17 : 0;
    *at(0x58020000u) = 0xABFFFFFFu;
    for (uint32_t port = 1; port < 5u; port++) {
        *at(0x58020000u + 0x400u * port) = 0xFFFFFFFFu;
    }
    for (size_t n = 0; n < sizeof block_status / sizeof block_status[0]; n++) {
        *at(block_status[n]) = 1u << 16; /* a word in the FIFO */
    }
    *at(0xE000ED80u) = 0xF003E019u; /* CCSIDR: 32 sets of 4 ways, so that the test is short */
    rule(PWR_D3CR_AT, 3u << 14, 1u << 13);
    if (strstr(works, "hse")) {
        rule(RCC_CR_AT, strstr(works, "crystal") ? 1u << 16 : 5u << 16, 1u << 17);
        *at(TIM17_SR_AT) = 1u << 1;
        *at(TIM17_CCR1_AT) = 0xFF00u; /* it wraps */
        capture_counts = 64u * 16u * 8u / (uint32_t)atoi(strstr(works, "hse") + 3);
    }
    if (strstr(works, "pll")) {
        rule(RCC_CR_AT, 1u << 24, 1u << 25);
        rule(RCC_CFGR_AT, 3u, 3u << 3);
    }
    if (strstr(works, "audio")) {
        rule(RCC_CR_AT, 1u << 26, 1u << 27);
    }
    if (strstr(works, "codec")) {
        *at(I2C1_ISR_AT) = 1u << 1 | 1u << 5; /* TXIS, STOPF */
    }
}

/* What the rest of the image does. */
uint64_t ticks_now(void)
{
    static uint64_t ticks;

    return ticks += 100000u;
}
void watchdog_feed(void)
{
}

static bool bootloader_wanted;
bool bootloader_is_wanted(void)
{
    return bootloader_wanted;
}
void bootloader_jump(uint32_t vectors)
{
    settle();
    printf("jump %08lx\n", (unsigned long)vectors);
    exit(0);
}

int main(int argc, char **argv)
{
    if (argc != 2) {
        return 2;
    }
    for (size_t n = 0; n < sizeof areas / sizeof areas[0]; n++) {
        map(areas[n].start, areas[n].size);
    }
    recording_on_read = ahead_of_read;
    recording_on_write = behind_write;
    power_up(argv[1]);
    if (strstr(argv[1], "memory")) {
        bootloader_wanted = strstr(argv[1], "bootloader") != NULL;
        board_begin();
        settle();
        return 0;
    }
    const ps_clock_t *clock = clock_start();
    settle();
    printf("clock source %u core %lu serial %lu\n", clock->source, (unsigned long)clock->core_hz,
           (unsigned long)clock->serial_hz);
    serial_start(clock->serial_hz);
    settle();
    printf("serial line\n");
    const bool audio = clock_start_audio(clock);
    settle();
    printf("audio clock %d\n", audio);
    if (audio) {
        const bool started = converters_start(&clock->pll);
        settle();
        printf("started %d\n", started);
        converters_resume();
        settle();
        printf("resumed\n");
    }
    if (strstr(argv[1], "lost")) {
        *at(RCC_CR_AT) &= ~(3u << 16 | 3u << 24 | 3u << 26); /* RM0433 8.5.3 */
    }
    const bool replaced = strstr(argv[1], "lost") && clock_replace_crystal();
    settle();
    printf("replaced %d\n", replaced);
    const bool erased = flash_slots.erase(1);
    settle();
    printf("erased %d\n", erased);
    static const uint32_t words[8] = {1, 2, 3, 4, 5, 6, 7, 8};
    const bool programmed = flash_slots.program(0, 64, words);
    settle();
    printf("programmed %d\n", programmed);
    *at(ADC3_ISR_AT) = adc_status = strstr(argv[1], "adc") ? 1u << 2 | 1u : 0; /* EOC, ADRDY */
    *at(0x58026040u) = 975u;
    temperature_start();
    settle();
    printf("sensor on\n");
    const int celsius = temperature_read(900, 1200);
    settle();
    printf("celsius %d\n", celsius);
    printf("reads %lu\n", recording_reads);
    printf("buffers %08lx %08lx\n", (unsigned long)(uint32_t)(uintptr_t)audio_buffers.played,
           (unsigned long)(uint32_t)(uintptr_t)audio_buffers.recorded);
    return 0;
}
