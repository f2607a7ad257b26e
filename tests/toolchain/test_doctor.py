"""The doctor: it finds what is there, and says how to get what is not."""

import os
import subprocess
import sys
from pathlib import Path

from designer.toolchain.doctor import examine

PROSCENIUM = Path(sys.executable).with_name("proscenium")


def test_this_machine_has_what_is_needed():
    assert [f.name for f in examine() if f.needed and not f.found] == []


def test_a_bare_machine_is_told_what_to_install(tmp_path):
    environment = {**os.environ, "PATH": str(tmp_path)}
    result = subprocess.run([PROSCENIUM, "doctor"], env=environment, capture_output=True, text=True, timeout=60)
    assert result.returncode == 5
    flat = " ".join(result.stdout.replace("│", " ").split())
    for remedy in ("apt-get install gcc-arm-none-eabi", "apt-get install qemu-system-arm"):
        assert remedy in flat
    assert "Traceback" not in result.stderr
