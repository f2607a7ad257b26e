"""From generated C to a board: compiler, CMSIS-DSP source, images and flashing."""
