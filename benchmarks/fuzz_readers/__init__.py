"""Damaged input for the host's readers: each case ends in a result or in a `ProsceniumError`."""
