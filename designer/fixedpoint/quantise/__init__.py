"""From float filters to integer taps."""
