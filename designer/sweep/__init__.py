"""Sweeps: designs over a grid or random draws of a layout's parameters."""
