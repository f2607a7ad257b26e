"""Images of a shoebox: against another library, and against what can be counted by hand."""

import numpy as np
import pyroomacoustics
import pytest

from designer.acoustics.room import Room, image_sources

ROOM = Room((5.3, 4.2, 2.6), (4.0, 2.3, 1.2), (2.0, 2.0, 1.4), 0.3)


@pytest.mark.parametrize("order", [0, 1, 6, 10])
def test_images_are_those_of_pyroomacoustics(order):
    other = pyroomacoustics.ShoeBox(
        ROOM.size_m, fs=48000, materials=pyroomacoustics.Material(ROOM.absorption), max_order=order
    )
    other.add_source(list(ROOM.source_m))
    other.add_microphone(list(ROOM.receiver_m))
    other.image_source_model()
    source = other.sources[0]
    distances = np.linalg.norm(source.images.T - np.array(ROOM.receiver_m), axis=1)
    images = image_sources(ROOM, order)
    assert images.distances_m.size == (2 * order + 1) * (2 * order**2 + 2 * order + 3) // 3
    # The other library keeps single precision: 24 bits of 60 m.
    np.testing.assert_allclose(np.sort(distances), images.distances_m, atol=60 * 2.0**-23)
    energies = (1 - ROOM.absorption) ** images.reflections / images.distances_m**2
    np.testing.assert_allclose(np.sort(source.damping[0] ** 2 / distances**2), np.sort(energies), rtol=1e-4)


def test_first_images_leave_towards_their_wall_and_arrive_from_it():
    images = image_sources(ROOM, 1)
    direct = np.array(ROOM.receiver_m) - np.array(ROOM.source_m)
    np.testing.assert_allclose(images.outgoing[0], direct / np.linalg.norm(direct))
    np.testing.assert_allclose(images.incoming[0], -images.outgoing[0])
    single = images.reflections == 1
    assert single.sum() == 6
    # Off the floor sound leaves downward and arrives from below; off the ceiling the other way round.
    vertical = np.flatnonzero(single & (np.abs(images.incoming[:, 2]) > 0.5))
    np.testing.assert_allclose(images.outgoing[vertical, 2], images.incoming[vertical, 2], atol=1e-12)
    np.testing.assert_allclose(images.outgoing[vertical, :2], -images.incoming[vertical, :2], atol=1e-12)


def test_eyring_and_what_is_refused():
    # 57.9 m³, 93.9 m²: 0.161·V/(S·0.357).
    assert ROOM.reverberation_time_s == pytest.approx(0.161 * 57.876 / (93.92 * 0.35667), rel=1e-3)
    with pytest.raises(ValueError, match=r"source_m .* lies outside"):
        Room((5, 4, 3), (5.1, 2, 1), (1, 1, 1), 0.3)
    with pytest.raises(ValueError, match="absorption"):
        Room((5, 4, 3), (4, 2, 1), (1, 1, 1), 1.0)
