"""The core under Address- and UndefinedBehaviorSanitizer: extreme audio, broken frames, a player late and in time."""

import os
import subprocess
import sys

from designs import generate_small
from places import ROOT

from designer.toolchain.compiler import build_host_library

FLAGS = ("-fsanitize=address,undefined", "-fno-sanitize-recover=all", "-fno-omit-frame-pointer")

WORK = """
import sys
sys.path.insert(0, {root!r})
from pathlib import Path
import numpy as np
from designer import protocol
from hil_tests.harness.host_core import HostCore, HostParser, HostTransport
from hil_tests.harness.host_player import HostPlayer
from designer.board.link import Link

core = HostCore(Path({library!r}))
rng = np.random.default_rng(5)
limits = np.iinfo(core.sample_type)
for injection_point, channels in (("program", 2), ("filters", 3)):
    for samples in (
        rng.integers(limits.min, limits.max + 1, (2000, channels)),
        np.full((600, channels), limits.min),
        np.where(rng.random((2000, channels)) < 0.5, limits.min, limits.max),
    ):
        core.process(samples, injection_point, block=int(rng.integers(1, core.block_samples + 1)))
parser = HostParser(core)
for size in rng.integers(0, 3000, 60):
    parser.feed(rng.integers(0, 256, size, dtype=np.uint8).tobytes())
link = Link(HostTransport(core))
link.hello()
link.request(protocol.START, bytes([1]))
link.request_all(protocol.AUDIO, [bytes(64)] * 20)
link.request(protocol.STATUS)
player = HostPlayer(core)
for n in range(300):
    block = rng.integers(limits.min, limits.max + 1, (core.block_samples, 2))
    player.half_complete(block, late_halves=int(rng.integers(0, 3) == 2), process=bool(rng.integers(0, 9)))
    if n % 50 == 49:
        player.claim() if n % 100 == 49 else player.release()
print("clean")
"""


def test_nothing_is_found(number_format, tmp_path):
    generate_small(number_format, tmp_path)
    library = build_host_library(tmp_path, tmp_path / "core.so", FLAGS)
    runtime = subprocess.run(["gcc", "-print-file-name=libasan.so"], capture_output=True, text=True, check=True)
    # Python itself frees little at its end, which is not ours to judge.
    environment = {**os.environ, "LD_PRELOAD": runtime.stdout.strip(), "ASAN_OPTIONS": "detect_leaks=0"}
    work = WORK.format(root=str(ROOT), library=str(library))
    done = subprocess.run(
        [sys.executable, "-c", work], capture_output=True, text=True, check=False, env=environment, timeout=300
    )
    assert (done.stdout.strip(), done.returncode) == ("clean", 0), done.stderr
