"""Accounts of a chain: a secp256k1 key, its address, and the transactions that it signs."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Self

import msgspec

from gridpact.base.errors import StoreError
from gridpact.base.keyfiles import read_key, write_key
from gridpact.ledger.evm.rpc import need_web3

SECRET_BYTES = 32
ADDRESS_BYTES = 20
_SECRET = re.compile(rb"^(?:0x)?([0-9a-fA-F]{64})\s*$")


class Call(msgspec.Struct, frozen=True):
    """What a transaction does: it calls ``to`` with ``data``, or makes a contract of it.

    ``to`` has 20 bytes, or none for a new contract; it may use ``gas`` units at most.
    """

    to: bytes
    data: bytes
    gas: int


class Account:
    """A key that pays for and signs transactions. Its text is never shown."""

    def __init__(self, secret: bytes) -> None:
        """Take 32 secret bytes; ValueError where they are no key of the curve."""
        need_web3()
        from eth_keys.datatypes import PrivateKey

        if len(secret) != SECRET_BYTES:
            raise ValueError(f"an account's key is {SECRET_BYTES} secret bytes, not {len(secret)}")
        try:
            self._key = PrivateKey(secret)
            self.address = self._key.public_key.to_canonical_address()
        except Exception as error:
            raise ValueError("these 32 bytes are no key of secp256k1") from error
        self.public = self._key.public_key.to_bytes()

    @classmethod
    def load(cls, path: Path) -> Self:
        """Read a key file of 64 hex digits; StoreError where it is missing or others read it."""
        found = _SECRET.match(read_key(path))
        try:
            if found is None:
                raise ValueError("it holds no 64 hex digits")
            return cls(bytes.fromhex(found[1].decode()))
        except ValueError as error:
            raise StoreError(f"key file {path} holds no key of an account: {error}") from error

    def save(self, path: Path) -> None:
        """Write the key to a new file for its owner alone."""
        write_key(path, self._key.to_bytes().hex().encode() + b"\n")

    def sign(self, chain: int, nonce: int, price: int, call: Call) -> tuple[bytes, bytes]:
        """Sign a transaction of one chain (EIP-155); return it as sent, and its hash.

        Signatures are deterministic (RFC 6979): the same transaction has always the same hash.
        """
        from eth_account import Account as Signer
        from eth_utils.address import to_checksum_address

        fields = {
            "chainId": chain,
            "nonce": nonce,
            "gasPrice": price,
            "gas": call.gas,
            "to": to_checksum_address(call.to) if call.to else "",
            "data": call.data,
            "value": 0,
        }
        signed = Signer.sign_transaction(fields, self._key.to_bytes())
        return bytes(signed.raw_transaction), bytes(signed.hash)
