"""What the STM32H743's port writes, register by register and in order, against what RM0433 asks for."""

import re
import subprocess
from pathlib import Path

import pytest
from designs import generate_small

from designer.toolchain.boards import FIRMWARE_ROOT

HERE = Path(__file__).parent
PORT = FIRMWARE_ROOT / "port" / "stm32h743"
SHARED = FIRMWARE_ROOT / "port" / "stm32"
CORTEX_M = FIRMWARE_ROOT / "port" / "cortex_m"
BLOCK = 32  # of the small design
CODECS = {"pcm3168a": "PCM3168A", "cs42448": "CS42448"}


@pytest.fixture(scope="module")
def names():
    headers = (PORT / "registers.h").read_text() + (CORTEX_M / "core_registers.h").read_text()
    found = {int(a, 16): n for n, a in re.findall(r"^#define (\w+) +REGISTER\((0x\w+)u\)", headers, re.MULTILINE)}
    for stream in range(5):
        for name, offset in (("CR", 0), ("NDTR", 4), ("PAR", 8), ("M0AR", 12)):
            found[0x40020010 + 0x18 * stream + offset] = f"S{stream}{name}"
        found[0x40020800 + 4 * stream] = f"C{stream}CR"
    for name, address in re.findall(r"^#define (SAI\d_[AB]) +(0x\w+)u$", headers, re.MULTILINE):
        for n, register in enumerate(("CR1", "CR2", "FRCR", "SLOTR", "IM")):
            found[int(address, 16) + 4 * n] = f"{name}_{register}"
    found |= {0xE000E100 + 4 * n: f"NVIC_ISER{n}" for n in range(8)}
    found |= {**{0xE000E400 + n: f"NVIC_IPR{n}" for n in range(240)}}
    found |= {0x081C0040 + 4 * n: f"slot 0, word {n}" for n in range(8)}
    return found


@pytest.fixture(scope="module")
def recorder(tmp_path_factory):
    """The port on recorded registers, for each bus; returns what it writes in a scenario."""
    programs = {}

    def run(works, bus="i2s"):
        if bus not in programs:
            programs[bus] = compile_recorder(tmp_path_factory.mktemp(f"recorder-{bus}"), bus)
        return subprocess.run(
            [str(programs[bus]), works], check=True, capture_output=True, text=True
        ).stdout.splitlines()

    return run


def compile_recorder(directory, bus):
    generate_small("q31", directory)
    header = directory / "design.h"
    if bus in CODECS:
        text = header.read_text().replace("#define PS_AUDIO_TDM8 0", "#define PS_AUDIO_TDM8 1")
        header.write_text(text.replace("PS_AUDIO_CODEC_PCM3168A", f"PS_AUDIO_CODEC_{CODECS[bus]}"))
    includes = [directory, FIRMWARE_ROOT / "core", FIRMWARE_ROOT / "port", PORT, SHARED, CORTEX_M]
    options = ["-O1", "-std=gnu11", "-w", *(f"-I{path}" for path in includes)]
    instrumented = ["-fsanitize=thread", "--param", "tsan-distinguish-volatile=1"]
    ours = [
        *(PORT / f"{name}.c" for name in ("clock", "serial", "sai", "i2c", "codec", "flash", "memory", "temperature"))
    ]
    ours += [SHARED / f"{name}.c" for name in ("clock_choice", "crystal", "temperature_scale")]
    objects = []
    for source in (*ours, HERE / "recorder" / "recorder_h743.c", HERE / "recorder" / "recording.c"):
        objects.append(directory / f"{source.stem}.o")
        more = instrumented if source in ours else []
        subprocess.run(["gcc", *options, *more, "-c", str(source), "-o", str(objects[-1])], check=True)
    program = directory / "recorder"
    subprocess.run(["gcc", *map(str, objects), "-o", str(program)], check=True)
    return program


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


