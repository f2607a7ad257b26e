"""Get the source of CMSIS-DSP without `make setup`.  It is the pinned release, whose hash pip checks."""

from __future__ import annotations

import re
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path

from designer.errors import BuildError
from designer.resources import requirements_file
from designer.toolchain.cmsis import CMSIS_DSP_VERSION

_PARTS = ("Source", "Include", "PrivateInclude", "LICENSE")
_LIMIT_S = 900


def fetch_cmsis_dsp() -> Path:
    """Download the source and unpack it into this Python environment.

    Returns
    -------
    Path
        Where `find_cmsis_dsp` finds it.

    Raises
    ------
    BuildError
        If pip cannot get it, or its hash is not the pinned one.
    """
    target = Path(sys.prefix) / "share" / f"cmsis-dsp-{CMSIS_DSP_VERSION}"
    with tempfile.TemporaryDirectory(prefix="proscenium-") as scratch:
        pin = Path(scratch) / "pin.txt"
        pin.write_text(pinned_requirement(requirements_file().read_text(encoding="utf-8")), encoding="utf-8")
        command = [sys.executable, "-m", "pip", "download", "--quiet", "--require-hashes", "--no-deps"]
        command += ["--no-binary", "cmsisdsp", "--dest", scratch, "-r", str(pin)]
        try:
            done = subprocess.run(command, capture_output=True, text=True, timeout=_LIMIT_S, check=False)
        except subprocess.TimeoutExpired as error:
            raise BuildError(f"fetching CMSIS-DSP: no end after {_LIMIT_S} s") from error
        if done.returncode != 0:
            raise BuildError(f"fetching CMSIS-DSP failed:\n{done.stderr.strip()}")
        (archive,) = Path(scratch).glob("cmsisdsp-*.tar.gz")
        unpack(archive, target)
    return target


def pinned_requirement(requirements: str) -> str:
    """Cut the entry of cmsisdsp, hashes and all, out of a requirements file."""
    found = re.search(r"^cmsisdsp==[^\n]*\\\n(?:\s+--hash=[^\n]*\\\n)*\s+--hash=[^\n]*\n", requirements, re.MULTILINE)
    if found is None:
        raise BuildError("requirements.txt: holds no pinned cmsisdsp: the installation is damaged, install it again")
    return found.group(0)


def unpack(archive: Path, target: Path) -> None:
    """Unpack the files that the firmware needs.  An existing directory is completed, never emptied.

    Raises
    ------
    BuildError
        If one of them would be written outside the directory.  (`tarfile` has filters for that from Python 3.11.4 on;
        Debian 12 has 3.11.2.)
    """
    with tarfile.open(archive) as tar:
        for member in tar.getmembers():
            inner = Path(*Path(member.name).parts[1:])
            if inner.parts and inner.parts[0] in _PARTS and member.isfile():
                content = tar.extractfile(member)
                if ".." in inner.parts or content is None:
                    raise BuildError(
                        f"'{archive.name}': '{member.name}' would be unpacked elsewhere: not the pinned file"
                    )
                (target / inner).parent.mkdir(parents=True, exist_ok=True)
                (target / inner).write_bytes(content.read())
