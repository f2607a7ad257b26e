"""The hand-written register definitions against the vendor's SVDs: every address, and every field's place."""

import re
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from svd_facts import read_facts, read_svd

from designer.toolchain.boards import FIRMWARE_ROOT

SVD = Path(sys.prefix) / "share" / "STM32F40x.svd"


@dataclass(frozen=True)
class Chip:
    """A port, its manual, and where its SVD falls short of that."""

    port: str
    manual: str
    # What the SVD does not have, with its place in the manual.
    not_in_svd: dict = field(default_factory=dict)
    # The SVD's own spelling, where it differs from the manual's: {(peripheral, register): {ours: theirs}}.
    aliases: dict = field(default_factory=dict)

    @property
    def header(self):
        return FIRMWARE_ROOT / "port" / self.port / "registers.h"


F405 = Chip(
    "stm32f40x",
    "RM0090",
    {
        "PWR_CR_VOS": "5.4.1: bit 14",
        "ADC1_SMPR1_SMP16": "13.13.4: bits 20 to 18",
        "TIM11_OR_TI1_RMP_HSE": "19.5.11: bits 1 and 0",
    },
    {("RCC", "PLLI2SCFGR"): {"PLLI2SN": "PLLI2SNx", "PLLI2SR": "PLLI2SRx"}},
)
H743 = Chip(
    "stm32h743",
    "RM0433",
    {
        # The description of 2019 has neither the field of revision V nor all bits of its neighbour.
        "SAI_xCR1_MCKEN": "51.6.2: bit 27",
        "SYSCFG_PWRCR_ODEN": "12.3.10: bit 0 alone",
        "ADC3_PCSEL_PCSEL_18": "25.5.8: bit 18 of PCSEL",
    },
    {("SAI1", "SAI_ACR1"): {"SAIEN": "SAIXEN"}, ("Flash", "KEYR2"): {"KEY": "KEYR2"}},
)
CHIPS = {chip.port: chip for chip in (F405, H743)}


@pytest.fixture(scope="module", params=CHIPS.values(), ids=CHIPS)
def chip(request):
    return request.param


@pytest.fixture(scope="module")
def svd(chip):
    if chip is H743:
        return read_facts()
    if not SVD.is_file():
        pytest.skip("the vendor's SVD has not been fetched: make test does it")
    return read_svd(SVD)


@pytest.fixture(scope="module")
def definitions(chip, tmp_path_factory):
    """Every macro of the header with its value: that of a function-like one for the argument 1."""
    names = re.findall(r"^#define (\w+)(\(\w+\))? ", chip.header.read_text(), re.MULTILINE)
    names = [(name, argument) for name, argument in names if not name.startswith("PS_")]
    lines = [
        f'    printf("{name} %lu\\n", (unsigned long)({name}{"(1u)" if argument else ""}));' for name, argument in names
    ]
    source = tmp_path_factory.mktemp("registers") / "print.c"
    source.write_text(
        "#include <stdint.h>\n#include <stdio.h>\n#define REGISTER(address) (address)\n"
        f'#include "{chip.header}"\nint main(void)\n{{\n' + "\n".join(lines) + "\n    return 0;\n}\n"
    )
    program = source.with_suffix("")
    subprocess.run(
        ["gcc", "-I", str(chip.header.parents[1] / "cortex_m"), str(source), "-o", str(program)], check=True, text=True
    )
    said = subprocess.run([str(program)], check=True, capture_output=True, text=True).stdout
    values = {name: int(value) for name, value in (line.split() for line in said.splitlines())}
    return values, {name for name, argument in names if argument}


def split(name, registers):
    """Peripheral, register and the rest of a macro's name; None where it names no register."""
    if match := re.match(r"(DMA1|DMAMUX1)_([SC])x([A-Z0-9]+)_?(.*)", name):
        return match[1], f"{match[2]}1{match[3]}", match[4]
    if match := re.match(r"SAI_x([A-Z0-9]+)_?(.*)", name):
        return "SAI1", f"SAI_A{match[1]}", match[2]
    found = [where for where in registers if f"{name}_".startswith("_".join((*where, "")))]
    if not found:
        return None
    where = max(found, key=lambda each: len(each[1]))
    return *where, name[len(f"{where[0]}_{where[1]}") :].removeprefix("_")


