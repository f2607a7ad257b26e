"""Measures the upmix on stems that nobody tuned it for: other music, other voices and other languages.

The mixtures and the table are those of `benchmarks.upmix`.  Stems of the two benchmarks have no second in common, so
that a rule chosen by one can be judged by the other.  Nothing is timed.

    .venv/bin/python -m benchmarks.upmix_unseen
"""

from __future__ import annotations

import sys
from pathlib import Path

from benchmarks.upmix import METHODS, Music, Spoken, measure, table_text

_ASC = Path("/usr/share/games/asc/music")
_BUBBLE = Path("/usr/share/games/frozen-bubble/snd")
UNSEEN_STEMS: tuple[tuple[Spoken, Music], ...] = (
    (
        ("en-gb", "Nobody told the engineer which record would be played tonight, so every record had to sound right."),
        ((_ASC / "frontiers.mp3", 150.0), (_BUBBLE / "frozen-mainzik-1p.ogg", 120.0)),
    ),
    (
        ("fr", "La voix reste au milieu de la scène, tandis que les instruments se partagent les deux côtés."),
        ((_BUBBLE / "introzik.ogg", 90.0), (_ASC / "machine_wars.mp3", 140.0)),
    ),
    (
        ("es+f2", "Una caja pequeña puede llenar la sala si cada altavoz sabe lo que hacen los demás."),
        ((_ASC / "time_to_strike.mp3", 200.0), (_ASC / "frontiers.mp3", 300.0)),
    ),
    (
        ("it+m3", "Il centro deve restare fermo anche quando la musica si muove da una parte all'altra."),
        ((_BUBBLE / "frozen-mainzik-2p.ogg", 110.0), (_ASC / "time_to_strike.mp3", 100.0)),
    ),
    (
        ("en-us+f4", "Seven small drivers, one listener, and a room that answers every word with a hundred echoes."),
        ((_ASC / "machine_wars.mp3", 220.0), (_BUBBLE / "frozen-mainzik-1p.ogg", 220.0)),
    ),
    (
        ("nl+m2", "De stem komt uit het midden en de muziek komt van links en van rechts."),
        ((_ASC / "frontiers.mp3", 380.0), (_BUBBLE / "introzik.ogg", 140.0)),
    ),
)


def main() -> None:
    """Print the table."""
    sys.stdout.write(f"{table_text(measure(METHODS, stems=UNSEEN_STEMS))}\n")


if __name__ == "__main__":
    main()
