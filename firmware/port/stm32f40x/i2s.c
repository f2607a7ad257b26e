#include "converters.h"

#include <string.h>

#include "cpu.h"
#include "frames.h"
#include "registers.h"

/*
 * Pin  function     wire                  Pin   function     wire
 * PB12 I2S2_WS      DAC 1 and ADC LRCK    PA4   I2S3_WS      DAC 2 LRCK
 * PB13 I2S2_CK      DAC 1 and ADC BCK     PC10  I2S3_CK      DAC 2 BCK
 * PB15 I2S2_SD      DAC 1 DIN             PC12  I2S3_SD      DAC 2 DIN
 * PB14 I2S2ext_SD   ADC DOUT              PC8   output       both DACs' XSMT, low mutes
 * PC6  I2S2_MCK     ADC SCKI
 * Alternate functions: data sheet DS8626; 5 for I2S2, 6 for I2S3 and I2S2ext.
 */
static void start_pins(void)
{
    RCC_AHB1ENR |= RCC_AHB1ENR_GPIOAEN | RCC_AHB1ENR_GPIOBEN | RCC_AHB1ENR_GPIOCEN;
    (void)RCC_AHB1ENR; /* errata ES0182: two cycles between enabling and first access */
    converters_mute(true);
    GPIOA_AFRL = (GPIOA_AFRL & ~(0xFu << 16)) | (6u << 16);
    GPIOA_OSPEEDR |= 1u << 8;
    GPIOA_MODER = (GPIOA_MODER & ~(3u << 8)) | (2u << 8);
    GPIOB_AFRH = (GPIOB_AFRH & 0xFFFFu) | 0x56550000u;
    GPIOB_OSPEEDR |= 0x55u << 24;
    GPIOB_MODER = (GPIOB_MODER & ~(0xFFu << 24)) | (0xAAu << 24);
    GPIOC_AFRL = (GPIOC_AFRL & ~(0xFu << 24)) | (5u << 24);
    GPIOC_AFRH = (GPIOC_AFRH & ~0xF0F00u) | 0x60600u;
    GPIOC_OSPEEDR |= (1u << 12) | (1u << 20) | (1u << 24);
    GPIOC_MODER = (GPIOC_MODER & ~((3u << 12) | (3u << 16) | (3u << 20) | (3u << 24))) | (2u << 12) |
                  (1u << 16) | (2u << 20) | (2u << 24);
}

/* What the three streams share: halfwords in a circle over two blocks. */
#define STREAM                                                                                               \
    (DMA1_S3CR_CIRC | DMA1_S3CR_MINC | DMA1_S3CR_PSIZE_16 | DMA1_S3CR_MSIZE_16 | DMA1_S3CR_PL_HIGHEST)
#define STREAM_ITEMS (2u * 2u * AUDIO_WORDS)

#define ADDRESS(object) ((uint32_t)(uintptr_t)(object))

audio_buffers_t audio_buffers;

#define EVERY_FLAG 0x0F7D0F7Du /* RM0090 10.5.3: of streams 0 to 3; 10.5.4: of 4 to 7 */

/* A stream ends with the item that it moves: a few cycles of the bus. */
#define END_POLLS 1000u

static void stop_stream(volatile uint32_t *control)
{
    *control &= ~DMA1_S3CR_EN;
    /* RM0090 10.3.17: EN reads 1 until the present item has been moved */
    for (uint32_t n = 0; n < END_POLLS && (*control & DMA1_S3CR_EN); n++) {
    }
}

void converters_stop(void)
{
    RCC_AHB1ENR |= RCC_AHB1ENR_DMA1EN;
    RCC_APB1ENR |= RCC_APB1ENR_SPI2EN | RCC_APB1ENR_SPI3EN;
    (void)RCC_APB1ENR;
    stop_stream(&DMA1_S3CR);
    stop_stream(&DMA1_S4CR);
    stop_stream(&DMA1_S5CR);
    DMA1_LIFCR = EVERY_FLAG;
    DMA1_HIFCR = EVERY_FLAG;
    /* RM0090 7.3.8: a reset of the blocks clears what they hold and their flags, OVR among them, and ends the
     * frame. I2S2ext is a part of SPI2. */
    RCC_APB1RSTR |= RCC_APB1RSTR_SPI2RST | RCC_APB1RSTR_SPI3RST;
    RCC_APB1RSTR &= ~(RCC_APB1RSTR_SPI2RST | RCC_APB1RSTR_SPI3RST);
}

