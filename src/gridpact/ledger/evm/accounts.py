"""Accounts of a chain: a secp256k1 key, its address, and the transactions that it signs."""

from __future__ import annotations

from pathlib import Path
from typing import Self

import msgspec

from gridpact.agreements.keys import WalletKey
from gridpact.base.keyfiles import write_key
from gridpact.ledger.evm.rpc import need_web3

ADDRESS_BYTES = 20


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
        self._wallet = WalletKey(secret)
        self.address = self._wallet.address
        self.public = self._wallet.public

    @classmethod
    def load(cls, path: Path) -> Self:
        """Read a key file of 64 hex digits; StoreError where it is missing or others read it."""
        return cls(WalletKey.load(path).secret())

    def save(self, path: Path) -> None:
        """Write the key to a new file for its owner alone, as nodes read it: without 0x."""
        write_key(path, self._wallet.secret().hex().encode() + b"\n")

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
        signed = Signer.sign_transaction(fields, self._wallet.secret())
        return bytes(signed.raw_transaction), bytes(signed.hash)
