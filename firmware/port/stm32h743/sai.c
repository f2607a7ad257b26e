/*
 * SAI1, SAI2 and SAI3 with their DMA streams on one clock: four stereo outputs and one stereo input; or SAI1
 * alone, one line of eight outputs and one of eight inputs, with a codec.
 */
#include "converters.h"

#include <string.h>

#include "board.h"
#include "codec.h"
#include "frames.h"
#include "ticks.h"
#include "wait.h"

audio_buffers_t audio_buffers __attribute__((section(".dma")));

/*
 * Pin  function     wire                  Pin   function     wire
 * PE2  SAI1_MCLK_A  ADC SCKI              PE3   SAI1_SD_B    DAC 2 DIN
 * PE4  SAI1_FS_A    LRCK of all           PD11  SAI2_SD_A    DAC 3 DIN
 * PE5  SAI1_SCK_A   BCK of all            PA0   SAI2_SD_B    DAC 4 DIN
 * PE6  SAI1_SD_A    DAC 1 DIN             PD1   SAI3_SD_A    ADC DOUT
 * PD0  output       XSMT of all DACs, low mutes
 * With a codec on a TDM line: PE6 is its data input, PE3 its data output, PD0 mutes the amplifiers; the pins
 * of DAC 3, DAC 4 and ADC are not used. Alternate functions: data sheet DS12110, tables 9 to 13; 6 for SAI1
 * and SAI3, 10 for SAI2.
 */
static void start_pins(void)
{
    RCC_AHB4ENR |= RCC_AHB4ENR_GPIOAEN | RCC_AHB4ENR_GPIODEN | RCC_AHB4ENR_GPIOEEN;
    (void)RCC_AHB4ENR; /* RM0433 8.5.12: two cycles between enabling and first access */
    converters_mute(true);
    GPIOA_AFRL = (GPIOA_AFRL & ~0xFu) | 10u;
    GPIOA_OSPEEDR |= 1u;
    GPIOA_MODER = (GPIOA_MODER & ~3u) | 2u;
    GPIOD_AFRL = (GPIOD_AFRL & ~(0xFu << 4)) | (6u << 4);
    GPIOD_AFRH = (GPIOD_AFRH & ~(0xFu << 12)) | (10u << 12);
    GPIOD_OSPEEDR |= 1u << 22;
    GPIOD_MODER = (GPIOD_MODER & ~(0xFu | 3u << 22)) | 1u | 2u << 2 | 2u << 22;
    GPIOE_AFRL = (GPIOE_AFRL & ~0x0FFFFF00u) | 0x06666600u;
    GPIOE_OSPEEDR |= 0x155u << 4;
    GPIOE_MODER = (GPIOE_MODER & ~(0x3FFu << 4)) | 0x2AAu << 4;
}

/* A block of a SAI, and the stream of DMA1 that serves it. The last one receives. */
typedef struct {
    uint32_t block;
    uint32_t request; /* DMAMUX1 */
    uint32_t stream;
    uint32_t mode; /* with the source of its clock: RM0433 51.4.4 */
} converter_t;

#define RECEIVING_STREAM 4u

static const converter_t converters[] = {
    {SAI1_A, DMAMUX1_SAI1_A, 0, SAI_xCR1_MODE_MASTER_TX},
#if PS_AUDIO_TDM8
    {SAI1_B, DMAMUX1_SAI1_B, RECEIVING_STREAM, SAI_xCR1_MODE_SLAVE_RX | SAI_xCR1_SYNCEN_OTHER_BLOCK},
#else
    {SAI1_B, DMAMUX1_SAI1_B, 1, SAI_xCR1_MODE_SLAVE_TX | SAI_xCR1_SYNCEN_OTHER_BLOCK},
    {SAI2_A, DMAMUX1_SAI2_A, 2, SAI_xCR1_MODE_SLAVE_TX | SAI_xCR1_SYNCEN_OTHER_SAI},
    {SAI2_B, DMAMUX1_SAI2_B, 3, SAI_xCR1_MODE_SLAVE_TX | SAI_xCR1_SYNCEN_OTHER_SAI},
    {SAI3_A, DMAMUX1_SAI3_A, RECEIVING_STREAM, SAI_xCR1_MODE_SLAVE_RX | SAI_xCR1_SYNCEN_OTHER_SAI},
#endif
};