HSI, HSEON, HSERDY, BYPASS, SECURITY = 0x25, 1 << 16, 1 << 17, 1 << 18, 1 << 19
PLL1 = 3 << 24  # on and ready
# RM0433 6.8.4, 6.8.6: LDO alone, SCUEN cleared; scale 1.
SUPPLY = [("PWR_CR3", 0x2), ("PWR_D3CR", 0xC000)]
OVERDRIVE = [("RCC_APB4ENR", 1 << 1), ("SYSCFG_PWRCR", 1)]
# RM0433 8.7.7, 41.6.17: HSE / 16 into channel 1 of TIM17, a capture at each eighth edge.
MEASURED = [
    ("RCC_CFGR", 16 << 8),
    ("RCC_APB2ENR", 1 << 18),
    ("TIM17_TIM17_TISEL", 2),
    ("TIM17_ARR", 0xFFFF),
    ("TIM17_CCMR1_Input", 3 << 2 | 1),
    ("TIM17_CCER", 1),
    ("TIM17_CR1", 1),
    ("TIM17_CR1", 0),
]


def core_pll(source, m1, m2, range1, n, wait_states, before):
    """Writes that bring the core from HSI to PLL1; `before`: RCC_CR without PLL1."""
    return [
        ("RCC_PLLCKSELR", source | m1 << 4 | m2 << 12),
        ("RCC_PLLCFGR", range1 << 2 | 1 << 16 | 1 << 19),  # outputs P of PLL1 and PLL2 alone
        ("RCC_PLL1DIVR", n - 1 | 1 << 9),  # P is 2
        ("RCC_CR", before | 1 << 24),
        ("Flash_ACR", wait_states | 2 << 4),
        ("RCC_D1CFGR", 8 | 4 << 4),  # AHB at half, APB3 at half of that
        ("RCC_D2CFGR", 4 << 4 | 4 << 8),
        ("RCC_D3CFGR", 4 << 4),
        ("RCC_CFGR", 3),
    ]


@pytest.mark.parametrize(
    ("works", "told", "more", "n", "wait_states"),
    [
        ("hse8", "clock source 1 core 480000000 serial 120000000", OVERDRIVE, 120, 4),
        ("revY hse8", "clock source 1 core 400000000 serial 100000000", [], 100, 2),
    ],
)
def test_the_core_from_the_st_links_clock(recorder, names, works, told, more, n, wait_states):
    running = HSI | HSEON | HSERDY | BYPASS
    assert part(writes(recorder(f"{works} supply pll audio"), names), None, told) == [
        *SUPPLY,
        *more,
        ("RCC_CR", HSI | BYPASS),
        ("RCC_CR", HSI | BYPASS | HSEON),
        *MEASURED,
        *core_pll(2, 1, 5, 3, n, wait_states, running),
        ("RCC_CR", running | PLL1 | SECURITY),
    ]


def test_a_crystal_is_tried_where_no_clock_comes_from_outside(recorder, names):
    told = "clock source 1 core 480000000 serial 120000000"
    found = part(writes(recorder("hse25 crystal supply pll audio"), names), None, told)
    # In bypass this oscillator gives a clock as well: what is measured decides, and 25 MHz is known.
    assert ("RCC_PLLCKSELR", 2 | 5 << 4 | 25 << 12) in found


def test_without_a_clock_the_internal_oscillator_drives_the_pll(recorder, names):
    told = "clock source 2 core 480000000 serial 120000000"
    assert part(writes(recorder("supply pll audio"), names), None, told) == [
        *SUPPLY,
        *OVERDRIVE,
        ("RCC_CR", HSI | BYPASS),
        ("RCC_CR", HSI | BYPASS | HSEON),
        ("RCC_CR", HSI | BYPASS),
        ("RCC_CR", HSI),
        ("RCC_CR", HSI),
        ("RCC_CR", HSI | HSEON),
        ("RCC_CR", HSI),
        ("RCC_CR", HSI),
        *core_pll(0, 4, 5, 3, 60, 4, HSI),
    ]


