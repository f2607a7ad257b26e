"""Finite filters: fitted to the responses that were designed, no longer than the error budget asks."""
