"""The ways to write an image to a real board: OpenOCD, pyOCD, or the bootloader in the chip's ROM."""
