"""Rendering of audio files through a design, to driver signals or to the listener's ears."""
