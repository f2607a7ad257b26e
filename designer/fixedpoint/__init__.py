"""Fixed point: formats, quantisation, the overflow proof and the bit-exact model."""
