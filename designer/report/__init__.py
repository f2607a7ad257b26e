"""What a design promises, as figures."""
