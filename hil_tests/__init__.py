"""Hardware in the loop: boards, test signals, and the comparisons of a run."""
