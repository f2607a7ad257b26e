"""What the port writes, register by register and in order, against what RM0090 asks for."""

import re
import subprocess
from pathlib import Path

import pytest
from designs import generate_small

from designer.toolchain.boards import FIRMWARE_ROOT

HERE = Path(__file__).parent
BOARD = FIRMWARE_ROOT / "port" / "stm32f405"
PORT = FIRMWARE_ROOT / "port" / "stm32f40x"
SHARED = FIRMWARE_ROOT / "port" / "stm32"
CORTEX_M = FIRMWARE_ROOT / "port" / "cortex_m"
BLOCK = 32  # of the small design


@pytest.fixture(scope="module")
def names():
    headers = (PORT / "registers.h").read_text() + (CORTEX_M / "core_registers.h").read_text()
    found = re.findall(r"^#define (\w+) +REGISTER\((0x\w+)u\)", headers, re.MULTILINE)
    core = {
        0x080C0008: "slot 0, offset 8",
        0xE000E104: "NVIC_ISER1",
        0xE000E400 + 37: "NVIC_IPR37",
        0xE000E100: "NVIC_ISER0",
        **{0xE000E400 + n: f"NVIC_IPR{n}" for n in (14, 15, 16, 36)},
    }
    return {**{int(address, 16): name for name, address in found}, **core}


@pytest.fixture(scope="module")
def recorder(tmp_path_factory):
    """The port's clock and I2S on recorded registers; returns lines of text for what works."""
    directory = tmp_path_factory.mktemp("recorder")
    generate_small("q31", directory)
    includes = [directory, FIRMWARE_ROOT / "core", FIRMWARE_ROOT / "port", BOARD, PORT, SHARED, CORTEX_M]
    options = ["-O1", "-std=gnu11", *(f"-I{path}" for path in includes)]
    instrumented = [
        "-fsanitize=thread",
        "--param",
        "tsan-distinguish-volatile=1",
        "-Wno-pointer-to-int-cast",
        "-Wno-int-to-pointer-cast",
    ]
    objects = []
    for source, more in (
        (PORT / "clock.c", instrumented),
        (PORT / "i2s.c", instrumented),
        (PORT / "tim11.c", instrumented),
        (PORT / "flash.c", instrumented),
        (PORT / "temperature.c", instrumented),
        (BOARD / "serial.c", instrumented),
        (PORT / "rom.c", instrumented),
        (SHARED / "clock_choice.c", instrumented),
        (SHARED / "crystal.c", instrumented),
        (SHARED / "temperature_scale.c", instrumented),
        (SHARED / "watchdog.c", instrumented),
        (SHARED / "port.c", instrumented),
        (SHARED / "rom.c", instrumented),
        (CORTEX_M / "stack_guard.c", instrumented),
        (HERE / "recorder" / "recorder.c", []),
        (HERE / "recorder" / "recording.c", []),
    ):
        objects.append(directory / f"{source.parent.name}-{source.stem}.o")
        subprocess.run(["gcc", *options, *more, "-c", str(source), "-o", str(objects[-1])], check=True)
    program = directory / "recorder"
    subprocess.run(["gcc", *map(str, objects), "-o", str(program)], check=True)

    def run(works):
        return subprocess.run([str(program), works], check=True, capture_output=True, text=True).stdout.splitlines()

    return run


def writes(lines, names):
    """(register, value) of every write, in order; other lines as they are."""
    found = []
    for line in lines:
        parts = re.fullmatch(r"([0-9a-f]{8}) [14] ([0-9a-f]{8})", line)
        found.append((names[int(parts[1], 16)], int(parts[2], 16)) if parts else line)
    return found


def part(found, begin, end):
    """What lies between two lines."""
    return found[found.index(begin) + 1 if begin else 0 : found.index(end)]


PLL = {8: (5, 210, 192, 5), 12: (10, 280, 256, 5), 16: (10, 210, 192, 5)}
FAST_FLASH = 5 | 1 << 8 | 1 << 9 | 1 << 10  # five wait states, prefetch, both caches
BUSES = 0b101 << 10 | 0b100 << 13  # APB1 at a quarter, APB2 at half of 168 MHz
SCALE_1 = [("RCC_APB1ENR", 1 << 28), ("PWR_CR", 0x4000)]
# RM0090 7.2.11: HSE / 16 into channel 1 of TIM11, a capture at each eighth edge.
MEASURED = [
    ("RCC_CFGR", 16 << 16),
    ("RCC_APB2ENR", 1 << 18),
    ("TIM11_OR", 2),
    ("TIM11_ARR", 0xFFFF),
    ("TIM11_CCMR1", 3 << 2 | 1),
    ("TIM11_CCER", 1),
    ("TIM11_CR1", 1),
    ("TIM11_CR1", 0),
]


