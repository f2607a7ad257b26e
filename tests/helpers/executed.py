"""What an executed board plays, against the bit-exact model."""

import numpy as np

from designer.fixedpoint.model.pipeline import PipelineModel

HOP = 64


def play(machine, samples, seconds):
    """Let the ADC record, and give what the DACs have played since (n, 4) int32, and the number of its first frame."""
    machine.run(0.05)  # beyond the fade-in
    for dac in machine.dacs:
        dac.take()
    first = machine.adc.position
    # Hops of the upmix count from the first block that was played: the model begins with such a hop.
    machine.adc.feed(samples, HOP)
    machine.run(seconds)
    return first, taken(machine)


def taken(machine):
    """What the DACs have played since it was last asked: (n, 4) int32."""
    heard = [dac.take() for dac in machine.dacs]
    count = min(map(len, heard))
    return np.concatenate([frames[:count] for frames in heard], axis=1)


def expected(image, samples, shift=0, lead=0):
    """What the drivers play behind `lead` frames of silence: the model's words at the converters' scale."""
    program = np.concatenate([np.zeros((lead, 2), np.int32), samples]) >> shift
    return PipelineModel(image.bank).process(program)[lead:].astype(np.int64) << shift


def plays_small(image, heard, samples):
    """Whether the small image plays what its model does; its blocks are half a hop, so that it has two phases."""
    drivers = [expected(image, samples, 16, lead)[: len(heard)] for lead in (0, image.layout.block_samples)]
    return sum(np.array_equal(heard, reference) for reference in drivers) == 1


def plays_bit_exact(machine, image, seconds=0.02):
    """Whether a board with the small image plays two blocks late what the model does."""
    samples = np.random.default_rng(4).integers(-(2**15), 2**15, (round(seconds * 48000), 2)).astype(np.int32) << 16
    first, heard = play(machine, samples, seconds)
    delay = 2 * image.layout.block_samples + machine.adc.origin - first
    assert len(heard) - delay > 200
    return plays_small(image, heard[delay:, : len(image.layout.drivers)], samples)
