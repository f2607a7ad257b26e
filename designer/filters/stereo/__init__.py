"""The channels L and R: crosstalk cancellation and virtual sources."""
