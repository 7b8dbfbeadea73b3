"""The digest that wallets sign: EIP-712 typed structured data.

A wallet shows every field before it signs, so instants are written as people read them and the
terms appear by their hash. The domain has a name, a version and a salt but no chain: an agreement
belongs to no chain, and a wallet refuses to sign for another chain than the one it is on.

Source: R. Bloemen, L. Logvinov, J. Evans, EIP-712, Typed structured data hashing and signing,
2017. Only what the structs here need is built: strings, addresses, 32 bytes, unsigned numbers,
and an array of structs.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TypeAlias

from gridpact.agreements.addresses import checksummed
from gridpact.agreements.model import Agreement, Ending, Party
from gridpact.base.slots import iso
from gridpact.contracts.canonical import keccak256

Value: TypeAlias = "str | int | bytes | Sequence[Mapping[str, Value]]"
Signable: TypeAlias = Agreement | Ending

TYPES: dict[str, tuple[tuple[str, str], ...]] = {
    "EIP712Domain": (("name", "string"), ("version", "string"), ("salt", "bytes32")),
    "Party": (("name", "string"), ("wallet", "address")),
    "Agreement": (
        ("id", "string"),
        ("version", "uint32"),
        ("termsHash", "bytes32"),
        ("parties", "Party[]"),
        ("start", "string"),
        ("end", "string"),
        ("stepSeconds", "uint32"),
        ("previous", "bytes32"),
        ("offerUntil", "string"),
        ("termination", "string"),
        ("authority", "string"),
    ),
    "Termination": (
        ("id", "string"),
        ("version", "uint32"),
        ("agreement", "bytes32"),
        ("at", "string"),
    ),
}
DOMAIN: dict[str, Value] = {
    "name": "gridpact",
    "version": "1",
    "salt": keccak256(b"gridpact agreement 1"),
}
_BELOW = {"Agreement": ("Agreement", "Party"), "Termination": ("Termination",)}


def digest(signed: Signable) -> bytes:
    """Return the 32 bytes that a wallet signs for an agreement, or for ending one."""
    name, message = _message(signed)
    return keccak256(
        b"\x19\x01" + _struct_hash("EIP712Domain", DOMAIN) + _struct_hash(name, message)
    )


def typed_data(signed: Signable) -> dict[str, object]:
    """Return the document that wallets take as ``eth_signTypedData_v4``, ready for JSON."""
    name, message = _message(signed)
    types = {
        each: [{"name": field, "type": kind} for field, kind in TYPES[each]]
        for each in ("EIP712Domain", *_BELOW[name])
    }
    return {
        "types": types,
        "primaryType": name,
        "domain": _plain(DOMAIN),
        "message": _plain(message),
    }


def notice_text(seconds: int) -> str:
    """Write on what notice one party may leave alone, as the wallet shows it."""
    return "not by one party alone" if seconds < 0 else f"by one party with {seconds} s of notice"


def _message(signed: Signable) -> tuple[str, dict[str, Value]]:
    if isinstance(signed, Ending):
        return "Termination", {
            "id": signed.id,
            "version": signed.version,
            "agreement": signed.agreement,
            "at": iso(signed.at),
        }
    return "Agreement", {
        "id": signed.id,
        "version": signed.version,
        "termsHash": signed.terms_hash,
        "parties": [_party(party) for party in signed.parties],
        "start": iso(signed.start),
        "end": iso(signed.end),
        "stepSeconds": signed.step,
        "previous": signed.previous,
        "offerUntil": iso(signed.offer_until),
        "termination": notice_text(signed.termination_notice_s),
        "authority": signed.authority,
    }


def _party(party: Party) -> dict[str, Value]:
    return {"name": party.name, "wallet": checksummed(party.address)}


def _plain(message: Mapping[str, Value]) -> dict[str, object]:
    """Write bytes as hex with 0x; everything else is as JSON has it."""
    return {
        field: "0x" + value.hex()
        if isinstance(value, bytes)
        else [_plain(each) for each in value]
        if not isinstance(value, str | int)
        else value
        for field, value in message.items()
    }


def _type_hash(name: str) -> bytes:
    """Hash a struct's type with those it is built from; these follow it in order of name."""
    written = [
        f"{each}({','.join(f'{kind} {field}' for field, kind in TYPES[each])})"
        for each in _BELOW.get(name, (name,))
    ]
    return keccak256("".join(written).encode("ascii"))


def _struct_hash(name: str, values: Mapping[str, Value]) -> bytes:
    words = [_word(kind, values[field]) for field, kind in TYPES[name]]
    return keccak256(_type_hash(name) + b"".join(words))


def _word(kind: str, value: Value) -> bytes:
    """Encode one field as 32 bytes."""
    if isinstance(value, bytes):
        return value
    if isinstance(value, int):
        return value.to_bytes(32, "big")
    if not isinstance(value, str):
        return keccak256(b"".join(_struct_hash(kind.removesuffix("[]"), each) for each in value))
    if kind == "address":
        return bytes.fromhex(value.removeprefix("0x")).rjust(32, b"\x00")
    return keccak256(value.encode("utf-8"))
