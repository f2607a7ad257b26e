"""The directories of firmware/core include one another in one direction only."""

import re

from designer.toolchain.boards import FIRMWARE_ROOT

# From the innermost outwards: each may include itself and those before it.
LAYERS = ("dsp", "tables", "play", "link")


def test_every_directory_of_the_core_is_a_layer():
    assert {path.name for path in (FIRMWARE_ROOT / "core").iterdir()} == set(LAYERS)


def test_the_firmware_includes_its_own_headers_and_the_compilers():
    """No library is compiled into an image; the intrinsics are those of GCC itself."""
    own = {path.name for path in FIRMWARE_ROOT.rglob("*.h")}
    generated = {"design.h", "protocol.h"}
    libc = {"stdbool.h", "stddef.h", "stdint.h", "stdlib.h", "string.h"}
    intrinsics = {"arm_acle.h", "arm_mve.h"}
    foreign = {
        (source.name, name)
        for source in sorted(FIRMWARE_ROOT.rglob("*.[chS]"))
        for name in re.findall(r'#include ["<](?:\w+/)?([\w.-]+)[">]', source.read_text(encoding="utf-8"))
        if name not in own | generated | libc | intrinsics
    }
    assert foreign == set()


def test_no_layer_includes_one_further_out():
    wrong = [
        f"{source.relative_to(FIRMWARE_ROOT)} includes {layer}/"
        for n, name in enumerate(LAYERS)
        for source in sorted((FIRMWARE_ROOT / "core" / name).glob("*.[ch]"))
        for layer in re.findall(r'#include "(\w+)/', source.read_text(encoding="utf-8"))
        if layer not in LAYERS[: n + 1]
    ]
    assert wrong == []
