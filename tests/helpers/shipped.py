"""Designs and scorecards of the shipped layouts: each is made once in a run of pytest, whichever worker asks first."""

import fcntl
import pickle
from pathlib import Path

from anechoic import anechoic_layout, for_its_room

from designer.design.build import build_design
from designer.layout.shipped import find_layout
from designer.report.scorecard import scorecard

# Where all workers of one run keep them: tests/conftest.py sets it when the run begins.
directory: Path | None = None


def made_once(name, make):
    """What `make` returns, from the run's directory if it is there. Every call gets a copy of its own."""
    assert directory is not None
    kept = directory / f"{name}.pickle"
    with open(directory / f"{name}.lock", "w") as lock:
        # A second worker that asks meanwhile waits here rather than make the same again.
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not kept.is_file():
            content = pickle.dumps(make())
            kept.write_bytes(content)
        return pickle.loads(kept.read_bytes())


def shipped_design(name):
    """Build the design of a shipped layout."""
    return made_once(f"design-{name}", lambda: build_design(find_layout(name)))


def shipped_scorecard(name):
    """Evaluate a shipped layout: its scorecard."""
    return made_once(f"scorecard-{name}", lambda: scorecard(shipped_design(name)))


def anechoic_design(name):
    """Build the design of a shipped layout without a room."""
    return made_once(f"anechoic-design-{name}", lambda: build_design(anechoic_layout(name)))


def anechoic_scorecard(name):
    """Evaluate a shipped layout that was designed without a room."""
    return made_once(f"anechoic-scorecard-{name}", lambda: scorecard(anechoic_design(name)))


def design_for_its_room(name):
    """Build the design of a shipped layout for its room."""
    return made_once(f"room-design-{name}", lambda: build_design(for_its_room(find_layout(name))))
