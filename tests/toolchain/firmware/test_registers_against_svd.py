"""The hand-written register definitions against the vendor's SVD: every address, and every field's place."""

import re
import subprocess
import sys
import xml.etree.ElementTree as ElementTree
from pathlib import Path

import pytest

from designer.toolchain.boards import FIRMWARE_ROOT

SVD = Path(sys.prefix) / "share" / "STM32F40x.svd"
HEADER = FIRMWARE_ROOT / "port" / "stm32f405" / "registers.h"

# What this SVD does not have, with its place in RM0090 (rev. 19).
NOT_IN_SVD = {
    "PWR_CR_VOS": "5.4.1: bit 14",
    "ADC1_SMPR1_SMP16": "13.13.4: bits 20 to 18",
    "TIM11_OR_TI1_RMP_HSE": "19.5.11: bits 1 and 0",
}
# SVD's own spelling, where it differs from the manual's.
ALIASES = {"PLLI2SCFGR": {"PLLI2SN": "PLLI2SNx", "PLLI2SR": "PLLI2SRx"}}


def read_svd():
    """Registers and interrupts: {(peripheral, register): (address, {field: mask})}, {name: number}."""
    root = ElementTree.parse(SVD).getroot()
    peripherals = {p.findtext("name"): p for p in root.iter("peripheral")}
    registers, interrupts = {}, {}
    for name, peripheral in peripherals.items():
        origin = peripherals[peripheral.get("derivedFrom", name)]
        base = int(peripheral.findtext("baseAddress"), 16)
        for register in origin.iter("register"):
            fields = {}
            for field in register.iter("field"):
                mask = (1 << int(field.findtext("bitWidth"))) - 1 << int(field.findtext("bitOffset"))
                fields[field.findtext("name")] = mask
                # PLLM0 to PLLM5 are one field to us.
                stem = field.findtext("name").rstrip("0123456789")
                fields[stem] = fields.get(stem, 0) | mask
            address = base + int(register.findtext("addressOffset"), 16)
            # What the three ADCs share is C_ADC there, and ADC in the manual.
            registers[name.removeprefix("C_"), register.findtext("name")] = (address, fields)
        for interrupt in peripheral.iter("interrupt"):
            interrupts[interrupt.findtext("name")] = int(interrupt.findtext("value"))
    return registers, interrupts


@pytest.fixture(scope="module")
def svd():
    if not SVD.is_file():
        pytest.skip("the vendor's SVD has not been fetched: make test does it")
    return read_svd()


@pytest.fixture(scope="module")
def definitions(tmp_path_factory):
    """Every macro of the header with its value: that of a function-like one for the argument 1."""
    names = re.findall(r"^#define (\w+)(\(\w+\))? ", HEADER.read_text(), re.MULTILINE)
    names = [(name, argument) for name, argument in names if name != "PS_STM32F405_REGISTERS_H"]
    lines = [
        f'    printf("{name} %lu\\n", (unsigned long)({name}{"(1u)" if argument else ""}));' for name, argument in names
    ]
    source = tmp_path_factory.mktemp("registers") / "print.c"
    source.write_text(
        "#include <stdint.h>\n#include <stdio.h>\n#define REGISTER(address) (address)\n"
        f'#include "{HEADER}"\nint main(void)\n{{\n' + "\n".join(lines) + "\n    return 0;\n}\n"
    )
    program = source.with_suffix("")
    subprocess.run(
        ["gcc", "-I", str(HEADER.parents[1] / "cortex_m"), str(source), "-o", str(program)], check=True, text=True
    )
    said = subprocess.run([str(program)], check=True, capture_output=True, text=True).stdout
    values = {name: int(value) for name, value in (line.split() for line in said.splitlines())}
    return values, {name for name, argument in names if argument}


def split(name, registers):
    """Peripheral, register and the rest of a macro's name; None where it names no register."""
    parts = name.split("_")
    if len(parts) < 2 or (parts[0], parts[1]) not in registers:
        return None
    return parts[0], parts[1], "_".join(parts[2:])


def test_every_register_is_where_the_vendor_has_it(svd, definitions):
    registers, _ = svd
    found = {name: split(name, registers) for name in definitions[0]}
    wrong = [
        name
        for name, where in found.items()
        if where and not where[2] and definitions[0][name] != registers[where[:2]][0]
    ]
    assert wrong == []
    assert sum(1 for where in found.values() if where and not where[2]) > 50


def test_every_field_lies_where_the_vendor_has_it(svd, definitions):
    registers, _ = svd
    values, functions = definitions
    wrong, checked = [], 0
    for name, value in values.items():
        where = split(name, registers)
        if where is None or not where[2] or name in NOT_IN_SVD:
            continue
        peripheral, register, rest = where
        fields = registers[peripheral, register][1]
        aliases = ALIASES.get(register, {})
        field = next((rest[:n] for n in range(len(rest), 0, -1) if aliases.get(rest[:n], rest[:n]) in fields), None)
        if field is None:
            wrong.append(f"{name}: no such field")
            continue
        mask = fields[aliases.get(field, field)]
        lowest = mask & -mask
        exact = name in functions or rest == field
        if exact and value != lowest if name in functions else value & ~mask or (exact and value != mask):
            wrong.append(f"{name}: 0x{value:x}, field {field} has the mask 0x{mask:x}")
        checked += 1
    assert wrong == []
    assert checked > 60


def test_every_interrupt_has_the_vendors_number(svd, definitions):
    _, interrupts = svd
    ours = {name.removesuffix("_INTERRUPT"): v for name, v in definitions[0].items() if name.endswith("_INTERRUPT")}
    vendors = {
        **{name: interrupts.get(name) for name in ours},
        **{n.removesuffix("_IRQ"): v for n, v in interrupts.items()},
    }
    assert ours
    assert {name: vendors[name] for name in ours} == ours


def test_every_group_cites_its_section():
    groups = re.findall(r"/\*(.*?)\*/", HEADER.read_text(), re.DOTALL)
    peripherals = {
        name.split("_")[0] for name in re.findall(r"^#define (\w+) +REGISTER", HEADER.read_text(), re.MULTILINE)
    }
    for peripheral in peripherals:
        kind = re.sub(r"(?<=GPIO)[A-Z]$", "", peripheral).replace("FLASH", "Flash").replace("IWDG", "watchdog")
        assert any(kind in text and "RM0090" in text for text in groups), peripheral
