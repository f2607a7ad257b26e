#include "audio.h"
#include "registers.h"

/*
 * Pin  function     wire                  Pin   function     wire
 * PB12 I2S2_WS      DAC 1 and ADC LRCK    PA4   I2S3_WS      DAC 2 LRCK
 * PB13 I2S2_CK      DAC 1 and ADC BCK     PC10  I2S3_CK      DAC 2 BCK
 * PB15 I2S2_SD      DAC 1 DIN             PC12  I2S3_SD      DAC 2 DIN
 * PB14 I2S2ext_SD   ADC DOUT              PC8   output       both DACs' XSMT, low mutes
 * PC6  I2S2_MCK     ADC SCKI
 * Alternate functions: data sheet DS8626, table 9; 5 for I2S2, 6 for I2S3 and I2S2ext.
 */
static void start_pins(void)
{
    RCC_AHB1ENR |= RCC_AHB1ENR_GPIOAEN | RCC_AHB1ENR_GPIOBEN | RCC_AHB1ENR_GPIOCEN;
    (void)RCC_AHB1ENR; /* errata ES0182: two cycles between enabling and first access */
    i2s_mute(true);
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

static void start_dma(void)
{
    RCC_AHB1ENR |= RCC_AHB1ENR_DMA1EN;
    (void)RCC_AHB1ENR;
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
    DMA1_LIFCR = 0x0F7D0F7Du; /* RM0090 10.5.3: every flag of streams 0 to 3; 10.5.4: of 4 to 7 */
    DMA1_HIFCR = 0x0F7D0F7Du;
    DMA1_S3CR |= DMA1_S3CR_EN;
    DMA1_S4CR |= DMA1_S3CR_EN;
    DMA1_S5CR |= DMA1_S3CR_EN;
}

void i2s_start(const ps_pll_t *pll)
{
    const uint32_t format =
        SPI2_I2SCFGR_I2SMOD | SPI2_I2SCFGR_I2SSTD_PHILIPS | SPI2_I2SCFGR_DATLEN_32 | SPI2_I2SCFGR_CHLEN;
    const uint32_t prescaler = SPI2_I2SPR_I2SDIV((uint32_t)pll->divider / 2u) |
                               SPI2_I2SPR_ODD((uint32_t)pll->divider & 1u) | SPI2_I2SPR_MCKOE;

    start_pins();
    RCC_APB1ENR |= RCC_APB1ENR_SPI2EN | RCC_APB1ENR_SPI3EN;
    (void)RCC_APB1ENR;
    /* RM0090 28.4.5: prescaler, then format and direction, then DMA; I2S2ext takes its clock from I2S2
     * (28.4.1) */
    SPI2_I2SPR = prescaler;
    SPI3_I2SPR = prescaler;
    SPI2_I2SCFGR = format | SPI2_I2SCFGR_I2SCFG_MASTER_TX;
    SPI3_I2SCFGR = format | SPI2_I2SCFGR_I2SCFG_MASTER_TX;
    I2S2ext_I2SCFGR = format | SPI2_I2SCFGR_I2SCFG_SLAVE_RX;
    SPI2_CR2 = SPI2_CR2_TXDMAEN;
    SPI3_CR2 = SPI2_CR2_TXDMAEN;
    I2S2ext_CR2 = SPI2_CR2_RXDMAEN;
    start_dma();
    /* The slave first, so that it hears the first word; both masters follow within a few core cycles. */
    I2S2ext_I2SCFGR |= SPI2_I2SCFGR_I2SE;
    SPI2_I2SCFGR |= SPI2_I2SCFGR_I2SE;
    SPI3_I2SCFGR |= SPI2_I2SCFGR_I2SE;
    NVIC_IPR(DMA1_Stream3_INTERRUPT) = PRIORITY_AUDIO;
    NVIC_ISER(DMA1_Stream3_INTERRUPT / 32u) = BIT(DMA1_Stream3_INTERRUPT % 32u);
}

/* The flags of stream 3, cleared by the same bits of LIFCR (RM0090 10.5.3). */
#define STREAM_3_FLAGS                                                                                       \
    (DMA1_LISR_FEIF3 | DMA1_LISR_DMEIF3 | DMA1_LISR_TEIF3 | DMA1_LISR_HTIF3 | DMA1_LISR_TCIF3)

void i2s_pause(void)
{
    /* RM0090 10.5.5: the interrupt enables may be written while the stream runs */
    DMA1_S3CR &= ~(DMA1_S3CR_HTIE | DMA1_S3CR_TCIE);
}

void i2s_resume(void)
{
    DMA1_LIFCR = STREAM_3_FLAGS;
    DMA1_S3CR |= DMA1_S3CR_HTIE | DMA1_S3CR_TCIE;
}

void i2s_mute(bool muted)
{
    GPIOC_BSRR = muted ? BIT(8 + 16) : BIT(8);
}

uint32_t i2s_half_complete(uint32_t *underruns, uint32_t *overruns)
{
    const uint32_t flags = DMA1_LISR;

    DMA1_LIFCR = flags & STREAM_3_FLAGS;
    if ((flags & DMA1_LISR_HTIF3) && (flags & DMA1_LISR_TCIF3)) {
        (*overruns)++; /* a whole half has passed unseen */
    }
    if (flags & (DMA1_LISR_TEIF3 | DMA1_LISR_DMEIF3 | DMA1_LISR_FEIF3)) {
        (*overruns)++;
    }
    /* RM0090 28.4.8: reading DR, then SR clears OVR, reading SR clears UDR */
    if ((SPI2_SR | SPI3_SR) & SPI2_SR_UDR) {
        (*underruns)++;
    }
    if (I2S2ext_SR & SPI2_SR_OVR) {
        (void)I2S2ext_DR;
        (void)I2S2ext_SR;
        (*overruns)++;
    }
    /* The stream counts down from STREAM_ITEMS: while it fills the first half, the second one is ours. */
    return DMA1_S3NDTR > STREAM_ITEMS / 2u ? 1u : 0u;
}
