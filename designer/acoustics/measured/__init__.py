"""Measured drivers and heads: files, geometry, plausibility, alignment, and the field at points."""
