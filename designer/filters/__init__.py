"""Filters: crosstalk cancellation, virtual sources, beam, upmix."""
