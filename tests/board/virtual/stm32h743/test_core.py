"""The Cortex-M7 and its memories, by small programs."""

import pytest

from designer.board.virtual.errors import HardwareRefusalError

CLOCK_SRAM1 = "REG(0x580244DCu) |= 1u << 29;\n"


def test_it_executes_with_double_precision(run_program):
    _, values = run_program(
        """
        __attribute__((noinline)) double divide(double x, double y) { return x / y; }
        void start(void)
        {
            REG(0xE000ED88u) |= 0xFu << 20; /* CPACR */
            __asm volatile("dsb\\nisb");
            union { double d; uint32_t w[2]; } u;
            u.d = divide(22.0, 7.0);
            RESULT[0] = u.w[0]; RESULT[1] = u.w[1];
            RESULT[2] = REG(0xE000ED00u);
            RESULT[3] = REG(0x5C001000u);
            RESULT[4] = REG(0xE000ED08u);
            idle();
        }
        """
    )
    assert (values[1] << 32 | values[0]) == 0x4009249249249249
    assert values[2:5] == [0x411FC271, 0x20030450, 0x08000000]


def test_a_memory_without_a_clock_is_refused_for_writes_and_reads(run_program):
    for access in ("REG(0x30000000u) = 1u;", "RESULT[0] = REG(0x30000000u);"):
        with pytest.raises(HardwareRefusalError, match="no clock"):
            run_program(f"void start(void) {{ {access} idle(); }}")
    _, values = run_program(
        f"void start(void) {{ {CLOCK_SRAM1} REG(0x30000000u) = 5u; RESULT[0] = REG(0x30000000u); idle(); }}"
    )
    assert values[0] == 5


def test_caches_are_switched_on_only_when_they_are_invalid(run_program):
    with pytest.raises(HardwareRefusalError, match="ahead of ICIALLU"):
        run_program("void start(void) { REG(0xE000ED14u) |= 1u << 17; idle(); }")
    with pytest.raises(HardwareRefusalError, match="not invalidated by DCISW"):
        run_program("void start(void) { REG(0xE000ED14u) |= 1u << 16; idle(); }")
    board, values = run_program(
        """
        void start(void)
        {
            REG(0xE000EF50u) = 0u;
            REG(0xE000ED14u) |= 1u << 17;
            REG(0xE000ED84u) = 0u;
            const uint32_t size = REG(0xE000ED80u);
            for (uint32_t set = 0; set <= (size >> 13 & 0x7FFFu); set++) {
                for (uint32_t way = 0; way <= (size >> 3 & 0x3FFu); way++) {
                    REG(0xE000EF60u) = way << 30 | set << 5;
                }
            }
            REG(0xE000ED14u) |= 1u << 16;
            RESULT[0] = REG(0xE000ED14u);
            idle();
        }
        """
    )
    assert values[0] >> 16 & 3 == 3
    assert board.scb.has_data_cache


def test_the_cycle_counter_has_a_lock(run_program):
    begin = "REG(0xE000EDFCu) |= 1u << 24;\n"
    with pytest.raises(HardwareRefusalError, match="lock is closed"):
        run_program(f"void start(void) {{ {begin} REG(0xE0001000u) |= 1u; idle(); }}")
    _, values = run_program(
        f"""void start(void)
        {{
            {begin} REG(0xE0001FB0u) = 0xC5ACCE55u; REG(0xE0001000u) |= 1u;
            const uint32_t from = REG(0xE0001004u);
            for (volatile uint32_t n = 0; n < 100u; n++) {{ }}
            RESULT[0] = REG(0xE0001004u) - from;
            idle();
        }}"""
    )
    assert 300 < values[0] < 1500


@pytest.mark.parametrize(
    ("attributes", "cacheable"),
    [
        (0x13000000 | 1 << 19, False),  # TEX 1, C 0, B 0: normal, not cacheable
        (0x03000000 | 3 << 16, True),  # TEX 0, C 1, B 1: write-back
        (0x03000000 | 2 << 16, True),  # TEX 0, C 1, B 0: write-through
        (0x03000000 | 1 << 16, False),  # device
        (0x03000000, False),  # strongly ordered
        (0x03000000 | 1 << 19 | 3 << 16, True),  # TEX 1, C 1, B 1: write-back, write-allocate
        (0x03000000 | 7 << 16, False),  # shareable
        (0x03000000 | 4 << 19, False),  # TEX 4, C 0, B 0
        (0x03000000 | 5 << 19 | 1 << 16, True),
    ],
)
def test_attributes_of_a_region_say_what_may_be_cached(board, attributes, cacheable):
    mpu = board.mpu
    assert mpu.is_cacheable(0x30000000, 64)
    mpu.write(0x08, 4, 1)
    mpu.write(0x0C, 4, 0x30000000)
    mpu.write(0x10, 4, attributes | 14 << 1 | 1)  # 32 KiB
    mpu.write(0x04, 4, 5)
    assert mpu.is_cacheable(0x30000000, 0x8000) == cacheable
    assert mpu.is_cacheable(0x30007FF0, 0x20)
    mpu.write(0x10, 4, attributes | 1 << 8 | 14 << 1 | 1)
    assert mpu.is_cacheable(0x30000000, 0x20)
    assert mpu.is_cacheable(0x30001000, 0x20) == cacheable


def test_a_higher_region_overrides_a_lower_one(board):
    mpu = board.mpu
    for region, attributes in ((1, 1 << 19), (2, 3 << 16)):
        mpu.write(0x08, 4, region)
        mpu.write(0x0C, 4, 0x30000000)
        mpu.write(0x10, 4, 0x03000000 | attributes | 14 << 1 | 1)
    mpu.write(0x04, 4, 5)
    assert mpu.is_cacheable(0x30000000, 32)
