/* The temperature sensor on channel 16 of ADC1, RM0090 13.10. */
#include "temperature.h"

#include "link/command.h"
#include "registers.h"

#define SENSOR 16u

/* 480 + 12 periods of 21 MHz are 24 us. */
#define CONVERSION_POLLS 20000u

void temperature_start(void)
{
    RCC_APB2ENR |= RCC_APB2ENR_ADC1EN;
    (void)RCC_APB2ENR; /* errata ES0182: two cycles between enabling and first access */
    /* At most 36 MHz (DS8626): APB2 / 4 is 21. Sampled for 480 periods, the sensor wants 10 us. */
    ADC_CCR = ADC_CCR_TSVREFE | ADC_CCR_ADCPRE_4;
    ADC1_SMPR1 = ADC1_SMPR1_SMP16;
    ADC1_SQR3 = ADC1_SQR3_SQ1(SENSOR);
    ADC1_CR2 = ADC1_CR2_ADON;
}

int8_t temperature_read(const volatile uint16_t *calibration)
{
    const int32_t at_30 = calibration[0];
    const int32_t at_110 = calibration[1];

    ADC1_CR2 = ADC1_CR2_ADON | ADC1_CR2_SWSTART;
    for (uint32_t n = 0; n < CONVERSION_POLLS; n++) {
        if (ADC1_SR & ADC1_SR_EOC) {
            /* DS8626: both counts were taken at 3.3 V, which is what boards have. Reading clears
             * EOC. */
            const int32_t counts = (int32_t)ADC1_DR;
            const int32_t celsius =
                at_110 > at_30 ? 30 + (counts - at_30) * 80 / (at_110 - at_30) : INT32_MAX;

            if (celsius >= -40 && celsius <= 125) {
                return (int8_t)celsius;
            }
            return PS_TEMPERATURE_UNKNOWN;
        }
    }
    return PS_TEMPERATURE_UNKNOWN;
}
