"""The directories of firmware/core include one another in one direction only."""

import re

import pytest

from designer.toolchain.boards import FIRMWARE_ROOT

# From the innermost outwards: each may include itself and those before it.
LAYERS = ("dsp", "upmix", "pipeline", "tables", "play", "link")


def test_every_directory_of_the_core_is_a_layer():
    assert {path.name for path in (FIRMWARE_ROOT / "core").iterdir()} == set(LAYERS)


def includes(text):
    """What a source includes, in quotes or in angle brackets."""
    return re.findall(r'^\s*#\s*include\s*["<]([^">]+)[">]', text, re.MULTILINE)


def sources(folder):
    return [path for path in sorted(folder.rglob("*.[chS]")) if path.is_file()]


def test_the_firmware_includes_its_own_headers_and_the_compilers():
    """No library is compiled into an image; the intrinsics are those of GCC itself."""
    own = {path.name for path in FIRMWARE_ROOT.rglob("*.h")}
    generated = {"design.h", "protocol.h"}
    libc = {"stdbool.h", "stddef.h", "stdint.h", "stdlib.h", "string.h"}
    intrinsics = {"arm_acle.h", "arm_mve.h"}
    foreign = {
        (source.name, name)
        for source in sources(FIRMWARE_ROOT)
        for name in includes(source.read_text(encoding="utf-8"))
        if name.rpartition("/")[2] not in own | generated | libc | intrinsics
    }
    assert foreign == set()


def outward(layer, text):
    """Includes of a source in `layer` that lead to a layer further out, to a port or to the application.

    The core includes by folder and name, generated headers by name, and what the compiler brings in angle brackets.
    """
    inner = LAYERS[: LAYERS.index(layer) + 1]
    own = {path.name for path in FIRMWARE_ROOT.rglob("*.h")}
    return [
        name
        for name in includes(text)
        if ("/" in name or name in own) and (name.count("/") != 1 or name.partition("/")[0] not in inner)
    ]


def test_no_layer_includes_one_further_out():
    wrong = [
        f"{source.relative_to(FIRMWARE_ROOT)} includes {name}"
        for layer in LAYERS
        for source in sources(FIRMWARE_ROOT / "core" / layer)
        for name in outward(layer, source.read_text(encoding="utf-8"))
    ]
    assert wrong == []


def test_no_port_includes_the_application():
    own = {path.name for path in (FIRMWARE_ROOT / "port").rglob("*.h")}
    application = {path.name for path in (FIRMWARE_ROOT / "app").glob("*.h")} - own
    wrong = [
        f"{source.relative_to(FIRMWARE_ROOT)} includes {name}"
        for source in sources(FIRMWARE_ROOT / "port")
        for name in includes(source.read_text(encoding="utf-8"))
        if "app" in name.split("/")[:-1] or name.rpartition("/")[2] in application
    ]
    assert wrong == []


@pytest.mark.parametrize(
    "line",
    [
        '#include "link/frame.h"',
        '#  include "link/frame.h"',
        "#include <link/frame.h>",
        '#include "../link/frame.h"',
        '#include "port.h"',
        '#include "../../app/audio.h"',
    ],
)
def test_an_include_of_any_form_is_seen(line):
    assert len(outward("dsp", f"/* first */\n{line}\n")) == 1


@pytest.mark.parametrize("line", ['#include "dsp/fir.h"', '#include "design.h"', "#include <string.h>"])
def test_an_include_further_in_is_allowed(line):
    assert outward("dsp", line) == []
