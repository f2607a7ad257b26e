"""The blocks of the STM32F405 that its firmware uses, one file each."""
