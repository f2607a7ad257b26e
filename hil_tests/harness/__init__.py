"""What the tests put around a board: the firmware on the host, faults on the line, fuzzing."""
