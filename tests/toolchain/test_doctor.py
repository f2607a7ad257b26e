"""The doctor: it finds what is there, and says how to get what is not."""

import io
import os
import subprocess
import sys
import tarfile
from pathlib import Path

import pytest

from designer.errors import BuildError
from designer.resources import requirements_file
from designer.toolchain.cmsis import CMSIS_DSP_VERSION
from designer.toolchain.doctor import examine
from designer.toolchain.fetch import pinned_requirement, unpack

PROSCENIUM = Path(sys.executable).with_name("proscenium")


def test_this_machine_has_what_is_needed():
    assert [f.name for f in examine() if f.needed and not f.found] == []


def test_a_bare_machine_is_told_what_to_install(tmp_path):
    environment = {**os.environ, "PATH": str(tmp_path), "PROSCENIUM_CMSIS_DSP": str(tmp_path)}
    result = subprocess.run([PROSCENIUM, "doctor"], env=environment, capture_output=True, text=True, timeout=60)
    assert result.returncode == 5
    flat = " ".join(result.stdout.replace("│", " ").split())
    for remedy in ("apt-get install gcc-arm-none-eabi", "apt-get install qemu-system-arm", "proscenium doctor --fetch"):
        assert remedy in flat
    assert "Traceback" not in result.stderr


def test_pin_is_cut_with_its_hashes():
    text = pinned_requirement(requirements_file().read_text())
    assert text.startswith(f"cmsisdsp=={CMSIS_DSP_VERSION} \\\n")
    assert "--hash=sha256:" in text.splitlines()[-1]
    assert not text.splitlines()[-1].endswith("\\")
    with pytest.raises(BuildError, match="no pinned cmsisdsp"):
        pinned_requirement("numpy==2.0\n")


def test_only_what_the_firmware_needs_is_unpacked(tmp_path):
    archive = tmp_path / "cmsisdsp-1.tar.gz"
    with tarfile.open(archive, "w:gz") as tar:
        for name in ("x/Source/A/a.c", "x/Include/a.h", "x/Testing/huge.bin", "x/LICENSE", "x/Source/../../evil"):
            data = name.encode()
            entry = tarfile.TarInfo(name)
            entry.size = len(data)
            tar.addfile(entry, io.BytesIO(data))
    with pytest.raises(BuildError, match=r"Source/\.\./\.\./evil' would be unpacked elsewhere"):
        unpack(archive, tmp_path / "out" / "deep")
    kept = sorted(
        p.relative_to(tmp_path / "out" / "deep").as_posix() for p in (tmp_path / "out").rglob("*") if p.is_file()
    )
    assert kept == ["Include/a.h", "LICENSE", "Source/A/a.c"]
    assert not (tmp_path / "evil").exists()