@pytest.mark.parametrize("works", ["pll audio", "supply audio"])
def test_without_supply_or_pll_the_internal_oscillator_goes_on_as_it_is(recorder, names, works):
    lines = recorder(works)
    told = "clock source 3 core 64000000 serial 64000000"
    found = part(writes(lines, names), None, told)
    assert not any(register in ("RCC_D1CFGR", "Flash_ACR") for register, _ in found)
    assert "audio clock 0" in lines
    # Every wait was bounded.
    (reads,) = (int(line.split()[1]) for line in lines if line.startswith("reads"))
    assert reads < 2_000_000


def test_the_audio_pll_is_set_while_it_is_off(recorder, names):
    found = part(writes(recorder("hse8 supply pll audio"), names), "serial line", "audio clock 1")
    ready = HSI | HSEON | HSERDY | BYPASS | PLL1 | SECURITY
    assert found == [
        ("RCC_CR", ready),
        # 8 MHz / 5 is 1.6 MHz: the lowest range, with the medium VCO. N 192, P 25, no fraction.
        ("RCC_PLLCFGR", 3 << 2 | 1 << 16 | 1 << 19 | 1 << 5),
        ("RCC_PLL2DIVR", 191 | 24 << 9),
        ("RCC_PLL2FRACR", 0),
        ("RCC_D2CCIP1R", 1 | 1 << 6),
        ("RCC_CR", ready | 1 << 26),
    ]


def test_a_clock_that_fails_is_replaced_with_the_plls_off(recorder, names):
    found = part(writes(recorder("hse8 supply pll audio lost"), names), "resumed", "replaced 1")
    assert found[:2] == [("RCC_CICR", 1 << 10), ("RCC_CR", HSI | BYPASS | SECURITY)]
    assert found[2:] == core_pll(0, 4, 5, 3, 60, 4, HSI | BYPASS | SECURITY)


def test_the_serial_line_starts_as_the_manual_says(recorder, names):
    told = "clock source 1 core 480000000 serial 120000000"
    assert part(writes(recorder("hse8 supply pll audio"), names), told, "serial line") == [
        ("RCC_AHB4ENR", 1 << 3),
        ("RCC_APB1LENR", 1 << 18),
        ("GPIOD_AFRH", 0x77),
        ("GPIOD_OSPEEDR", 2 << 16),
        ("GPIOD_PUPDR", 5 << 16),
        ("GPIOD_MODER", 0xFFFAFFFF),
        ("USART3_BRR", 130),
        ("USART3_CR1", 1 << 3 | 1 << 2 | 1 << 5 | 1),
    ]


def test_memories_and_caches(recorder, names):
    found = writes(recorder("memory"), names)
    assert found[0] == ("RCC_AHB2ENR", 1 << 29)
    # PM0253 4.2: no execution, full access, TEX 1 with C and B 0: normal memory that no cache holds.
    attributes = 1 << 28 | 3 << 24 | 1 << 19 | 1
    assert found[1:7] == [
        ("MPU_RNR", 1),
        ("MPU_RBAR", 0x30000000),
        ("MPU_RASR", attributes | 16 << 1),  # 2^17 bytes
        ("MPU_RNR", 2),
        ("MPU_RBAR", 0x081C0000),
        ("MPU_RASR", attributes | 17 << 1),
    ]
    assert found[7:10] == [("SCB_ICIALLU", 0), ("SCB_CCR", 1 << 17), ("SCB_CSSELR", 0)]
    # PM0253 4.8: every set and way once, then the cache.
    lines = [value for register, value in found[10:-1] if register == "SCB_DCISW"]
    assert sorted(lines) == sorted(s << 5 | w << 30 for s in range(32) for w in range(4))
    assert found[-1] == ("SCB_CCR", 3 << 16)


def test_the_rom_finds_the_chip_as_a_reset_leaves_it(recorder, names):
    """AN2606: the vectors of the bootloader; ahead of memories and caches."""
    assert writes(recorder("memory bootloader"), names) == ["jump 1ff09800"]


