"""The bit-exact model of the firmware: the same integers in, the same integers out."""
