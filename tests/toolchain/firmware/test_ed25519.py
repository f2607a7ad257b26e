"""The firmware's verification of Ed25519, compiled for this machine: vectors of RFC 8032, and a library beside it."""

import ctypes
import hashlib
import random
import re
import subprocess

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from hypothesis import given, settings
from hypothesis import strategies as st

from designer.toolchain.boards import FIRMWARE_ROOT

TABLES = FIRMWARE_ROOT / "core" / "tables"
P = 2**255 - 19
ORDER = 2**252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, -1, P) % P
# RFC 8032, 7.1: public key, message, signature
VECTORS = [
    (
        "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a",
        "",
        "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe"
        "24655141438e7a100b",
    ),
    (
        "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c",
        "72",
        "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302a"
        "eeb00d291612bb0c00",
    ),
    (
        "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025",
        "af82",
        "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290ae67f760984dc6594a7c15e9716ed2"
        "8dc027beceea1ec40a",
    ),
    (
        "ec172b93ad5e563bf4932c70e1245034c35467ef2efd4d64ebf819683467e2bf",
        "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a2192992a274fc1a836ba3c23a3feebbd454d4423643ce8"
        "0e2a9ac94fa54ca49f",
        "dc2a4459e7369633a52b1bf277839a00201009a3efbf3ecb69bea2186c26b58909351fc9ac90b3ecfdfbc7c66431e0303dca179c138ac1"
        "7ad9bef1177331a704",
    ),
]


class Span(ctypes.Structure):
    _fields_ = (("data", ctypes.c_char_p), ("size", ctypes.c_size_t))


@pytest.fixture(scope="module")
def verify(tmp_path_factory):
    """Call ps_ed25519_verify on a message in parts; arithmetic that overflows ends the process."""
    library = tmp_path_factory.mktemp("ed25519") / "ed25519.so"
    sources = [TABLES / "ed25519.c", TABLES / "sha512.c"]
    warnings = ["-Wall", "-Wextra", "-Werror", "-Wshadow", "-Wconversion"]
    checks = ["-fsanitize=undefined", "-fsanitize-undefined-trap-on-error"]
    command = ["gcc", "-std=gnu11", "-O2", *warnings, *checks, "-shared", "-fPIC", "-I", FIRMWARE_ROOT / "core"]
    subprocess.run([*command, *sources, "-o", library], check=True)
    function = ctypes.CDLL(str(library)).ps_ed25519_verify
    function.restype = ctypes.c_bool

    def call(key, signature, *parts):
        spans = (Span * len(parts))(*(Span(part, len(part)) for part in parts))
        return function(key, signature, spans, len(parts))

    return call


@pytest.mark.parametrize(("key", "message", "signature"), VECTORS)
def test_the_vectors_of_the_rfc(verify, key, message, signature):
    key, message, signature = (bytes.fromhex(text) for text in (key, message, signature))
    assert verify(key, signature, message)
    for bit in range(0, 512, 13):
        wrong = bytearray(signature)
        wrong[bit // 8] ^= 1 << bit % 8
        assert not verify(key, bytes(wrong), message)


@settings(max_examples=30, deadline=None)
@given(seed=st.binary(min_size=32, max_size=32), message=st.binary(max_size=700), cut=st.integers(0, 700))
def test_what_the_library_signs_is_good_however_it_is_cut(verify, seed, message, cut):
    key = Ed25519PrivateKey.from_private_bytes(seed)
    public, signature = key.public_key().public_bytes_raw(), key.sign(message)
    assert verify(public, signature, message[:cut], message[cut:])
    assert not verify(public, signature, message + b"\0")


@settings(max_examples=40, deadline=None)
@given(seed=st.binary(min_size=32, max_size=32), message=st.binary(max_size=40), change=st.integers(0, 8 * 96 - 1))
def test_the_library_and_the_firmware_agree_on_one_wrong_bit(verify, seed, message, change):
    key = Ed25519PrivateKey.from_private_bytes(seed)
    both = bytearray(key.public_key().public_bytes_raw() + key.sign(message))
    both[change // 8] ^= 1 << change % 8
    public, signature = bytes(both[:32]), bytes(both[32:])
    try:
        Ed25519PublicKey.from_public_bytes(public).verify(signature, message)
        good = True
    except InvalidSignature:
        good = False
    assert verify(public, signature, message) is good is False


def test_a_scalar_of_the_order_or_more_is_refused(verify):
    # RFC 8032, 5.1.7: otherwise S + L would sign as S does.
    key = Ed25519PrivateKey.from_private_bytes(bytes(32))
    signature = key.sign(b"m")
    s = int.from_bytes(signature[32:], "little")
    public = key.public_key().public_bytes_raw()
    assert verify(public, signature, b"m")
    for more in (ORDER, 2 * ORDER):
        assert not verify(public, signature[:32] + (s + more).to_bytes(32, "little"), b"m")


def test_a_key_that_is_no_point_is_refused(verify):
    signature = Ed25519PrivateKey.from_private_bytes(bytes(32)).sign(b"m")
    not_square = next(
        y for y in range(2, 100) if pow((y * y - 1) * pow(D * y * y + 1, -1, P), (P - 1) // 2, P) == P - 1
    )
    for y in (not_square, P, P + 1, 2**255 - 1, 1 | 1 << 255):
        assert not verify(y.to_bytes(32, "little"), signature, b"m")


@pytest.mark.parametrize("size", [0, 1, 111, 112, 127, 128, 129, 240, 4096])
def test_the_hash_pads_every_length(verify, size):
    key = Ed25519PrivateKey.from_private_bytes(hashlib.sha256(b"%d" % size).digest())
    message = random.Random(size).randbytes(size)
    assert verify(key.public_key().public_bytes_raw(), key.sign(message), message)


def test_the_constants_are_those_of_the_standards():
    # FIPS 180-4, 4.2.3 and 5.3.5; RFC 8032, 5.1
    constants = [int(text, 16) for text in re.findall(r"0x([0-9A-F]{16})u", (TABLES / "sha512.c").read_text())]
    primes = [n for n in range(2, 410) if all(n % k for k in range(2, n))]
    for constant, prime in zip(constants[:80], primes, strict=True):
        assert constant == round_down_root(prime << 192, 3) & (2**64 - 1)
    for constant, prime in zip(constants[80:], primes[:8], strict=True):
        assert constant == round_down_root(prime << 128, 2) & (2**64 - 1)


def round_down_root(value, degree):
    low, high = 0, 1 << value.bit_length() // degree + 1
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if middle**degree <= value else (low, middle - 1)
    return low
