"""Files of signed readings, of an authority's statements, and of how far chains are known."""

from __future__ import annotations

import re
from pathlib import Path

import msgspec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from gridpact.app.orders import instants
from gridpact.base.errors import BadInput, Fault
from gridpact.base.files import read_regular
from gridpact.base.slots import iso
from gridpact.metering.edge.findings import Head
from gridpact.metering.edge.records import Stream, encoded_point, from_bytes
from gridpact.metering.edge.statements import Statement, problems
from gridpact.metering.edge.verification import Verified

MOST_BYTES = 4 << 30
MOST_TEXT = 64 << 20
_KEY = re.compile(r"ed25519:([0-9a-f]{64})")


class _Stated(msgspec.Struct, forbid_unknown_fields=True):
    point: str
    device: str
    begin: str = msgspec.field(name="from")
    signature: str


class _Head(msgspec.Struct):
    point: str
    device: str
    sequence: int
    digest: str
    end: str


class _Told(msgspec.Struct):
    heads: list[_Head]


def read_stream(path: Path) -> Stream:
    """Read a file of signed readings; BadInput where it is none."""
    data = _read(path, MOST_BYTES)
    try:
        return from_bytes(data)
    except ValueError as error:
        raise BadInput(
            [Fault(str(path), 1, "", str(error), "name a file of signed readings")]
        ) from error


def read_key(path: Path) -> bytes:
    """Read a public key, ``ed25519:`` and 64 hex digits; BadInput where the file holds none."""
    match = _KEY.fullmatch(_read(path, 4096).decode("ascii", errors="replace").strip())
    if match is None:
        fix = "write ed25519: and the 64 hex digits of the public key"
        raise BadInput([Fault(str(path), 1, "", "is no public key", fix)])
    return bytes.fromhex(match[1])


def read_statements(path: Path, authority: bytes) -> tuple[Statement, ...]:
    """Read statements, a JSON object on each line; BadInput lists every line that cannot stand."""
    faults, found, lines = list[Fault](), list[Statement](), list[int]()
    for number, line in enumerate(_read(path, MOST_TEXT).splitlines(), start=1):
        if not line.strip():
            continue
        try:
            found.append(_statement(msgspec.json.decode(line, type=_Stated)))
            lines.append(number)
        except (ValueError, UnicodeDecodeError) as error:
            fix = 'write {"point": …, "device": "ed25519:…", "from": …, "signature": …}'
            faults.append(Fault(str(path), number, "", f"is no statement: {error}", fix))
    for place, problem in problems(found, authority):
        fix = "ask the authority for its statement"
        faults.append(Fault(str(path), lines[place], found[place].point, problem, fix))
    if not found and not faults:
        faults.append(Fault(str(path), 0, "", "there are no statements", "write one on each line"))
    if faults:
        raise BadInput(faults)
    return tuple(found)


def statement_line(statement: Statement) -> str:
    """Write a statement as :func:`read_statements` reads it."""
    fields = {
        "point": statement.point,
        "device": f"ed25519:{statement.device.hex()}",
        "from": iso(statement.from_s),
        "signature": statement.signature.hex(),
    }
    return msgspec.json.encode(fields).decode() + "\n"


def read_heads(path: Path) -> tuple[Head, ...]:
    """Read how far chains were known, from what ``readings verify --json`` printed."""
    try:
        told = msgspec.json.decode(_read(path, MOST_TEXT), type=_Told)
        return tuple(
            Head(
                each.point,
                _bytes(each.device.removeprefix("ed25519:"), 32),
                each.sequence,
                _bytes(each.digest, 32),
                _instant(each.end),
            )
            for each in told.heads
        )
    except (ValueError, UnicodeDecodeError) as error:
        fix = "give a file that gridpact readings verify --json printed"
        raise BadInput([Fault(str(path), 0, "heads", str(error), fix)]) from error


def as_dict(done: Verified) -> dict[str, object]:
    """Write a verification as JSON has it."""
    return {
        "readings": len(done.sound),
        "sound": int(done.sound.sum()),
        "found": [
            {"row": each.row, "kind": each.kind, "point": each.point, "words": each.words}
            for each in done.found
        ],
        "pauses": [
            {"row": each.row, "point": each.point, "words": each.words} for each in done.pauses
        ],
        "heads": [
            {
                "point": each.point,
                "device": f"ed25519:{each.device.hex()}",
                "sequence": each.sequence,
                "digest": each.digest.hex(),
                "end": iso(each.end_s),
            }
            for each in done.heads
        ],
    }


def _statement(stated: _Stated) -> Statement:
    encoded_point(stated.point)
    match = _KEY.fullmatch(stated.device)
    if match is None:
        raise ValueError("the device is not ed25519: and 64 hex digits")
    device, signature = bytes.fromhex(match[1]), _bytes(stated.signature, 64)
    Ed25519PublicKey.from_public_bytes(device)
    return Statement(stated.point, device, _instant(stated.begin), signature)


def _bytes(text: str, count: int) -> bytes:
    if not re.fullmatch(f"[0-9a-f]{{{2 * count}}}", text):
        raise ValueError(f"{text[:20]!r} is not {2 * count} hex digits")
    return bytes.fromhex(text)


def _instant(text: str) -> int:
    return instants.epoch(instants.parse(text), "UTC")


def _read(path: Path, most: int) -> bytes:
    try:
        return read_regular(path, most)
    except OSError as error:
        problem = error.strerror or str(error)
        raise BadInput([Fault(str(path), 0, "", problem, "name a readable file")]) from error
