"""A wallet's private key in a file, for who signs on the command line rather than in a wallet."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Self

from gridpact.agreements.addresses import ADDRESS, ORDER, address_of, checksummed
from gridpact.base.errors import StoreError
from gridpact.base.keyfiles import read_key, write_key

KEY_BYTES = 32
_ADDRESS_BYTES = 64
"""How much of a file tells an address from a key."""
_HEX = re.compile(r"(?:0x)?([0-9a-fA-F]{64})\n?")


class WalletKey:
    """A secp256k1 private key. Signatures are deterministic (RFC 6979): same input, same bytes."""

    def __init__(self, entropy: bytes) -> None:
        """Make the key of 32 secret bytes; the caller draws them from the system's generator."""
        from coincurve import PrivateKey

        if len(entropy) != KEY_BYTES or not 0 < int.from_bytes(entropy, "big") < ORDER:
            raise ValueError(f"a secp256k1 key is {KEY_BYTES} bytes, a number from 1 to the order")
        self._private = PrivateKey(entropy)
        point = self._private.public_key.format(compressed=False)
        self.public = point[1:]
        """The point on the curve: x and y [64 bytes]."""
        self.address = address_of(point)

    def __repr__(self) -> str:  # never the secret
        return f"<key of {checksummed(self.address)}>"

    def secret(self) -> bytes:
        """Return the 32 secret bytes, for what signs with them in another form."""
        return bytes(self._private.secret)

    def sign(self, digest: bytes) -> bytes:
        """Sign a digest [32 bytes]: r, s and v [65 bytes] with the lower s, v of 27 or 28."""
        made = self._private.sign_recoverable(digest, hasher=None)
        return made[:-1] + bytes([27 + made[-1]])

    def save(self, path: Path) -> None:
        """Write the key as hex, readable by its owner only; never overwrites a file."""
        write_key(path, f"0x{self._private.secret.hex()}\n".encode("ascii"))

    @classmethod
    def load(cls, path: Path) -> Self:
        """Read a key of 64 hex digits, with or without 0x; refuses a file that others may read."""
        _refuse_address(path)
        found = _HEX.fullmatch(read_key(path).decode("ascii", errors="replace"))
        if found is None:
            raise StoreError(f"key file {path} holds no private key: one line of 64 hex digits")
        try:
            return cls(bytes.fromhex(found[1]))
        except ValueError as error:
            raise StoreError(f"key file {path} holds no private key: {error}") from error


def _refuse_address(path: Path) -> None:
    """Raise StoreError for a file of an address, which is public and may be open to others."""
    try:
        with path.open("rb") as file:
            text = file.read(_ADDRESS_BYTES).strip()
    except OSError:
        return  # reading the key tells why
    if ADDRESS.fullmatch(text.decode("ascii", errors="replace")):
        raise StoreError(
            f"{path} holds an address, which is for others to know, not a key; "
            f"name the file of the private key, such as {path.with_suffix('.key').name}"
        )


def create(path: Path, entropy: bytes) -> WalletKey:
    """Make a key of 32 secret bytes and keep it in a new file."""
    key = WalletKey(entropy)
    key.save(path)
    return key
