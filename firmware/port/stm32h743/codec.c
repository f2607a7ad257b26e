#include "codec.h"

#include "i2c.h"

#if PS_AUDIO_TDM8

typedef struct {
    uint8_t reg;
    uint8_t value;
} setting_t;

#if defined(PS_AUDIO_CODEC_CS42448)

/* CS42448, Cirrus DS648, section 6 (register description); AD1 and AD0 low */
#define CODEC_ADDRESS 0x48u

static const setting_t settings[] = {
    {0x02, 0x01}, /* power control: PDN, down while it is set */
    {0x03,
     0xF0}, /* functional mode: DAC_FM and ADC_FM 3, clocked from outside at any speed; MFREQ 0: 256 fs */
    {0x04, 0x36}, /* interface formats: DAC_DIF and ADC_DIF 6, TDM */
    {0x07, 0x00}, /* DAC channel mute: none */
    {0x02, 0x00}, /* power control: up */
};

#else

/* PCM3168A, TI SBAS452, "register map"; ADR1 and ADR0 low */
#define CODEC_ADDRESS 0x44u

static const setting_t settings[] = {
    {0x40, 0x80}, /* 64: SRST 0, held while the formats change; MRST 1, registers stay */
    {0x41, 0x06}, /* 65: MSDA 0, DACs clocked from outside; FMTDA 6, I2S TDM */
    {0x51, 0x06}, /* 81: MSAD 0, ADCs clocked from outside; FMTAD 6, I2S TDM */
    {0x42, 0x00}, /* 66: OPEDA 0, all four pairs of DACs on */
    {0x44, 0x00}, /* 68: MUTDA 0, none muted */
    {0x52, 0x00}, /* 82: PSVAD 0, all ADCs on; BYP 0, with their high-pass filters */
    {0x40, 0xC0}, /* 64: SRST 1, converters on */
};

#endif

bool codec_start(uint32_t bus_hz)
{
    i2c_start(bus_hz);
    for (uint32_t n = 0; n < sizeof settings / sizeof settings[0]; n++) {
        if (!i2c_write(CODEC_ADDRESS, settings[n].reg, settings[n].value)) {
            return false;
        }
    }
    return true;
}

#endif
