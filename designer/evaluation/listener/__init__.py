"""A listener model: what a listener in a room hears of a loudspeaker, from binaural signals."""
