"""The STM32H743's blocks, one a file; the manual is RM0433, the data sheet DS12110, the errata ES0392."""
