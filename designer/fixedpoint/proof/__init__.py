"""Proofs: nothing overflows, and how far fixed point can be from float64."""
