#include "board.h"
#include "bootloader.h"
#include "cpu.h"

/* AN2606, "STM32H74xxx/75xxx devices bootloader": where the ROM keeps the vectors of its bootloader. It
 * listens on USART3 at PB10 and PB11, and not at PD8 and PD9. */
#define SYSTEM_MEMORY 0x1FF09800u

#define REGION_DMA   1u /* 0 is the stack's guard */
#define REGION_SLOTS 2u

/* PM0253 4.2: normal memory that no cache holds (TEX 1, C 0, B 0), which nobody executes */
static void exclude(uint32_t region, uint32_t start, uint32_t size)
{
    MPU_RNR = region;
    MPU_RBAR = start;
    MPU_RASR = MPU_RASR_XN | MPU_RASR_FULL_ACCESS | MPU_RASR_TEX(1u) | size | MPU_RASR_ENABLE;
}

/* PM0253 4.8: a cache holds anything after power-on, and is emptied before it is switched on */
static void start_caches(void)
{
    SCB_ICIALLU = 0;
    cpu_synchronise();
    SCB_CCR |= SCB_CCR_IC;
    SCB_CSSELR = 0; /* data, level 1 */
    cpu_synchronise();

    const uint32_t geometry = SCB_CCSIDR;

    for (uint32_t set = 0; set <= SCB_CCSIDR_SETS(geometry); set++) {
        for (uint32_t way = 0; way <= SCB_CCSIDR_WAYS(geometry); way++) {
            SCB_DCISW = SCB_DCISW_SET(set) | SCB_DCISW_WAY(way);
        }
    }
    cpu_synchronise();
    SCB_CCR |= SCB_CCR_DC;
    cpu_synchronise();
}

/* SRAM1 and slots out of the caches, then both caches on, ahead of any access to SRAM1. */
void board_begin(void)
{
    if (bootloader_is_wanted()) {
        bootloader_jump(SYSTEM_MEMORY);
    }
    RCC_AHB2ENR |= RCC_AHB2ENR_SRAM1EN;
    (void)RCC_AHB2ENR; /* RM0433 8.5.12: two cycles between enabling and first access */
    /* Errata ES0392 2.2.9: before revision X, reads of the AXI SRAM may be wrong unless they come one at a
     * time */
    if (DBGMCU_IDCODE >> 16 < DBGMCU_IDCODE_REV_ID_X) {
        AXI_TARG7_FN_MOD = AXI_TARG7_FN_MOD_READ_ISS_OVERRIDE;
    }
    exclude(REGION_DMA, MEMORY_DMA, MPU_RASR_SIZE_128K);
    exclude(REGION_SLOTS, MEMORY_SLOTS, MPU_RASR_SIZE_256K);
    cpu_synchronise();
    start_caches();
}
