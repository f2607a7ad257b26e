#include "i2c.h"

#include "board.h"
#include "wait.h"

/* RM0433 47.4.9: ticks of 0.1 us. SCL low for 5 us and high for 4.1, data set up for 0.5 us and held for 0.2.
 */
#define TICK_HZ 10000000u
#define TIMING                                                                                               \
    (I2C1_TIMINGR_SCLL(49u) | I2C1_TIMINGR_SCLH(40u) | I2C1_TIMINGR_SDADEL(2u) | I2C1_TIMINGR_SCLDEL(4u))

/* Polls of some twenty cycles for a byte, which takes 90 us: 2 ms at 480 MHz */
#define BYTE_POLLS 50000u

void i2c_start(uint32_t bus_hz)
{
    RCC_AHB4ENR |= RCC_AHB4ENR_GPIOBEN;
    RCC_APB1LENR |= RCC_APB1LENR_I2C1EN;
    (void)RCC_APB1LENR; /* RM0433 8.5.12: two cycles between enabling and first access */
    /* PB8 and PB9: alternate function 4, open drain, pulled up (RM0433 11.4; DS12110, table 10) */
    GPIOB_AFRH = (GPIOB_AFRH & ~0xFFu) | 0x44u;
    GPIOB_OTYPER |= 3u << 8;
    GPIOB_PUPDR = (GPIOB_PUPDR & ~(0xFu << 16)) | (0x5u << 16);
    GPIOB_MODER = (GPIOB_MODER & ~(0xFu << 16)) | (0xAu << 16);
    I2C1_CR1 = 0; /* RM0433 47.4.6: ends what was under way; the timing is set while PE is 0 */
    I2C1_TIMINGR = TIMING | I2C1_TIMINGR_PRESC(bus_hz / TICK_HZ - 1u);
    I2C1_CR1 = I2C1_CR1_PE;
}

bool i2c_write(uint8_t address, uint8_t reg, uint8_t value)
{
    const uint8_t bytes[] = {reg, value};
    const uint32_t ends = I2C1_ISR_NACKF | I2C1_ISR_BERR | I2C1_ISR_ARLO;
    bool taken = true;

    /* RM0433 47.4.10: START sends the address, TXIS asks for each byte, AUTOEND ends with STOP */
    I2C1_CR2 =
        I2C1_CR2_SADD((uint32_t)address << 1) | I2C1_CR2_NBYTES(2u) | I2C1_CR2_AUTOEND | I2C1_CR2_START;
    for (uint32_t n = 0; n < sizeof bytes && taken; n++) {
        uint32_t status = 0;

        for (uint32_t polls = 0; polls < BYTE_POLLS && !(status & (I2C1_ISR_TXIS | ends)); polls++) {
            status = I2C1_ISR;
        }
        taken = (status & (I2C1_ISR_TXIS | ends)) == I2C1_ISR_TXIS;
        if (taken) {
            I2C1_TXDR = bytes[n];
        }
    }
    /* After a byte that nobody took as well, the STOP comes by itself */
    taken = wait_for(&I2C1_ISR, I2C1_ISR_STOPF, I2C1_ISR_STOPF, BYTE_POLLS) && taken && !(I2C1_ISR & ends);
    I2C1_ICR = I2C1_ICR_STOPCF | I2C1_ICR_NACKCF | I2C1_ICR_BERRCF | I2C1_ICR_ARLOCF;
    return taken;
}
