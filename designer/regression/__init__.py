"""The regression on a board.

`suite` runs it: it sends what `signals` makes, and compares and measures each result once.

* Comparisons: `compare_streamed` (sample by sample), `compare_generated` (signals that the board makes
  itself, by CRC-32) and `compare_acoustics` (figures at the ears).  `first_difference` traces an error to its stage.
* Measurements: `measurements` (THD+N, dynamic range, linearity, delays), with `tone_analysis` and `error_curves`.
* Results: `report` holds them, `tracked_figures` picks the figures that `history` compares with the baseline.
  `save` writes ``hil.json`` and the page of `html_page`; `terminal_summary` fits on one screen.
"""