#define CONVERTERS (sizeof converters / sizeof converters[0])
#define MASTER     0u
#define RECEIVER   (CONVERTERS - 1u)

_Static_assert(RECEIVER == AUDIO_LINES, "a block for each line that plays, and one that records");

/* The data change with the falling edge of SCK (RM0433 51.4.6, 51.4.7) and begin one bit behind the edge of
 * FS. I2S of 32 bits: FS is low for the left channel. */
#define FORMAT (SAI_xCR1_DS_32 | SAI_xCR1_CKSTR)
#if !PS_AUDIO_TDM8
#define FRAME_EDGE SAI_xFRCR_FSDEF
#elif CODEC_FRAME_RISES
#define FRAME_EDGE SAI_xFRCR_FSPOL
#else
#define FRAME_EDGE 0u
#endif
#define FRAME                                                                                                \
    (SAI_xFRCR_FRL(32u * AUDIO_SLOTS - 1u) | SAI_xFRCR_FSALL(16u * AUDIO_SLOTS - 1u) | SAI_xFRCR_FSOFF |     \
     FRAME_EDGE)
#define SLOTS                                                                                                \
    (SAI_xSLOTR_SLOTSZ_32 | SAI_xSLOTR_NBSLOT(AUDIO_SLOTS - 1u) | SAI_xSLOTR_SLOTEN((1u << AUDIO_SLOTS) - 1u))

/* RM0433 51.4.9: an output asks for words until four of its eight are filled; the input for each word to be
 * moved. */
#define OUTPUT_THRESHOLD SAI_xCR2_FTH(2u)
#define INPUT_THRESHOLD  SAI_xCR2_FTH(0u)

/* Words in a circle over two blocks */
#define STREAM                                                                                               \
    (DMA1_SxCR_CIRC | DMA1_SxCR_MINC | DMA1_SxCR_PSIZE_32 | DMA1_SxCR_MSIZE_32 | DMA1_SxCR_PL_HIGHEST)
#define STREAM_ITEMS (2u * AUDIO_WORDS)

#define ADDRESS(object) ((uint32_t)(uintptr_t)(object))

#define EVERY_FLAG 0x0F7D0F7Du /* RM0433 15.5.3: of streams 0 to 3; 15.5.4: of 4 to 7 */

/* Polls for a stream to end with the item that it moves, and for the first words to reach an output */
#define DMA_POLLS 1000u

void converters_stop(void)
{
    RCC_AHB1ENR |= RCC_AHB1ENR_DMA1EN;
    RCC_APB2ENR |= RCC_APB2ENR_SAI1EN | RCC_APB2ENR_SAI2EN | RCC_APB2ENR_SAI3EN;
    (void)RCC_APB2ENR;
    for (uint32_t n = 0; n < CONVERTERS; n++) {
        volatile uint32_t *control = &DMA1_SxCR(converters[n].stream);

        *control &= ~DMA1_SxCR_EN;
        /* RM0433 15.5.5: EN reads 1 until the present item has been moved */
        (void)wait_for(control, DMA1_SxCR_EN, 0, DMA_POLLS);
    }
    DMA1_LIFCR = EVERY_FLAG;
    DMA1_HIFCR = EVERY_FLAG;
    /* RM0433 8.7.35: a reset clears what the blocks hold and their flags, and ends the frame. */
    RCC_APB2RSTR |= RCC_APB2RSTR_SAI1RST | RCC_APB2RSTR_SAI2RST | RCC_APB2RSTR_SAI3RST;
    RCC_APB2RSTR &= ~(RCC_APB2RSTR_SAI1RST | RCC_APB2RSTR_SAI2RST | RCC_APB2RSTR_SAI3RST);
}

