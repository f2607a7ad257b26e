/*
 * STM32F405: serial line on USART1 (PA9 transmit, PA10 receive), ticks from SysTick. The same image boots in
 * QEMU's netduinoplus2, where clocks, pins and flash interface are absent and read 0.
 */
#include "port.h"

#include <stdbool.h>

#include "audio.h"
#include "bootloader.h"
#include "clock.h"
#include "cpu.h"
#include "fault.h"
#include "flash.h"
#include "handlers.h"
#include "protocol.h"
#include "registers.h"
#include "ring.h"
#include "temperature.h"
#include "ticks.h"
#include "watchdog.h"

/* Polls for one byte to leave: at 921600 baud it takes 11 us, some 200 polls at 168 MHz. */
#define SEND_POLLS 100000u

/* Passes of an empty loop, some microseconds of the host's time. */
#define LINGER_PASSES 4000u

static ps_ring_t received;
static bool simulated;

/*
 * A simulated line has no byte times: the simulator fetches the next bytes while this loop keeps it from
 * putting the processor to sleep and waking it for each, which would take ten times as long as the bytes
 * themselves. In the interrupt where nothing plays, as that is quickest; else beside the audio's work.
 */
static void linger(void)
{
    for (volatile uint32_t passes = LINGER_PASSES; passes != 0; passes--) {
    }
}

/* Until nothing more has come: QEMU lowers the interrupt when DR is read, even if the next byte is there by
 * then. */
void usart1_handler(void)
{
    uint32_t status = USART1_SR;

    while (status & (USART1_SR_RXNE | USART1_SR_ORE)) {
        /* RM0090 30.6.1: reading SR, then DR clears RXNE and ORE. An overrun has lost the byte after this
         * one. */
        const uint8_t byte = (uint8_t)USART1_DR;

        if (status & USART1_SR_ORE) {
            received.overruns++;
        }
        if (status & USART1_SR_RXNE) {
            ps_ring_put(&received, byte);
        }
        status = USART1_SR;
        if (simulated && !audio_is_running() && !(status & USART1_SR_RXNE)) {
            linger();
            status = USART1_SR;
        }
    }
}

static void start_serial(uint32_t apb2_hz)
{
    RCC_AHB1ENR |= RCC_AHB1ENR_GPIOAEN;
    RCC_APB2ENR |= RCC_APB2ENR_USART1EN;
    (void)RCC_APB2ENR; /* errata ES0182: two cycles between enabling and first access */

    /* PA9 and PA10: alternate function 7, high speed, pull-up so that an open line rests (RM0090 8.4) */
    GPIOA_AFRH = (GPIOA_AFRH & ~0x0FF0u) | 0x0770u;
    GPIOA_OSPEEDR |= 0x2u << 18;
    GPIOA_PUPDR = (GPIOA_PUPDR & ~(0xFu << 18)) | (0x5u << 18);
    GPIOA_MODER = (GPIOA_MODER & ~(0xFu << 18)) | (0xAu << 18);

    /* RM0090 30.3.4: USARTDIV in sixteenths is the clock over the baud rate; 0.16 % off at 84 MHz, 2.1 % at
     * 16 */
    USART1_BRR = (apb2_hz + PS_BAUD_RATE / 2u) / PS_BAUD_RATE;
    USART1_CR1 = USART1_CR1_UE | USART1_CR1_TE | USART1_CR1_RE | USART1_CR1_RXNEIE;
    NVIC_IPR(USART1_INTERRUPT) = PRIORITY_SERIAL;
    NVIC_ISER(USART1_INTERRUPT / 32u) = BIT(USART1_INTERRUPT % 32u);
}

/* RM0090 2.3: system memory. AN2606: its bootloader listens on USART1, PA9 and PA10, as this port does. */
#define SYSTEM_MEMORY 0x1FFF0000u

static void enter_bootloader(void)
{
    /* RM0090 30.6.1: TC, when the last byte of the reply has left */
    for (uint32_t n = 0; n < SEND_POLLS && !(USART1_SR & USART1_SR_TC); n++) {
    }
    bootloader_restart();
}

/* With the chip as a reset leaves it: nothing runs yet, and the watchdog stands. */
static void jump_to_bootloader(void)
{
    /* RM0090 9.2.1: system memory at address 0 as well, where the ROM looks for its vectors */
    RCC_APB2ENR |= RCC_APB2ENR_SYSCFGEN;
    (void)RCC_APB2ENR;
    SYSCFG_MEMRM = 1u;
    bootloader_jump(SYSTEM_MEMORY);
}

static void start_board(ps_reset_report_t *report)
{
    if (bootloader_is_wanted()) {
        jump_to_bootloader();
    }
    fault_report(reset_cause(), report);
    const ps_clock_t *clock = clock_start();

    simulated = clock->source == PS_CLOCK_SIMULATED;
    ticks_start();
    start_serial(clock->apb2_hz);
    watchdog_start();
    if (!simulated) {
        temperature_start();
    }
}

static uint8_t clock_source(void)
{
    return clock_in_use()->source;
}

static int8_t read_temperature(void)
{
    if (simulated) {
        return PS_TEMPERATURE_UNKNOWN;
    }
    /* DS8626: where the factory keeps them; QEMU has no such memory. */
    return temperature_read((const volatile uint16_t *)(uintptr_t)0x1FFF7A2Cu);
}

static bool is_simulated(void)
{
    return simulated;
}

static uint32_t tick_hz(void)
{
    return clock_in_use()->core_hz;
}

static size_t serial_receive(uint8_t *buffer, size_t capacity)
{
    return ps_ring_take(&received, buffer, capacity);
}

static uint32_t serial_overruns(void)
{
    return received.overruns;
}

static bool wait_to_send(void)
{
    for (uint32_t n = 0; n < SEND_POLLS; n++) {
        if (USART1_SR & USART1_SR_TXE) {
            return true;
        }
    }
    return false;
}

static void serial_send(const uint8_t *data, size_t size)
{
    for (size_t n = 0; n < size; n++) {
        if (!wait_to_send()) {
            return;
        }
        USART1_DR = data[n];
    }
}

static void serial_idle(void)
{
    if (simulated && audio_is_running()) {
        linger();
    }
    /* With interrupts masked, none slips in between the look and the sleep. */
    const uint32_t masked = cpu_mask_interrupts();

    if (ps_ring_empty(&received)) {
        cpu_sleep();
    }
    cpu_restore_interrupts(masked);
}

const ps_port_t ps_port = {
    .board_name = "stm32f405",
    .start = start_board,
    .clock_source = clock_source,
    .is_simulated = is_simulated,
    .temperature = read_temperature,
    .ticks = ticks_now,
    .tick_hz = tick_hz,
    .receive = serial_receive,
    .receive_overruns = serial_overruns,
    .send = serial_send,
    .idle = serial_idle,
    .feed_watchdog = watchdog_feed,
    .enter_bootloader = enter_bootloader,
    .audio = &audio_port,
    .flash = &flash_slots,
    .has_flash = flash_has_slots,
};
