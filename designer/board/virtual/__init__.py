"""A virtual board that executes the image which ships: processor, clocks, DMA, converters and flash.

The processor is Unicorn's Cortex-M4 or Cortex-M7 (``pip install proscenium[virtual]``). Unicorn is licensed under the
GPL, version 2: it is an optional extra, which no other part of this project imports. The board runs as a process of its
own (`serve`), to which `designer.board.virtual_process` talks; tests run it in their own process.

Everything around the processor is written here: exceptions, clock tree, DMA, I2S, flash. Each file of
`designer.board.virtual.peripherals` models one block of the STM32F405 and names the sections of its manual; those of
its package `stm32h7` model what the STM32H743 has otherwise. `chips` is the table of boards.

Manuals: RM0090 (reference manual of the STM32F405), DS8626 (its data sheet), ES0182 (its errata), PM0214 (programming
manual of the Cortex-M4), DDI 0403 (Armv7-M architecture). Of the STM32H743: RM0433, DS12110, ES0392 and PM0253.
"""