static uint32_t *buffer_of(uint32_t n)
{
    return n == RECEIVER ? audio_buffers.recorded[0] : audio_buffers.played[n][0];
}

static void start_stream(uint32_t n)
{
    const uint32_t direction = n == RECEIVER ? 0 : DMA1_SxCR_DIR_FROM_MEMORY;
    const uint32_t stream = converters[n].stream;

    DMAMUX1_CxCR(stream) = DMAMUX1_CxCR_DMAREQ_ID(converters[n].request);
    /* RM0433 15.3.19: addresses and number of items, then the configuration, then EN */
    DMA1_SxPAR(stream) = ADDRESS(&SAI_xDR(converters[n].block));
    DMA1_SxM0AR(stream) = ADDRESS(buffer_of(n));
    DMA1_SxNDTR(stream) = STREAM_ITEMS;
    DMA1_SxCR(stream) = STREAM | direction;
    DMA1_SxCR(stream) |= DMA1_SxCR_EN;
}

/* Before revision X a master makes the master clock without being asked (RM0433 51.6.2). */
static uint32_t master_clock(const ps_pll_t *pll)
{
    return SAI_xCR1_MCKDIV((uint32_t)pll->mckdiv) |
           (DBGMCU_IDCODE >> 16 < DBGMCU_IDCODE_REV_ID_X ? 0 : SAI_xCR1_MCKEN);
}

static void start_block(uint32_t n, const ps_pll_t *pll)
{
    const uint32_t block = converters[n].block;

    SAI_xCR2(block) = SAI_xCR2_FFLUSH | (n == RECEIVER ? INPUT_THRESHOLD : OUTPUT_THRESHOLD);
    SAI_xFRCR(block) = FRAME;
    SAI_xSLOTR(block) = SLOTS;
    SAI_xCR1(block) = FORMAT | converters[n].mode | (n == MASTER ? master_clock(pll) : 0);
}

#if PS_AUDIO_TDM8

/* The codec counts some thousand master clocks after its supply comes, before it hears I2C: 1 ms is ten
 * thousand. */
static bool start_codec(void)
{
    const ps_clock_t *clock = clock_in_use();
    const uint64_t begun = ticks_now();

    while (ticks_now() - begun < clock->core_hz / 1000u) {
    }
    return codec_start(clock->serial_hz);
}

#else

/* These converters have no registers. */
static bool start_codec(void)
{
    return true;
}

#endif

static void enable_interrupt(uint32_t number)
{
    NVIC_IPR(number) = PRIORITY_AUDIO;
    NVIC_ISER(number / 32u) = BIT(number % 32u);
}

bool converters_start(const ps_pll_t *pll)
{
    start_pins();
    converters_stop();
    memset(&audio_buffers, 0, sizeof audio_buffers);
    /* RM0433 51.4.4, 51.6.1: SAI1 gives its block A's clock and frame to the others; 0 takes SAI1's. Written
     * while all blocks are off. */
    SAI1_SAI_GCR = SAI1_SAI_GCR_SYNCOUT_A;
    SAI2_SAI_GCR = SAI1_SAI_GCR_SYNCIN(0u);
    SAI3_SAI_GCR = SAI1_SAI_GCR_SYNCIN(0u);
    for (uint32_t n = 0; n < CONVERTERS; n++) {
        start_block(n, pll);
        start_stream(n);
        SAI_xCR1(converters[n].block) |= SAI_xCR1_DMAEN;
    }
    /* RM0433 51.4.14: an output that is switched on without a word has an underrun */
    for (uint32_t n = 0; n < RECEIVER; n++) {
        for (uint32_t polls = 0; polls < DMA_POLLS; polls++) {
            if (SAI_xSR(converters[n].block) & SAI_xSR_FLVL_MASK) {
                break;
            }
        }
    }
    /* RM0433 51.4.4: the master last, when all the others wait for its first frame */
    for (uint32_t n = CONVERTERS; n-- > 0;) {
        SAI_xCR1(converters[n].block) |= SAI_xCR1_SAIEN;
    }
    /* RM0433 15.3.20: a transfer error stops a stream, and DMA then moves nothing more */
    for (uint32_t n = 0; n < CONVERTERS; n++) {
        DMA1_SxCR(converters[n].stream) |= DMA1_SxCR_TEIE;
        enable_interrupt(DMA1_Stream0_INTERRUPT + converters[n].stream);
        /* RM0433 51.4.14: and a block that fails mutes at once */
        SAI_xIM(converters[n].block) =
            SAI_xIM_OVRUDRIE | SAI_xIM_WCKCFGIE | SAI_xIM_AFSDETIE | SAI_xIM_LFSDETIE;
    }
    enable_interrupt(SAI1_INTERRUPT);
    enable_interrupt(SAI2_INTERRUPT);
    enable_interrupt(SAI3_INTERRUPT);
    return start_codec();
}