def test_reads_of_the_axi_sram_come_one_at_a_time_before_revision_x(recorder, names):
    assert writes(recorder("memory revY"), names)[1] == ("AXI_TARG7_FN_MOD", 1)


I2S_FRAME, I2S_SLOTS = 63 | 31 << 8 | 1 << 16 | 1 << 18, 2 << 6 | 1 << 8 | 3 << 16
FORMAT = 7 << 5 | 1 << 9  # 32 bits, changing with the falling edge
ALL_DMA_FLAGS = sum(0b111101 << shift for shift in (0, 6, 16, 22))  # 15.5.3, 15.5.4
STREAM = 1 << 8 | 1 << 10 | 2 << 11 | 2 << 13 | 3 << 16  # circular, memory counts up, words, highest priority
SLAVE_TX, SLAVE_RX, OTHER_BLOCK, OTHER_SAI = 2, 3, 1 << 10, 2 << 10
MASTER_CLOCK = 1 << 20 | 1 << 27  # MCKDIV 1, MCKEN
BLOCKS = [
    ("SAI1_A", 87, MASTER_CLOCK, 0x40015820),
    ("SAI1_B", 88, SLAVE_TX | OTHER_BLOCK, 0x40015840),
    ("SAI2_A", 89, SLAVE_TX | OTHER_SAI, 0x40015C20),
    ("SAI2_B", 90, SLAVE_TX | OTHER_SAI, 0x40015C40),
    ("SAI3_A", 113, SLAVE_RX | OTHER_SAI, 0x40016020),
]


def buffers(lines):
    (line,) = (line for line in lines if line.startswith("buffers"))
    return [int(word, 16) for word in line.split()[1:]]


def block_started(name, stream, request, mode, data, frame, slots, buffer, items):
    """Writes that set up a block, its stream, and its request."""
    receives = mode & 3 == SLAVE_RX
    direction = 0 if receives else 1 << 6
    return [
        (f"{name}_CR2", 1 << 3 | (0 if receives else 2)),  # flushed; an output half filled
        (f"{name}_FRCR", frame),
        (f"{name}_SLOTR", slots),
        (f"{name}_CR1", FORMAT | mode),
        (f"C{stream}CR", request),
        (f"S{stream}PAR", data),
        (f"S{stream}M0AR", buffer),
        (f"S{stream}NDTR", items),
        (f"S{stream}CR", STREAM | direction),
        (f"S{stream}CR", STREAM | direction | 1),
        (f"{name}_CR1", FORMAT | mode | 1 << 17),
    ]


def test_converters_and_dma_in_the_manuals_order(recorder, names):
    lines = recorder("hse8 supply pll audio")
    found = part(writes(lines, names), "audio clock 1", "started 1")
    played, recorded = buffers(lines)
    resets = [("RCC_APB2RSTR", 7 << 22), ("RCC_APB2RSTR", 0)]
    begin = found.index(resets[0])
    # Muted ahead of everything, and every stream stopped ahead of the resets.
    assert found.index(("GPIOD_BSRR", 1 << 16)) == 1
    assert [f"S{n}CR" for n in range(5)] == [register for register, _ in found[begin - 7 : begin - 2]]
    assert found[begin - 2 : begin] == [("DMA1_LIFCR", ALL_DMA_FLAGS), ("DMA1_HIFCR", ALL_DMA_FLAGS)]
    # Faster than after reset are the outputs: SAI2_SD_B; SAI2_SD_A, beside the serial line; all of SAI1.
    speeds = {register: value for register, value in found[:begin] if register.endswith("OSPEEDR")}
    assert speeds == {"GPIOA_OSPEEDR": 1, "GPIOD_OSPEEDR": 1 << 22 | 2 << 16, "GPIOE_OSPEEDR": 0x155 << 4}
    expected = [*resets, ("SAI1_SAI_GCR", 1 << 4), ("SAI2_SAI_GCR", 0), ("SAI3_SAI_GCR", 0)]
    for n, (name, request, mode, data) in enumerate(BLOCKS):
        buffer = recorded if n == 4 else played + n * 2 * BLOCK * 2 * 4
        expected += block_started(name, n, request, mode, data, I2S_FRAME, I2S_SLOTS, buffer, 2 * BLOCK * 2)
    # The receiver listens first, the master speaks last.
    expected += [(f"{name}_CR1", FORMAT | mode | 3 << 16) for name, _, mode, _ in reversed(BLOCKS)]
    for n in range(5):
        direction = 0 if n == 4 else 1 << 6
        expected += [(f"S{n}CR", STREAM | direction | 1 | 1 << 2), (f"NVIC_IPR{11 + n}", 0x80)]
        # An overrun or underrun, a clock that does not fit, a frame out of step.
        expected += [("NVIC_ISER0", 1 << 11 + n), (f"{BLOCKS[n][0]}_IM", 0b1100101)]
    for number in (87, 91, 114):
        expected += [(f"NVIC_IPR{number}", 0x80), (f"NVIC_ISER{number // 32}", 1 << number % 32)]
    assert found[begin:] == expected
    assert part(writes(lines, names), "started 1", "resumed") == [
        ("DMA1_HIFCR", 1 << 4 | 1 << 5),
        ("S4CR", STREAM | 1 | 0b111 << 2),
    ]