@pytest.mark.parametrize("crystal", PLL)
def test_168_mhz_from_the_crystal(recorder, names, crystal):
    m, n, _, _ = PLL[crystal]
    running = "clock source 1 core 168000000 apb2 84000000"
    assert part(writes(recorder(f"hse{crystal} pll i2s"), names), None, running) == [
        *SCALE_1,
        ("RCC_CR", 0x83 | 1 << 16),
        *MEASURED,
        ("RCC_PLLCFGR", m | n << 6 | 0 << 16 | 1 << 22 | 7 << 24),
        ("RCC_CR", 0x83 | 3 << 16 | 1 << 24),
        ("FLASH_ACR", FAST_FLASH),
        ("RCC_CFGR", BUSES),
        ("RCC_CFGR", BUSES | 2),
        ("RCC_CR", 0x83 | 3 << 16 | 3 << 24 | 1 << 19),
    ]


@pytest.mark.parametrize("crystal", [4, 10, 25])
def test_a_crystal_without_dividers_is_switched_off(recorder, names, crystal):
    running = "clock source 2 core 168000000 apb2 84000000"
    assert part(writes(recorder(f"hse{crystal} pll i2s"), names), None, running)[2:13] == [
        ("RCC_CR", 0x83 | 1 << 16),
        *MEASURED,
        ("RCC_CR", 0x83 | 1 << 17),
        ("RCC_PLLCFGR", 10 | 210 << 6 | 7 << 24),
    ]


def test_without_a_crystal_the_internal_oscillator_drives_the_pll(recorder, names):
    running = "clock source 2 core 168000000 apb2 84000000"
    assert part(writes(recorder("pll i2s"), names), None, running) == [
        *SCALE_1,
        ("RCC_CR", 0x83 | 1 << 16),
        ("RCC_CR", 0x83),
        ("RCC_PLLCFGR", 10 | 210 << 6 | 7 << 24),
        ("RCC_CR", 0x83 | 1 << 24),
        ("FLASH_ACR", FAST_FLASH),
        ("RCC_CFGR", BUSES),
        ("RCC_CFGR", BUSES | 2),
    ]


def test_without_a_pll_the_internal_oscillator_goes_on_as_it_is(recorder, names):
    found = writes(recorder("nothing"), names)
    running = "clock source 3 core 16000000 apb2 16000000"
    assert part(found, None, running)[-3:] == [
        ("RCC_PLLCFGR", 10 | 210 << 6 | 7 << 24),
        ("RCC_CR", 0x83 | 1 << 24),
        ("RCC_CR", 0x83),
    ]
    assert part(found, running, "i2s clock 0") == []
    # Every wait was bounded: 160000 polls for the crystal, 10000 for the PLL, and a few reads beside.
    (reads,) = (int(line.split()[1]) for line in found if isinstance(line, str) and line.startswith("reads"))
    assert 170000 <= reads < 170020


@pytest.mark.parametrize("crystal", PLL)
def test_the_audio_pll_is_set_while_it_is_off(recorder, names, crystal):
    _, _, n, r = PLL[crystal]
    running = "clock source 1 core 168000000 apb2 84000000"
    ready = 0x83 | 3 << 16 | 3 << 24 | 1 << 19
    assert part(writes(recorder(f"hse{crystal} pll i2s"), names), running, "i2s clock 1") == [
        ("RCC_CR", ready),
        ("RCC_PLLI2SCFGR", n << 6 | r << 28),
        ("RCC_CR", ready | 1 << 26),
    ]
    assert part(writes(recorder(f"hse{crystal} pll"), names), running, "i2s clock 0") == [
        ("RCC_CR", ready),
        ("RCC_PLLI2SCFGR", n << 6 | r << 28),
        ("RCC_CR", ready | 1 << 26),
        ("RCC_CR", ready),
    ]


