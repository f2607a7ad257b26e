"""Evaluation: what a listener in front of the loudspeaker would hear, from any impulse responses."""