def test_the_pins_of_every_line(recorder, names):
    found = dict(part(writes(recorder("hse8 supply pll audio"), names), "audio clock 1", "started 1")[:14])
    assert found["GPIOA_AFRL"] == 10  # PA0
    assert found["GPIOD_AFRL"] == 6 << 4  # PD1
    assert found["GPIOD_AFRH"] == 0x77 | 10 << 12  # PD11, beside the serial line
    assert found["GPIOE_AFRL"] == 0x06666600  # PE2 to PE6
    assert found["GPIOA_MODER"] == 0xABFFFFFE
    assert found["GPIOD_MODER"] == 0xFFBAFFF9  # PD0 is an output
    assert found["GPIOE_MODER"] == 0xFFFFEAAF


def test_before_revision_x_no_master_clock_enable_is_written(recorder, names):
    found = part(writes(recorder("revY hse8 supply pll audio"), names), "audio clock 1", "started 1")
    assert ("SAI1_A_CR1", FORMAT | 1 << 20) in found


# Registers and values, from the codecs' data sheets: SBAS452 and DS648.
TRANSCRIPTS = {
    "pcm3168a": (
        0x44,
        [(0x40, 0x80), (0x41, 0x06), (0x51, 0x06), (0x42, 0x00), (0x44, 0x00), (0x52, 0x00), (0x40, 0xC0)],
    ),
    "cs42448": (0x48, [(0x02, 0x01), (0x03, 0xF0), (0x04, 0x36), (0x07, 0x00), (0x02, 0x00)]),
}


@pytest.mark.parametrize("codec", CODECS)
def test_a_codec_is_set_up_over_i2c_when_its_clock_runs(recorder, names, codec):
    lines = recorder("hse8 supply pll audio codec", codec)
    found = part(writes(lines, names), "audio clock 1", "started 1")
    address, settings = TRANSCRIPTS[codec]
    begin = found.index(("RCC_AHB4ENR", 0b11011))  # port B as well
    assert ("SAI1_A_CR1", FORMAT | MASTER_CLOCK | 3 << 16) in found[:begin]
    assert found[begin + 1 : begin + 9] == [
        ("RCC_APB1LENR", 1 << 18 | 1 << 21),
        ("GPIOB_AFRH", 0x44),
        ("GPIOB_OTYPER", 3 << 8),
        ("GPIOB_PUPDR", 5 << 16),
        ("GPIOB_MODER", 0xFFFAFFFF),
        ("I2C1_CR1", 0),
        ("I2C1_TIMINGR", 11 << 28 | 4 << 20 | 2 << 16 | 40 << 8 | 49),  # 120 MHz / 12
        ("I2C1_CR1", 1),
    ]
    transfers = []
    for register, value in settings:
        start = address << 1 | 2 << 16 | 1 << 25 | 1 << 13
        transfers += [("I2C1_CR2", start), ("I2C1_TXDR", register), ("I2C1_TXDR", value), ("I2C1_ICR", 0x330)]
    assert found[begin + 9 :] == transfers


