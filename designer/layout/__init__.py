"""The layout of a loudspeaker: its keys, its checks and its error messages."""
