"""The authority's key (Ed25519, RFC 8032) that signs every block of the local ledger."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)

from gridpact.base.errors import StoreError
from gridpact.base.keyfiles import read_key, write_key

KEY_BYTES = 32
_PREFIX = "ed25519:"


@dataclass(frozen=True)
class PublicKey:
    """What anyone may know: checks signatures. ``raw`` is the 32-byte Ed25519 public key."""

    raw: bytes

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read the text form ``ed25519:<64 hex digits>``; ValueError where it is not that."""
        digits = text.removeprefix(_PREFIX)
        if digits == text or len(digits) != 2 * KEY_BYTES or digits != digits.lower():
            raise ValueError(f"not a public key of the form {_PREFIX}<64 hex digits>: {text!r}")
        return cls(bytes.fromhex(digits))

    def __str__(self) -> str:
        """Return the text form, read back by :meth:`parse`."""
        return _PREFIX + self.raw.hex()

    def holds(self, message: bytes, signature: bytes) -> bool:
        """Tell whether ``signature`` is this key's signature of ``message``."""
        try:
            Ed25519PublicKey.from_public_bytes(self.raw).verify(signature, message)
        except (InvalidSignature, ValueError):
            return False
        return True


_CONTRACT = re.compile(r"eip155:([1-9][0-9]{0,17}):0x([0-9a-f]{40})")


@dataclass(frozen=True)
class Contract:
    """A ledger's front contract, which seals its blocks on a chain; ``address`` has 20 bytes."""

    chain: int
    address: bytes

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read the text form ``eip155:<chain id>:0x<40 hex digits>`` (CAIP-10); or ValueError."""
        found = _CONTRACT.fullmatch(text)
        if found is None:
            raise ValueError(f"not a contract of the form eip155:<chain>:0x<40 digits>: {text!r}")
        return cls(int(found[1]), bytes.fromhex(found[2]))

    def __str__(self) -> str:
        """Return the text form, read back by :meth:`parse`."""
        return f"eip155:{self.chain}:0x{self.address.hex()}"


class AuthorityKey:
    """The private key. Signatures are deterministic: same key and message, same 64 bytes."""

    def __init__(self, entropy: bytes) -> None:
        """Make the key of 32 secret bytes; the caller draws them from the system's generator."""
        if len(entropy) != KEY_BYTES:
            raise ValueError(f"an Ed25519 key is {KEY_BYTES} secret bytes, not {len(entropy)}")
        self._private = Ed25519PrivateKey.from_private_bytes(entropy)
        self.public = PublicKey(self._private.public_key().public_bytes_raw())

    @property
    def private(self) -> Ed25519PrivateKey:
        """The key itself, for what signs with it in another form."""
        return self._private

    def sign(self, message: bytes) -> bytes:
        """Sign a message [64 bytes]."""
        return self._private.sign(message)

    def save(self, path: Path) -> None:
        """Write the key as PEM (PKCS #8), readable by its owner only; never overwrites a file."""
        text = self._private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        write_key(path, text)

    @classmethod
    def load(cls, path: Path) -> Self:
        """Read a key that :meth:`save` wrote; refuses a file that others may read."""
        try:
            key = load_pem_private_key(read_key(path), password=None)
        except (ValueError, TypeError, UnsupportedAlgorithm) as error:
            raise StoreError(f"key file {path} holds no unencrypted PEM private key") from error
        if not isinstance(key, Ed25519PrivateKey):
            raise StoreError(f"key file {path} holds a key that is not Ed25519")
        return cls(key.private_bytes_raw())


def derived_secret(seed: int, *name: str) -> bytes:
    """32 reproducible bytes from a run's seed and a name (HKDF-SHA-256, RFC 5869).

    For demonstrations and simulated members only: whoever knows the seed knows the secret.
    """
    salt = b"gridpact demonstration, not for real use"
    info = "\x1f".join(name).encode()
    return HKDF(SHA256(), KEY_BYTES, salt=salt, info=info).derive(str(seed).encode())


def demonstration_key(seed: int, name: str = "authority") -> AuthorityKey:
    """Key of a simulated run: the same seed and name always give the same key.

    Not for real use: whoever knows the seed can sign.
    """
    return AuthorityKey(derived_secret(seed, "key", name))