@pytest.mark.parametrize(("codec", "edge"), [("pcm3168a", 0), ("cs42448", 1 << 17)])
def test_eight_slots_on_one_line(recorder, names, codec, edge):
    lines = recorder("hse8 supply pll audio codec", codec)
    found = part(writes(lines, names), "audio clock 1", "started 1")
    played, recorded = buffers(lines)
    frame, slots = 255 | 127 << 8 | edge | 1 << 18, 2 << 6 | 7 << 8 | 0xFF << 16
    items = 2 * BLOCK * 8
    expected = block_started("SAI1_A", 0, 87, MASTER_CLOCK, 0x40015820, frame, slots, played, items)
    expected += block_started("SAI1_B", 4, 88, SLAVE_RX | OTHER_BLOCK, 0x40015840, frame, slots, recorded, items)
    begin = found.index(expected[0])
    assert found[begin : begin + len(expected)] == expected


def test_a_codec_that_does_not_answer_is_told(recorder):
    assert "started 0" in recorder("hse8 supply pll audio", "pcm3168a")


FLASH_ERRORS = 1 << 17 | 1 << 18 | 1 << 19 | 1 << 21 | 1 << 22
UNLOCK = [("Flash_KEYR2", 0x45670123), ("Flash_KEYR2", 0xCDEF89AB), ("Flash_CCR2", FLASH_ERRORS)]


def test_a_sector_is_erased_as_the_manual_says(recorder, names):
    erase = 3 << 4 | 1 << 2 | 7 << 8  # 64 bits at a time, SER, sector 7
    assert part(writes(recorder("hse8 supply pll audio"), names), "replaced 0", "erased 1") == [
        *UNLOCK,
        ("Flash_CR2", erase),
        ("Flash_CR2", erase | 1 << 7),
        ("Flash_CR2", 1),
    ]


def test_a_flash_word_is_programmed_whole(recorder, names):
    assert part(writes(recorder("hse8 supply pll audio"), names), "erased 1", "programmed 1") == [
        *UNLOCK,
        ("Flash_CR2", 3 << 4 | 1 << 1),
        *((f"slot 0, word {n}", n + 1) for n in range(8)),
        ("Flash_CR2", 1),
    ]


def test_what_the_flash_refuses_is_told_and_locked_again(recorder, names):
    found = writes(recorder("hse8 supply pll audio protected"), names)
    assert "erased 0" in found
    assert part(found, "erased 0", "programmed 0")[-1] == ("Flash_CR2", 1)


@pytest.mark.parametrize(("works", "celsius"), [("adc", 55), ("adc revY", 50), ("", -128)])
def test_the_temperature_is_read_as_the_manual_says_and_bounded(recorder, names, works, celsius):
    """975 of 900 at 30 degrees and 1200 at 130, or at 110 before revision X."""
    found = writes(recorder(f"hse8 supply pll audio {works}"), names)
    assert part(found, "programmed 1", "sensor on") == [
        ("RCC_AHB4ENR", 1 << 24 | 0b11001),
        ("RCC_D3CCIPR", 2 << 16),
        ("ADC3_Common_CCR", 1 << 23 | 7 << 18),
        ("ADC3_CR", 1 << 28),
        ("ADC3_CR", 1 << 31 | 1 << 28),
        ("ADC3_ISR", 1),
        ("ADC3_CR", 1 << 28 | 1),
        ("ADC3_PCSEL", 1 << 18),
        ("ADC3_SMPR2", 5 << 24),
        ("ADC3_SQR1", 18 << 6),
    ]
    assert part(found, "sensor on", f"celsius {celsius}") == [("ADC3_CR", 1 << 28 | 1 | 1 << 2)]
