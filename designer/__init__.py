"""Proscenium: from the layout of a loudspeaker to a proven speaker board."""
