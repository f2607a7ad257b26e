/* The codec on the TDM line: what its registers are set to, as data. */
#ifndef PS_STM32H743_CODEC_H
#define PS_STM32H743_CODEC_H

#include <stdbool.h>
#include <stdint.h>

#include "design.h"

/*
 * How each codec takes its frames of eight slots: both have the first bit one clock behind the edge of FS
 * that begins the frame. PCM3168A (SBAS452, "I2S TDM"): the falling edge. CS42448 (DS648, "TDM"): the rising
 * one.
 */
#if defined(PS_AUDIO_CODEC_CS42448)
#define CODEC_FRAME_RISES 1
#else
#define CODEC_FRAME_RISES 0
#endif

/* Sets the registers, while the master clock runs; `bus_hz`: of APB1. False where the codec does not answer.
 */
bool codec_start(uint32_t bus_hz);

#endif
