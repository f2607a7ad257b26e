"""Many designs: parameters of a layout varied over a grid or at random, and what comes of it."""
