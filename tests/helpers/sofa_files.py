"""SOFA files with any variables, types, units and dimensions: also those that no writer of conventions would write."""

import netCDF4
import numpy as np

RATE = 48000
CARTESIAN = {"Type": "cartesian", "Units": "metre"}
SPHERICAL = {"Type": "spherical", "Units": "degree, degree, metre"}
ZERO = np.zeros((1, 3))
FORWARD, UP = np.array([[1.0, 0.0, 0.0]]), np.array([[0.0, 0.0, 1.0]])


def write_sofa(path, convention, data_type, variables):
    """Write a file; ``variables`` has (dimensions, values, attributes) by name."""
    with netCDF4.Dataset(path, "w") as file:
        file.Conventions, file.SOFAConventions, file.DataType = "SOFA", convention, data_type
        for name, (dimensions, values, attributes) in variables.items():
            values = np.asarray(values, dtype=float)
            for letter, size in zip(dimensions, values.shape, strict=True):
                if letter not in file.dimensions:
                    file.createDimension(letter, size)
            variable = file.createVariable(name, "f8", tuple(dimensions))
            variable[...] = values
            for key, text in attributes.items():
                variable.setncattr(key, text)


def fir(responses, receiver, **others):
    """Variables of GeneralFIR: responses (M, R, N), receivers (R, 3) cartesian, others as they are."""
    return {
        "ListenerPosition": ("IC", ZERO, CARTESIAN),
        "ReceiverPosition": ("RC", receiver, CARTESIAN),
        "SourcePosition": ("IC", ZERO, CARTESIAN),
        "Data.IR": ("MRN", responses, {}),
        "Data.SamplingRate": ("I", [RATE], {"Units": "hertz"}),
        **others,
    }


def spectra(values, frequencies, receiver, **others):
    """Variables of FreeFieldDirectivityTF: values (M, R, F)."""
    return {
        "ListenerPosition": ("IC", ZERO, CARTESIAN),
        "ReceiverPosition": ("RC", receiver, CARTESIAN),
        "SourcePosition": ("IC", ZERO, CARTESIAN),
        "Data.Real": ("MRN", np.real(values), {}),
        "Data.Imag": ("MRN", np.imag(values), {}),
        "N": ("N", frequencies, {"Units": "hertz"}),
        **others,
    }


def head(responses, source, **others):
    """Variables of SimpleFreeFieldHRIR: responses (M, 2, N), sources (M, 3) cartesian, left ear first."""
    return {
        "ListenerPosition": ("IC", ZERO, CARTESIAN),
        "ListenerView": ("IC", FORWARD, CARTESIAN),
        "ListenerUp": ("IC", UP, {}),
        "ReceiverPosition": ("RC", [[0, 0.09, 0], [0, -0.09, 0]], CARTESIAN),
        "SourcePosition": ("MC", source, CARTESIAN),
        "Data.IR": ("MRN", responses, {}),
        "Data.SamplingRate": ("I", [RATE], {"Units": "hertz"}),
        **others,
    }


def spherical(places, radian=False):
    """Cartesian places (..., 3) as azimuth, elevation, distance, in degrees or radians."""
    distance = np.linalg.norm(places, axis=-1)
    azimuth = np.arctan2(places[..., 1], places[..., 0])
    elevation = np.arcsin(places[..., 2] / distance)
    angles = np.stack([azimuth, elevation], axis=-1)
    return np.concatenate([angles if radian else np.rad2deg(angles), distance[..., None]], axis=-1)


def rotation(rng):
    """A random rotation: (3, 3), proper."""
    matrix, upper = np.linalg.qr(rng.standard_normal((3, 3)))
    matrix = matrix * np.sign(np.diag(upper))
    return matrix if np.linalg.det(matrix) > 0 else matrix[:, [1, 0, 2]]