static void start_dma(void)
{
    /* RM0090 10.3.17: addresses and number of items, then the configuration, then EN */
    DMA1_S3PAR = ADDRESS(&I2S2ext_DR);
    DMA1_S3M0AR = ADDRESS(audio_buffers.recorded);
    DMA1_S3NDTR = STREAM_ITEMS;
    DMA1_S3CR = STREAM | DMA1_S3CR_CHSEL(3u);
    DMA1_S4PAR = ADDRESS(&SPI2_DR);
    DMA1_S4M0AR = ADDRESS(audio_buffers.played[0]);
    DMA1_S4NDTR = STREAM_ITEMS;
    DMA1_S4CR = STREAM | DMA1_S3CR_CHSEL(0u) | DMA1_S3CR_DIR_FROM_MEMORY;
    DMA1_S5PAR = ADDRESS(&SPI3_DR);
    DMA1_S5M0AR = ADDRESS(audio_buffers.played[1]);
    DMA1_S5NDTR = STREAM_ITEMS;
    DMA1_S5CR = STREAM | DMA1_S3CR_CHSEL(0u) | DMA1_S3CR_DIR_FROM_MEMORY;
    DMA1_S3CR |= DMA1_S3CR_EN;
    DMA1_S4CR |= DMA1_S3CR_EN;
    DMA1_S5CR |= DMA1_S3CR_EN;
}

/* Half-words that a transmit stream is ahead of the one that receives. */
static uint32_t lead(uint32_t received, uint32_t sent)
{
    return (received - sent + STREAM_ITEMS) % STREAM_ITEMS;
}

/*
 * The leads of both transmit streams, which are constant: a stream that loses one half-word has another lead
 * from then on, and its words are shifted. The three requests of a half-word come within a period of BCK of
 * each other, 55 cycles at 48 kHz, and half-words 875 cycles apart (437 at 96 kHz). So the counters are read
 * some 200 cycles after the one that receives has moved.
 */
#define MOVE_POLLS   10000u
#define SETTLE_POLLS 20u

static void measure_leads(uint32_t leads[2])
{
    const uint32_t before = DMA1_S3NDTR;

    for (uint32_t n = 0; n < MOVE_POLLS && DMA1_S3NDTR == before; n++) {
    }
    for (uint32_t n = 0; n < SETTLE_POLLS; n++) {
        (void)DMA1_S3NDTR;
    }
    const uint32_t received = DMA1_S3NDTR;

    leads[0] = lead(received, DMA1_S4NDTR);
    leads[1] = lead(received, DMA1_S5NDTR);
}

static uint32_t leads_at_start[2];

static bool leads_are_kept(void)
{
    uint32_t leads[2] = {lead(DMA1_S3NDTR, DMA1_S4NDTR), lead(DMA1_S3NDTR, DMA1_S5NDTR)};

    if (memcmp(leads, leads_at_start, sizeof leads) == 0) {
        return true;
    }
    measure_leads(leads); /* the look may have been in the midst of the requests */
    return memcmp(leads, leads_at_start, sizeof leads) == 0;
}

static void enable_interrupt(uint32_t number)
{
    NVIC_IPR(number) = PRIORITY_AUDIO;
    NVIC_ISER(number / 32u) = BIT(number % 32u);
}