void converters_pause(void)
{
    /* RM0433 15.5.5: the interrupt enables may be written while the stream runs */
    DMA1_SxCR(RECEIVING_STREAM) &= ~(DMA1_SxCR_HTIE | DMA1_SxCR_TCIE);
}

void converters_resume(void)
{
    DMA1_HIFCR = DMA1_HISR_HTIF4 | DMA1_HISR_TCIF4;
    DMA1_SxCR(RECEIVING_STREAM) |= DMA1_SxCR_HTIE | DMA1_SxCR_TCIE;
}

void converters_mute(bool muted)
{
    /* Without the port's clock nothing drives the pin, and its pull-down mutes. */
    if (RCC_AHB4ENR & RCC_AHB4ENR_GPIODEN) {
        GPIOD_BSRR = muted ? BIT(0 + 16) : BIT(0);
    }
}

/* RM0433 51.4.14: a word that nobody fetched, or none to send; a clock that does not fit; a frame out of step
 */
static bool has_failed(uint32_t n)
{
    return (SAI_xSR(converters[n].block) &
            (SAI_xSR_OVRUDR | SAI_xSR_WCKCFG | SAI_xSR_AFSDET | SAI_xSR_LFSDET)) != 0;
}

static bool outputs_have_failed(void)
{
    for (uint32_t n = 0; n < RECEIVER; n++) {
        if (has_failed(n)) {
            return true;
        }
    }
    return (DMA1_LISR & (DMA1_LISR_TEIF0 | DMA1_LISR_TEIF1 | DMA1_LISR_TEIF2 | DMA1_LISR_TEIF3)) != 0;
}

uint32_t converters_events(void)
{
    const uint32_t flags = DMA1_HISR & (DMA1_HISR_TEIF4 | DMA1_HISR_HTIF4 | DMA1_HISR_TCIF4);
    const uint32_t halves = flags & (DMA1_HISR_HTIF4 | DMA1_HISR_TCIF4);
    uint32_t events = halves != 0 ? CONVERTERS_HALF_COMPLETE : 0;

    DMA1_HIFCR = flags;
    /* Both halves at once: one has passed unseen. */
    if (has_failed(RECEIVER) || (flags & DMA1_HISR_TEIF4) || halves == (DMA1_HISR_HTIF4 | DMA1_HISR_TCIF4)) {
        events |= CONVERTERS_INPUT_LOST;
    } else if (outputs_have_failed()) {
        events |= CONVERTERS_OUTPUT_LATE;
    }
    return events;
}

uint32_t converters_free_half(void)
{
    /* The stream counts down from STREAM_ITEMS: while it fills the first half, the second one is ours. */
    return DMA1_SxNDTR(RECEIVING_STREAM) > STREAM_ITEMS / 2u ? 1u : 0u;
}

uint32_t converters_items_until(uint32_t half)
{
    const uint32_t played = STREAM_ITEMS - DMA1_SxNDTR(0u);

    return (half * (STREAM_ITEMS / 2u) + STREAM_ITEMS - played) % STREAM_ITEMS;
}
