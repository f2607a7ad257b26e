"""Signals at the ears of listeners: real loudspeakers, pairs of them, and headphones."""

import numpy as np
from scipy.signal import fftconvolve

from designer.evaluation.listener.heads import Places
from designer.evaluation.listener.loudspeakers import Monitor
from designer.evaluation.listener.responses import RATE_HZ, room_responses


def monitor_response(azimuth_deg, head, room=None, distance_m=2.0):
    """Responses from one real loudspeaker to both ears: (2, N)."""
    zero = np.zeros(1)
    return room_responses(Monitor(azimuth_deg, distance_m), room, head, Places.of(head, zero, zero, zero)).at(0)[:, 0]


def ears_of_monitor(mono, azimuth_deg, head, room=None, distance_m=2.0):
    """One real loudspeaker that plays a mono signal."""
    return fftconvolve(mono[None], monitor_response(azimuth_deg, head, room, distance_m), axes=1)


def ears_of_pair(mono, head, level_db=0.0, time_ms=0.0, room=None):
    """A pair at ±30°: the left one is louder by `level_db`, and earlier by `time_ms`."""
    late = round(time_ms * RATE_HZ / 1000)
    left = ears_of_monitor(np.pad(mono, (0, late)) * 10 ** (level_db / 20), 30.0, head, room)
    right = ears_of_monitor(np.pad(mono, (late, 0)), -30.0, head, room)
    length = max(left.shape[1], right.shape[1])
    return sum(np.pad(x, ((0, 0), (0, length - x.shape[1]))) for x in (left, right))


def headphones(mono, time_us=0.0, level_db=0.0):
    """Headphones: the left ear is earlier by `time_us` and louder by `level_db`."""
    length = mono.size + 200
    lines = np.fft.rfftfreq(length, 1 / RATE_HZ)
    ears = []
    for side in (1, -1):
        delay_s = 50 / RATE_HZ - side * time_us * 0.5e-6
        spectrum = np.fft.rfft(mono, length) * np.exp(-2j * np.pi * lines * delay_s)
        ears.append(np.fft.irfft(spectrum, length) * 10 ** (side * level_db / 40))
    return np.stack(ears)
