/*
 * The STM32F405's port on registers that record (recording.h).
 *
 * usage: recorder SCENARIO; prints "ADDRESS SIZE VALUE" for each write and what the functions returned.
 */
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "audio_port.h"
#include "bootloader.h"
#include "clock.h"
#include "converters.h"
#include "flash.h"
#include "frames.h"
#include "recording.h"
#include "stack_guard.h"
#include "temperature.h"
#include "watchdog.h"

#define PERIPHERALS      0x40000000u
#define PERIPHERALS_SIZE 0x30000u
#define SLOTS            0x080C0000u
#define SLOTS_SIZE       0x40000u
#define CORE             0xE0000000u
#define CORE_SIZE        0x10000u

#define FLASH_SR_AT   0x40023C0Cu
#define TIM11_CCR1_AT 0x40014834u

static uint32_t flash_errors;
static uint32_t capture_counts; /* of HSI between two captures of the crystal */

static void behind_write(uint32_t address, uint32_t *value)
{
    if (address == FLASH_SR_AT) { /* RM0090 3.9.5: ones clear; a protected sector sets WRPERR again */
        *value = flash_errors;
    }
}

static void ahead_of_read(uint32_t address)
{
    if (address == TIM11_CCR1_AT) {
        *at(TIM11_CCR1_AT) = (*at(TIM11_CCR1_AT) + capture_counts) & 0xFFFFu;
    }
}

#define RCC_CR_AT   0x40023800u
#define RCC_CFGR_AT 0x40023808u

/* Reset values, RM0090 7.3.1, 7.3.2, 5.4.1, 8.4.11; a scenario names what works. */
static void power_up(const char *works)
{
    *at(RCC_CR_AT) = 0x83u;
    *at(0x40023804u) = 0x24003010u;
    if (strstr(works, "flash")) {
        *at(0x40023C10u) = 0x80000000u; /* FLASH_CR, RM0090 3.9.7: locked */
    }
    if (strstr(works, "protected")) {
        flash_errors = 1u << 4;
    }
    *at(0x40007000u) = 0x4000u;
    *at(0x40020000u) = 0xA8000000u;
    *at(0x40020400u) = 0x280u;
    if (strstr(works, "hse")) {
        rule(RCC_CR_AT, 1u << 16, 1u << 17);
        /* RM0090 7.2.11: the crystal / 16, each eighth edge; in the middle of a lap, so that it wraps */
        *at(0x40014810u) = 1u << 1;
        *at(TIM11_CCR1_AT) = 0xFF00u;
        capture_counts = 2048u / (uint32_t)atoi(strstr(works, "hse") + 3);
    }
    if (strstr(works, "pll")) {
        rule(RCC_CR_AT, 1u << 24, 1u << 25);
        rule(RCC_CFGR_AT, 2u, 2u << 2);
    }
    if (strstr(works, "i2s")) {
        rule(RCC_CR_AT, 1u << 26, 1u << 27);
    }
}

/* What starting the port asks of the rest. */
void ticks_start(void)
{
}
uint64_t ticks_now(void)
{
    return 0;
}
void ticks_catch_up(uint64_t before, uint64_t passed)
{
    (void)before, (void)passed;
}
void fault_report(uint8_t cause, ps_reset_report_t *report)
{
    report->cause = cause;
}
bool audio_is_running(void)
{
    return false;
}
static bool bootloader_wanted;
bool bootloader_is_wanted(void)
{
    return bootloader_wanted;
}
void bootloader_restart(void)
{
    exit(1);
}
void bootloader_jump(uint32_t vectors)
{
    settle();
    printf("jump %08lx\n", (unsigned long)vectors);
    exit(0);
}
const ps_audio_port_t audio_port;

int main(int argc, char **argv)
{
    if (argc != 2) {
        return 2;
    }
    recording_on_read = ahead_of_read;
    recording_on_write = behind_write;
    map(PERIPHERALS, PERIPHERALS_SIZE);
    map(CORE, CORE_SIZE);
    map(SLOTS, SLOTS_SIZE);
    power_up(argv[1]);
    if (strstr(argv[1], "guard")) {
        stack_guard((const uint32_t *)(uintptr_t)0x20001100u);
        settle();
        return 0;
    }
    if (strstr(argv[1], "port")) {
        ps_reset_report_t report;

        bootloader_wanted = strstr(argv[1], "bootloader") != NULL;
        *at(0x40023874u) =
            1u << 29 | 1u << 26; /* RCC_CSR, RM0090 7.3.21: the watchdog, which pulls the pin */
        ps_port.start(&report);
        settle();
        printf("started, cause %u\n", report.cause);
        return 0;
    }
    const ps_clock_t clock = *clock_start();
    settle();
    printf("clock source %u core %lu apb2 %lu\n", clock.source, (unsigned long)clock.core_hz,
           (unsigned long)clock.serial_hz);
    const bool audio = clock_start_audio(&clock);
    settle();
    printf("i2s clock %d\n", audio);
    if (audio) {
        converters_start(&clock.pll);
        settle();
        printf("resume\n");
        converters_resume();
        settle();
        printf("pause\n");
        converters_pause();
        settle();
        printf("mute\n");
        converters_mute(false);
        settle();
        printf("lost\n");
        *at(RCC_CR_AT) &= ~(1u << 16 | 3u << 24 | 3u << 26); /* RM0090 7.2.7 */
        const bool replaced = clock_replace_crystal();
        settle();
        printf("replaced %d\n", replaced);
    }
    printf("reads %lu\n", recording_reads);
    printf("watchdog\n");
    watchdog_start();
    settle();
    printf("slot bytes %lu at %08lx\n", flash_has_slots() ? (unsigned long)flash_slots.slot_bytes : 0ul,
           (unsigned long)(uintptr_t)flash_slots.at(1));
    const bool erased = flash_slots.erase(1);
    settle();
    printf("erased %d\n", erased);
    static const uint32_t words[8] = {0x12345678u};
    const bool programmed = flash_slots.program(0, 8, words);
    settle();
    printf("programmed %d\n", programmed);
    temperature_start();
    settle();
    printf("sensor on\n");
    *at(0x40012000u) = strstr(argv[1], "adc") ? 1u << 1 : 0; /* EOC */
    *at(0x4001204Cu) = 975u;
    const int celsius = temperature_read(900, 1200);
    settle();
    printf("celsius %d\n", celsius);
    printf("buffers %08lx %08lx\n", (unsigned long)(uint32_t)(uintptr_t)audio_buffers.played,
           (unsigned long)(uint32_t)(uintptr_t)audio_buffers.recorded);
    return 0;
}
