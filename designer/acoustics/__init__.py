"""Acoustic models: from drive to pressure in space and at the ears."""