bool converters_start(const ps_pll_t *pll)
{
    const uint32_t format =
        SPI2_I2SCFGR_I2SMOD | SPI2_I2SCFGR_I2SSTD_PHILIPS | SPI2_I2SCFGR_DATLEN_32 | SPI2_I2SCFGR_CHLEN;
    const uint32_t master = format | SPI2_I2SCFGR_I2SCFG_MASTER_TX;
    const uint32_t prescaler = SPI2_I2SPR_I2SDIV((uint32_t)pll->divider / 2u) |
                               SPI2_I2SPR_ODD((uint32_t)pll->divider & 1u) | SPI2_I2SPR_MCKOE;

    start_pins();
    converters_stop();
    memset(&audio_buffers, 0, sizeof audio_buffers);
    /* RM0090 28.4.5: prescaler, then format and direction, then DMA; I2S2ext takes its clock from I2S2
     * (28.4.1) */
    SPI2_I2SPR = prescaler;
    SPI3_I2SPR = prescaler;
    SPI2_I2SCFGR = master;
    SPI3_I2SCFGR = master;
    I2S2ext_I2SCFGR = format | SPI2_I2SCFGR_I2SCFG_SLAVE_RX;
    SPI2_CR2 = SPI2_CR2_TXDMAEN;
    SPI3_CR2 = SPI2_CR2_TXDMAEN;
    I2S2ext_CR2 = SPI2_CR2_RXDMAEN | SPI2_CR2_ERRIE;
    start_dma();

    /* The slave first, so that it hears the first word. Nothing may come between the masters: it would skew
     * the second DAC for good. */
    const uint32_t masked = cpu_mask_interrupts();

    I2S2ext_I2SCFGR |= SPI2_I2SCFGR_I2SE;
    SPI2_I2SCFGR = master | SPI2_I2SCFGR_I2SE;
    SPI3_I2SCFGR = master | SPI2_I2SCFGR_I2SE;
    measure_leads(leads_at_start);
    cpu_restore_interrupts(masked);

    /* RM0090 10.3.18: a transfer error stops a stream, and DMA then moves nothing more */
    DMA1_S3CR |= DMA1_S3CR_TEIE;
    DMA1_S4CR |= DMA1_S3CR_TEIE;
    DMA1_S5CR |= DMA1_S3CR_TEIE;
    enable_interrupt(DMA1_Stream3_INTERRUPT);
    enable_interrupt(DMA1_Stream4_INTERRUPT);
    enable_interrupt(DMA1_Stream5_INTERRUPT);
    /* RM0090 28.4.8: after OVR nothing more is received, so that no half of the buffer would end either */
    enable_interrupt(SPI2_INTERRUPT);
    return true;
}

void converters_pause(void)
{
    /* RM0090 10.5.5: the interrupt enables may be written while the stream runs */
    DMA1_S3CR &= ~(DMA1_S3CR_HTIE | DMA1_S3CR_TCIE);
}

void converters_resume(void)
{
    DMA1_LIFCR = DMA1_LISR_HTIF3 | DMA1_LISR_TCIF3;
    DMA1_S3CR |= DMA1_S3CR_HTIE | DMA1_S3CR_TCIE;
}

void converters_mute(bool muted)
{
    /* Without the port's clock nothing drives the pin, and its pull-down mutes. */
    if (RCC_AHB1ENR & RCC_AHB1ENR_GPIOCEN) {
        GPIOC_BSRR = muted ? BIT(8 + 16) : BIT(8);
    }
}

uint32_t converters_events(void)
{
    const uint32_t flags = DMA1_LISR & (DMA1_LISR_TEIF3 | DMA1_LISR_HTIF3 | DMA1_LISR_TCIF3);
    const uint32_t halves = flags & (DMA1_LISR_HTIF3 | DMA1_LISR_TCIF3);
    uint32_t events = halves != 0 ? CONVERTERS_HALF_COMPLETE : 0;

    DMA1_LIFCR = flags;
    /* RM0090 28.4.8: OVR is a half-word that nobody fetched, TIFRFE a WS that the slave did not expect. Both
     * halves at once: one has passed unseen. */
    if ((I2S2ext_SR & (SPI2_SR_OVR | SPI2_SR_TIFRFE)) || (flags & DMA1_LISR_TEIF3) ||
        halves == (DMA1_LISR_HTIF3 | DMA1_LISR_TCIF3)) {
        events |= CONVERTERS_INPUT_LOST; /* which changes the leads as well */
    } else if ((DMA1_HISR & (DMA1_HISR_TEIF4 | DMA1_HISR_TEIF5)) || !leads_are_kept()) {
        /* RM0090 28.4.8: no flag tells that a master had nothing to send, as UDR belongs to slaves */
        events |= CONVERTERS_OUTPUT_LATE;
    }
    return events;
}

uint32_t converters_free_half(void)
{
    /* The stream counts down from STREAM_ITEMS: while it fills the first half, the second one is ours. */
    return DMA1_S3NDTR > STREAM_ITEMS / 2u ? 1u : 0u;
}

uint32_t converters_items_until(uint32_t half)
{
    const uint32_t played = STREAM_ITEMS - DMA1_S4NDTR;

    return (half * (STREAM_ITEMS / 2u) + STREAM_ITEMS - played) % STREAM_ITEMS;
}