def test_every_register_is_where_the_vendor_has_it(svd, definitions):
    registers, _ = svd
    values, functions = definitions
    wrong, checked = [], 0
    for name, value in values.items():
        where = split(name, registers)
        if where is None or where[2]:
            continue
        # A block of a SAI is named by the address of its CR1, and has its registers behind that: here it is 1.
        origin = registers["SAI1", "SAI_ACR1"][0] - 1 if name.startswith("SAI_x") else 0
        if value != registers[where[:2]][0] - origin:
            wrong.append(name)
        checked += 1
    assert wrong == []
    assert checked > 50
    assert functions


def test_every_number_of_a_register_is_where_the_vendor_has_it():
    """DMA's streams, DMAMUX's channels and the SAI's blocks are as far apart as the port takes them to be."""
    registers, _ = read_facts()
    for stream in range(5):
        for name, offset in (("CR", 0), ("NDTR", 4), ("PAR", 8), ("M0AR", 12)):
            assert registers["DMA1", f"S{stream}{name}"][0] == 0x40020010 + 0x18 * stream + offset
        assert registers["DMAMUX1", f"C{stream}CR"][0] == 0x40020800 + 4 * stream
    header = H743.header.read_text()
    blocks = re.findall(r"^#define (SAI\d)_([AB]) +(0x\w+)u$", header, re.MULTILINE)
    assert len(blocks) == 5
    for unit, letter, address in blocks:
        for number, name in enumerate(("CR1", "CR2", "FRCR", "SLOTR", "IM", "SR", "CLRFR", "DR")):
            assert registers[unit, f"SAI_{letter}{name}"][0] == int(address, 16) + 4 * number


def test_every_field_lies_where_the_vendor_has_it(chip, svd, definitions):
    registers, _ = svd
    values, functions = definitions
    wrong, checked = [], 0
    for name, value in values.items():
        where = split(name, registers)
        if where is None or not where[2] or name in chip.not_in_svd:
            continue
        peripheral, register, rest = where
        fields = registers[peripheral, register][1]
        aliases = chip.aliases.get((peripheral, register), {})
        found = next((rest[:n] for n in range(len(rest), 0, -1) if aliases.get(rest[:n], rest[:n]) in fields), None)
        if found is None:
            wrong.append(f"{name}: no such field")
            continue
        mask = fields[aliases.get(found, found)]
        lowest = mask & -mask
        exact = name in functions or rest == found
        if exact and value != lowest if name in functions else value & ~mask or (exact and value != mask):
            wrong.append(f"{name}: 0x{value:x}, field {found} has the mask 0x{mask:x}")
        checked += 1
    assert not wrong, wrong
    assert checked > 60


def test_every_interrupt_has_the_vendors_number(svd, definitions):
    _, interrupts = svd
    ours = {name.removesuffix("_INTERRUPT"): v for name, v in definitions[0].items() if name.endswith("_INTERRUPT")}
    vendors = {
        **{name: interrupts.get(name) for name in ours},
        **{n.removesuffix("_IRQ"): v for n, v in interrupts.items()},
        # The STM32H743's description calls DMA1_Stream0 DMA_STR0.
        **{f"DMA1_Stream{n[-1]}": v for n, v in interrupts.items() if n.startswith("DMA_STR")},
    }
    assert ours
    assert {name: vendors[name] for name in ours} == ours


def test_every_group_cites_its_section(chip):
    groups = re.findall(r"/\*(.*?)\*/", chip.header.read_text(), re.DOTALL)
    peripherals = {
        name.split("_")[0] for name in re.findall(r"^#define (\w+) +REGISTER", chip.header.read_text(), re.MULTILINE)
    }
    for peripheral in peripherals:
        kind = re.sub(r"(?<=GPIO)[A-Z]$", "", peripheral).replace("FLASH", "Flash").replace("IWDG", "watchdog")
        kind = re.sub(r"(?<=SAI)\d$", "", kind)
        assert any(kind in text and chip.manual in text for text in groups), peripheral
