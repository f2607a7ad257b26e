"""The regression on a board: signals, comparisons, measurements, report and history."""
