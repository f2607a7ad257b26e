"""Key pairs of Ed25519 (RFC 8032): the private half signs tables, the public half is built into an image."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

from designer.errors import LayoutError, OutputConflictError

try:
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
except ImportError:
    IS_AVAILABLE = False
else:
    IS_AVAILABLE = True

KEY_BYTES = 32


def new_key(path: Path) -> bytes:
    """Make a key pair, and write its private half as PEM (PKCS #8), readable for its owner only.

    Parameters
    ----------
    path : Path
        A file that does not exist.

    Returns
    -------
    bytes
        The public half, 32 bytes.

    Raises
    ------
    OutputConflictError
        If the file exists.
    LayoutError
        If the package cryptography is missing.
    """
    _need_cryptography()
    key = Ed25519PrivateKey.generate()
    text = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError as error:
        raise OutputConflictError(f"'{path}' exists: a key is never overwritten; choose another name") from error
    with os.fdopen(handle, "wb") as file:
        file.write(text)
    return bytes(key.public_key().public_bytes_raw())


def signer(path: Path) -> Callable[[bytes], bytes]:
    """Read a private key, and return the function that signs with it.

    Raises
    ------
    LayoutError
        If the file is no such key, or the package cryptography is missing.
    """
    sign = _private(path).sign
    return lambda message: bytes(sign(message))


def public_half(path: Path) -> bytes:
    """Read the public half, 32 bytes, of a private key.

    Raises
    ------
    LayoutError
        If the file is no such key, or the package cryptography is missing.
    """
    return bytes(_private(path).public_key().public_bytes_raw())


def read_public_key(text: str) -> bytes:
    """Read a public key: 64 hexadecimal digits, or the name of a file with them or with a private key.

    Raises
    ------
    LayoutError
        If it is none of these.
    """
    found = text
    path = Path(text)
    if path.is_file():
        try:
            found = path.read_text(encoding="ascii").strip()
        except (OSError, UnicodeDecodeError) as error:
            raise LayoutError(f"public key '{text}': cannot be read: {error}") from error
        if found.startswith("-----BEGIN PRIVATE KEY-----"):
            return public_half(path)
    try:
        key = bytes.fromhex(found)
    except ValueError:
        key = b""
    if len(key) != KEY_BYTES:
        raise LayoutError(
            f"public key '{text}': allowed are {2 * KEY_BYTES} hexadecimal digits, or a file with them or with a "
            "private key, which 'proscenium keys new' makes"
        )
    return key


def _need_cryptography() -> None:
    if not IS_AVAILABLE:
        raise LayoutError("keys need the package cryptography: pip install 'proscenium[keys]'")


def _private(path: Path) -> Ed25519PrivateKey:
    _need_cryptography()
    try:
        key = serialization.load_pem_private_key(path.read_bytes(), password=None)
    except (OSError, ValueError, TypeError, UnsupportedAlgorithm) as error:
        raise LayoutError(f"key '{path}': cannot be read: {error}; 'proscenium keys new' makes one") from error
    if not isinstance(key, Ed25519PrivateKey):
        raise LayoutError(f"key '{path}': a key of another kind; allowed is Ed25519, as 'proscenium keys new' makes")
    return key
