/* The temperature sensor on channel 18 of ADC3, RM0433 25.4.33. */
#include "temperature.h"

#include "board.h"
#include "link/command.h"
#include "wait.h"

#define SENSOR 18u

/* HSI's 64 MHz / 16: 4 MHz, at which BOOST stays 0. The sensor wants 9 us (DS12110); 64.5 periods are 16 us,
 * twice that from revision V on. */
#define SAMPLE_64_PERIODS  5u
#define CONVERSION_POLLS   100000u

/* Far more than the 10 us that the regulator takes (DS12110) */
#define REGULATOR_POLLS 5000u

void temperature_start(void)
{
    RCC_AHB4ENR |= RCC_AHB4ENR_ADC3EN;
    RCC_D3CCIPR |= RCC_D3CCIPR_ADCSRC_PER;
    (void)RCC_AHB4ENR; /* RM0433 8.5.12: two cycles between enabling and first access */
    ADC3_Common_CCR = ADC3_Common_CCR_TSEN | ADC3_Common_CCR_PRESC_16;
    /* RM0433 25.4.6, 25.4.8, 25.4.9: out of deep power-down, regulator, calibration, on */
    ADC3_CR = ADC3_CR_ADVREGEN;
    for (uint32_t n = 0; n < REGULATOR_POLLS; n++) {
        (void)ADC3_CR;
    }
    ADC3_CR = ADC3_CR_ADVREGEN | ADC3_CR_ADCAL;
    (void)wait_for(&ADC3_CR, ADC3_CR_ADCAL, 0, CONVERSION_POLLS);
    ADC3_ISR = ADC3_ISR_ADRDY;
    ADC3_CR = ADC3_CR_ADVREGEN | ADC3_CR_ADEN;
    (void)wait_for(&ADC3_ISR, ADC3_ISR_ADRDY, ADC3_ISR_ADRDY, CONVERSION_POLLS);
    ADC3_PCSEL = ADC3_PCSEL_PCSEL_18;
    ADC3_SMPR2 = ADC3_SMPR2_SMP18(SAMPLE_64_PERIODS);
    ADC3_SQR1 = ADC3_SQR1_SQ1(SENSOR);
}

int8_t temperature_read(int32_t at_30, int32_t at_high)
{
    ADC3_CR |= ADC3_CR_ADSTART;
    if (!wait_for(&ADC3_ISR, ADC3_ISR_EOC, ADC3_ISR_EOC, CONVERSION_POLLS)) {
        return PS_TEMPERATURE_UNKNOWN;
    }
    /* DS12110: the second count is of 110 degrees before revision X, of 130 since. Reading clears EOC. */
    return temperature_of((int32_t)ADC3_DR, at_30, at_high,
                          DBGMCU_IDCODE >> 16 < DBGMCU_IDCODE_REV_ID_X ? 80 : 100);
}
