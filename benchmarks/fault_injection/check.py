"""What must hold after a fault, and after the next run."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

from benchmarks.fault_injection.faults import Fault, Outcome
from designer.files import LOCK_FILE
from designer.temporary import SUFFIX

# Exit codes of a command that fails for a reason that its user can mend.
_HONEST = (1, 2, 4, 5)

Files = dict[str, bytes]


def files_in(place: Path) -> Files:
    """Contents of all files, by path; without caches, whose entries have content in their names."""
    return {
        str(path.relative_to(place)): path.read_bytes()
        for path in sorted(place.rglob("*"))
        if path.is_file() and path.name != LOCK_FILE and path.relative_to(place).parts[0] != "cache"
    }


def temporaries_in(place: Path) -> list[str]:
    """Paths of temporary files and directories."""
    return [str(path.relative_to(place)) for path in place.rglob("*") if path.name.endswith(SUFFIX)]


@dataclass(frozen=True)
class Expectation:
    """Contents before a run, those of a run without a fault, and files that no two runs write alike."""

    before: Files
    after: Files
    varying: frozenset[str]

    def faults_at_once(self, fault: Fault, outcome: Outcome, place: Path) -> list[str]:
        """Say what is wrong right after the fault."""
        found = [f"still runs: {line}" for line in outcome.outlived]
        if not fault.kills:
            found += [f"left {name}" for name in temporaries_in(place)]
            if "Traceback" in outcome.said or (outcome.code != 0 and outcome.code not in _HONEST):
                found.append(f"exit code {outcome.code}: {outcome.said.strip()[-300:]}")
        if outcome.code == 0:
            return [*found, *self._not_right(place)]
        for name, data in files_in(place).items():
            if self._is_temporary(name):
                continue
            known = [kind[name] for kind in (self.before, self.after) if name in kind]
            if not known:
                found.append(f"a file of no run: {name}")
            elif data not in known and not (name in self.varying and _is_whole(name, data)):
                found.append(f"half-written: {name}")
        return found

    def faults_afterwards(self, outcome: Outcome, place: Path) -> list[str]:
        """Say what is wrong after the next run, which meets no fault."""
        found = [f"still there: {name}" for name in temporaries_in(place)]
        found += [f"still runs: {line}" for line in outcome.outlived]
        if outcome.code != 0:
            found.append(f"the next run: exit code {outcome.code}: {outcome.said.strip()[-300:]}")
        return found + self._not_right(place)

    def _not_right(self, place: Path) -> list[str]:
        now = {name: data for name, data in files_in(place).items() if not self._is_temporary(name)}
        found = [f"missing: {name}" for name in self.after.keys() - now.keys()]
        found += [f"a file of no run: {name}" for name in now.keys() - self.after.keys()]
        for name in now.keys() & self.after.keys():
            if now[name] != self.after[name] and not (name in self.varying and _is_whole(name, now[name])):
                found.append(f"wrong: {name}")
        return found

    @staticmethod
    def _is_temporary(name: str) -> bool:
        return name.startswith("tmp/") or any(part.endswith(SUFFIX) for part in Path(name).parts)


def _is_whole(name: str, data: bytes) -> bool:
    """Whether a file has its end, where no two runs write the same."""
    if name.endswith(".jsonl"):
        # What is appended may have been cut off; the next run removes it.
        lines = data.splitlines()[:-1]
        return all(_is_json(line) for line in lines)
    if name.endswith(".json"):
        return _is_json(data)
    return data.rstrip().endswith(b"</html>")


def _is_json(data: bytes) -> bool:
    try:
        json.loads(data)
    except ValueError:
        return False
    return True
