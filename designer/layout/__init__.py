"""The layout of a loudspeaker: what it may say, what is checked, how faults are told."""
