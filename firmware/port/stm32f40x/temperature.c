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

int8_t temperature_read(int32_t at_30, int32_t at_110)
{
    ADC1_CR2 = ADC1_CR2_ADON | ADC1_CR2_SWSTART;
    for (uint32_t n = 0; n < CONVERSION_POLLS; n++) {
        if (ADC1_SR & ADC1_SR_EOC) {
            /* Reading clears EOC. */
            return temperature_of((int32_t)ADC1_DR, at_30, at_110, 80);
        }
    }
    return PS_TEMPERATURE_UNKNOWN;
}
