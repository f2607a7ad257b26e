"""A complete design: made from a layout, written and read back."""
