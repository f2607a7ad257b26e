"""From generated C to a board: compiler, images and flashing."""
