"""Audio files through a design."""
