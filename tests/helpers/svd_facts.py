"""Addresses and fields of a vendor's SVD, reduced to what a port's registers.h names: facts for a test.

No package registry has the SVD of the STM32H743.  So the facts are kept beside this file, with the digest of the file
that they came from.  ``python tests/helpers/svd_facts.py STM32H743x.svd`` writes them anew; the file is in
github.com/cmsis-svd/cmsis-svd-data, data/STMicro.
"""

import hashlib
import json
import re
import sys
import xml.etree.ElementTree as ElementTree
from pathlib import Path

HERE = Path(__file__).parent
FACTS = HERE / "stm32h743_svd_facts.json"
# Peripherals of designer.board.virtual.stm32h743; of those that are alike, one or two.
MODELLED = (
    "RCC", "PWR", "Flash", "SYSCFG", "GPIOA", "GPIOB", "GPIOE", "DMA1", "DMA2", "DMAMUX1", "SAI1", "SAI4", "USART3",
    "IWDG", "TIM17", "ADC3", "ADC3_Common", "AXI", "I2C1",
)  # fmt: skip
HEADER = HERE.parents[1] / "firmware" / "port" / "stm32h743" / "registers.h"


def read_svd(path):
    """Registers and interrupts: {(peripheral, register): (address, {field: mask})}, {name: number}."""
    root = ElementTree.parse(path).getroot()
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


def read_facts():
    """Read the same of the STM32H743 from the file beside this one."""
    facts = json.loads(FACTS.read_text())
    registers = {tuple(name.split(".")): (address, fields) for name, (address, fields) in facts["registers"].items()}
    return registers, facts["interrupts"]


def read_models():
    """Read what the models' registers are in the SVD: {(peripheral, register): (address, value after reset, bits)}."""
    models = json.loads(FACTS.read_text())["models"]
    return {tuple(name.split(".")): tuple(values) for name, values in models.items()}


def _registers_of_models(svd):
    """The same from the SVD, of every peripheral that a model has the name of."""
    root = ElementTree.parse(svd).getroot()
    peripherals = {p.findtext("name"): p for p in root.iter("peripheral")}
    found = {}
    for name in MODELLED:
        peripheral = peripherals[name]
        origin = peripherals[peripheral.get("derivedFrom", name)]
        for register in origin.iter("register"):
            bits = 0
            for field in register.iter("field"):
                bits |= (1 << int(field.findtext("bitWidth"))) - 1 << int(field.findtext("bitOffset"))
            address = int(peripheral.findtext("baseAddress"), 16) + int(register.findtext("addressOffset"), 16)
            reset = int(register.findtext("resetValue"), 16)
            found[f"{name}.{register.findtext('name')}"] = [address, reset, bits]
    return found


def _write_facts(svd):
    registers, interrupts = read_svd(svd)
    header = HEADER.read_text()
    kept = {
        f"{peripheral}.{register}": [address, fields]
        for (peripheral, register), (address, fields) in sorted(registers.items())
        if re.search(rf"^#define {peripheral}_{register} ", header, re.MULTILINE)
        or re.fullmatch(r"DMA1\.S\d\w+|DMAMUX1\.C\d+CR|SAI[123]\.\w+", f"{peripheral}.{register}")
    }
    digest = hashlib.sha256(Path(svd).read_bytes()).hexdigest()
    facts = {"of": Path(svd).name, "sha256": digest, "registers": kept, "interrupts": interrupts}
    facts["models"] = _registers_of_models(svd)
    FACTS.write_text(json.dumps(facts, separators=(",", ":"), sort_keys=True).replace('],"', '],\n"') + "\n")


if __name__ == "__main__":
    _write_facts(sys.argv[1])