def test_a_crystal_that_fails_is_replaced_with_both_plls_off(recorder, names):
    found = writes(recorder("hse8 pll i2s"), names)
    begin = part(found, "lost", "replaced 1")
    assert begin[:4] == [
        ("RCC_CIR", 1 << 23),
        ("RCC_CR", 0x83 | 1 << 17),
        ("RCC_PLLCFGR", 10 | 210 << 6 | 7 << 24),
        ("RCC_CR", 0x83 | 1 << 17 | 1 << 24),
    ]


def test_the_mute_is_one_bit_of_one_write(recorder, names):
    assert part(writes(recorder("hse8 pll i2s"), names), "mute", "lost") == [("GPIOC_BSRR", 1 << 8)]


# Philips standard, 32-bit data in 32-bit frames; I2SDIV 2 and ODD: 5; master clock on.
I2S_MASTER, I2S_SLAVE = 1 << 11 | 2 << 8 | 2 << 1 | 1, 1 << 11 | 1 << 8 | 2 << 1 | 1
I2S_PRESCALER = 2 | 1 << 8 | 1 << 9
# Circular, memory counts up, halfwords, highest priority.
DMA_STREAM = 1 << 8 | 1 << 10 | 1 << 11 | 1 << 13 | 3 << 16
DMA_TO_MEMORY, DMA_FROM_MEMORY = DMA_STREAM | 3 << 25, DMA_STREAM | 1 << 6
ALL_DMA_FLAGS = 0x0F7D0F7D

PINS_AND_CONVERTERS = [
    ("RCC_AHB1ENR", 0b111),
    ("GPIOC_BSRR", 1 << 24),  # muted ahead of everything
    ("GPIOA_AFRL", 6 << 16),
    ("GPIOA_OSPEEDR", 1 << 8),
    ("GPIOA_MODER", 0xA8000000 | 2 << 8),
    ("GPIOB_AFRH", 0x56550000),
    ("GPIOB_OSPEEDR", 0x55 << 24),
    ("GPIOB_MODER", 0x280 | 0xAA << 24),
    ("GPIOC_AFRL", 5 << 24),
    ("GPIOC_AFRH", 6 << 8 | 6 << 16),
    ("GPIOC_OSPEEDR", 1 << 12 | 1 << 20 | 1 << 24),
    ("GPIOC_MODER", 2 << 12 | 1 << 16 | 2 << 20 | 2 << 24),
    # Stopped and reset, whatever state they are in.
    ("RCC_AHB1ENR", 0b111 | 1 << 21),
    ("RCC_APB1ENR", 1 << 28 | 3 << 14),
    ("DMA1_S3CR", 0),
    ("DMA1_S4CR", 0),
    ("DMA1_S5CR", 0),
    ("DMA1_LIFCR", ALL_DMA_FLAGS),
    ("DMA1_HIFCR", ALL_DMA_FLAGS),
    ("RCC_APB1RSTR", 3 << 14),
    ("RCC_APB1RSTR", 0),
    ("SPI2_I2SPR", I2S_PRESCALER),
    ("SPI3_I2SPR", I2S_PRESCALER),
    ("SPI2_I2SCFGR", I2S_MASTER),
    ("SPI3_I2SCFGR", I2S_MASTER),
    ("I2S2ext_I2SCFGR", I2S_SLAVE),
    ("SPI2_CR2", 1 << 1),
    ("SPI3_CR2", 1 << 1),
    ("I2S2ext_CR2", 1 << 5 | 1 << 0),
]


def dma_streams(recorded, played):
    """Writes of the three DMA streams: one records, two play."""
    per_converter = 2 * BLOCK * 2 * 4
    items = 2 * BLOCK * 2 * 2
    return [
        ("DMA1_S3PAR", 0x4000340C),
        ("DMA1_S3M0AR", recorded),
        ("DMA1_S3NDTR", items),
        ("DMA1_S3CR", DMA_TO_MEMORY),
        ("DMA1_S4PAR", 0x4000380C),
        ("DMA1_S4M0AR", played),
        ("DMA1_S4NDTR", items),
        ("DMA1_S4CR", DMA_FROM_MEMORY),
        ("DMA1_S5PAR", 0x40003C0C),
        ("DMA1_S5M0AR", played + per_converter),
        ("DMA1_S5NDTR", items),
        ("DMA1_S5CR", DMA_FROM_MEMORY),
    ]


STARTED = [
    ("DMA1_S3CR", DMA_TO_MEMORY | 1),
    ("DMA1_S4CR", DMA_FROM_MEMORY | 1),
    ("DMA1_S5CR", DMA_FROM_MEMORY | 1),
    # The slave listens before its master speaks; both masters start next to each other.
    ("I2S2ext_I2SCFGR", I2S_SLAVE | 1 << 10),
    ("SPI2_I2SCFGR", I2S_MASTER | 1 << 10),
    ("SPI3_I2SCFGR", I2S_MASTER | 1 << 10),
    # Their transfer errors interrupt from here on, halves only while it plays.
    ("DMA1_S3CR", DMA_TO_MEMORY | 1 | 1 << 2),
    ("DMA1_S4CR", DMA_FROM_MEMORY | 1 | 1 << 2),
    ("DMA1_S5CR", DMA_FROM_MEMORY | 1 | 1 << 2),
    *[write for n in (14, 15, 16) for write in ((f"NVIC_IPR{n}", 0x80), ("NVIC_ISER0", 1 << n))],
    ("NVIC_IPR36", 0x80),
    ("NVIC_ISER1", 1 << 4),
]


def test_pins_converters_and_dma_in_the_manuals_order(recorder, names):
    lines = recorder("hse8 pll i2s")
    found = writes(lines, names)
    played, recorded = (
        int(word, 16) for line in lines if line.startswith("buffers") for word in line.removeprefix("buffers ").split()
    )
    assert part(found, "i2s clock 1", "resume") == PINS_AND_CONVERTERS + dma_streams(recorded, played) + STARTED
    assert part(found, "resume", "pause") == [
        ("DMA1_LIFCR", 0b11 << 26),
        ("DMA1_S3CR", DMA_TO_MEMORY | 1 | 0b111 << 2),
    ]
    assert found[found.index("pause") + 1] == ("DMA1_S3CR", DMA_TO_MEMORY | 1 | 1 << 2)


def test_the_watchdog_starts_before_it_is_set_and_is_fed(recorder, names):
    found = writes(recorder("hse8 pll i2s"), names)
    assert part(found, "watchdog", "slot bytes 0 at 080e0000") == [
        ("IWDG_KR", 0xCCCC),
        ("IWDG_KR", 0x5555),
        ("IWDG_PR", 4),
        ("IWDG_RLR", 1000),
        ("IWDG_KR", 0xAAAA),
    ]


def test_the_stack_s_guard_is_whole_before_the_mpu_is_on(recorder, names):
    """PM0214 4.2: the region's number, its base, its attributes, and only then the MPU; the base on its size."""
    low = 0x20001100
    found = writes(recorder("guard"), names)
    assert found == [
        ("SCB_SHCSR", 1 << 16 | 1 << 17 | 1 << 18),  # memory management, bus and usage faults
        ("MPU_RNR", 0),
        ("MPU_RBAR", low - 256),
        # Never executed, no access at all, 2^(7 + 1) bytes, all eight parts of it, on.
        ("MPU_RASR", 1 << 28 | 0 << 24 | 0 << 8 | 7 << 1 | 1),
        # Elsewhere as without an MPU; not for NMI and HardFault.
        ("MPU_CTRL", 1 << 2 | 1),
    ]
    assert found[2][1] % 256 == 0


FLASH_ERRORS = 1 << 1 | 1 << 4 | 1 << 5 | 1 << 6 | 1 << 7
UNLOCK = [("FLASH_KEYR", 0x45670123), ("FLASH_KEYR", 0xCDEF89AB), ("FLASH_SR", FLASH_ERRORS)]
LOCK = ("FLASH_CR", 1 << 31)


def relaxed(counts):
    """Register writes of a watchdog with so many counts."""
    return [("IWDG_KR", 0x5555), ("IWDG_PR", 4), ("IWDG_RLR", counts), ("IWDG_KR", 0xAAAA)]


def test_a_sector_is_erased_as_the_manual_says(recorder, names):
    found = writes(recorder("hse8 pll i2s flash"), names)
    erase = 2 << 8 | 1 << 1 | 11 << 3  # words, SER, sector 11
    without_cache = FAST_FLASH & ~(1 << 10)
    assert part(found, "slot bytes 131072 at 080e0000", "erased 1") == [
        *UNLOCK,
        *relaxed(4000),
        # A tenth of a millisecond each, from 0, as SysTick cannot be served meanwhile.
        ("RCC_APB2ENR", 1 << 18),
        ("TIM11_CR1", 0),
        ("TIM11_ARR", 0xFFFF),
        ("TIM11_PSC", 16800 - 1),
        ("TIM11_EGR", 1),
        ("TIM11_CR1", 1),
        ("FLASH_CR", erase),
        ("FLASH_CR", erase | 1 << 16),
        LOCK,
        *relaxed(1000),
        ("FLASH_ACR", without_cache),
        ("FLASH_ACR", without_cache | 1 << 12),
        ("FLASH_ACR", without_cache),
        ("FLASH_ACR", FAST_FLASH),
    ]


def test_a_word_is_programmed_as_the_manual_says(recorder, names):
    found = writes(recorder("hse8 pll i2s flash"), names)
    assert part(found, "erased 1", "programmed 1") == [
        *UNLOCK,
        ("FLASH_CR", 2 << 8 | 1),
        ("slot 0, offset 8", 0x12345678),
        ("IWDG_KR", 0xAAAA),
        LOCK,
    ]


def test_what_the_flash_refuses_is_told_and_locked_again(recorder, names):
    found = writes(recorder("hse8 pll i2s flash protected"), names)
    assert "erased 0" in found
    assert part(found, "erased 0", "programmed 0")[-1] == LOCK


@pytest.mark.parametrize(("works", "celsius"), [("adc", 50), ("", -128)])
def test_the_temperature_is_read_as_the_manual_says_and_bounded(recorder, names, works, celsius):
    found = writes(recorder(f"hse8 pll i2s {works}"), names)
    on = part(found, found[found.index("sensor on") - 5], "sensor on")
    assert [("RCC_APB2ENR", 1 << 18 | 1 << 8), *on] == [
        ("RCC_APB2ENR", 1 << 18 | 1 << 8),
        ("ADC_CCR", 1 << 23 | 1 << 16),
        ("ADC1_SMPR1", 7 << 18),
        ("ADC1_SQR3", 16),
        ("ADC1_CR2", 1),
    ]
    # 975 of 900 at 30 and 1200 at 110 degrees; without an end of the conversion there is no figure.
    assert part(found, "sensor on", f"celsius {celsius}") == [("ADC1_CR2", 1 | 1 << 30)]


def test_the_rom_is_entered_before_anything_else_is_started(recorder, names):
    # RM0090 9.2.1: the clock of SYSCFG, then system memory at address 0; 2.4: where system memory is
    assert writes(recorder("port bootloader"), names) == [
        ("RCC_APB2ENR", 1 << 14),
        ("SYSCFG_MEMRM", 1),
        "jump 1fff0000",
    ]


@pytest.mark.parametrize(("works", "divider"), [("hse8 pll", 91), ("", 17)])
def test_the_serial_line_starts_as_the_manual_says(recorder, names, works, divider):
    found = writes(recorder(f"port {works}"), names)
    # The watchdog pulled the reset pin as well; the flags are cleared for the next time.
    assert found[0] == ("RCC_CSR", 1 << 29 | 1 << 26 | 1 << 24)
    assert found[-1] == "started, cause 4"
    begin = found.index(("RCC_AHB1ENR", 1))
    assert found[begin : begin + 10] == [
        ("RCC_AHB1ENR", 1),
        ("RCC_APB2ENR", 1 << 4 | (1 << 18 if works else 0)),
        # PA9 and PA10: alternate function 7, PA9 quick, both pulled up; the debug port's pins stay.
        ("GPIOA_AFRH", 0x770),
        ("GPIOA_OSPEEDR", 2 << 18),
        ("GPIOA_PUPDR", 5 << 18),
        ("GPIOA_MODER", 0xA8000000 | 0xA << 18),
        # 84 MHz, or 16 of the oscillator, over 921600 baud; on last, with its interrupt for what comes in.
        ("USART1_BRR", divider),
        ("USART1_CR1", 1 << 13 | 1 << 3 | 1 << 2 | 1 << 5),
        ("NVIC_IPR37", 0x40),
        ("NVIC_ISER1", 1 << 5),
    ]
