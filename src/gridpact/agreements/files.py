"""Documents as files: JSON with sorted keys, whole numbers as text, bytes as 0x and hex digits.

::

    {"agreement": {"authority", "end", "id", "offer_until", "parties": [{"address", "name"}, …],
                   "previous", "start", "step", "termination_notice_s", "terms", "terms_hash",
                   "version"},
     "document": "gridpact-agreement/1",
     "signatures": [{"address", "party", "signature"}, …]}

``terms`` are the canonical bytes as text: what the hash covers stands in the file letter by
letter. A document says the same however its JSON is laid out; only its digest is signed.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from gridpact.agreements.addresses import SIGNATURE_BYTES, checksummed, normalised, parse_address
from gridpact.agreements.checks import field_faults
from gridpact.agreements.documents import Document
from gridpact.agreements.model import HASH_BYTES, Agreement, Party
from gridpact.agreements.signatures import Signature
from gridpact.base import documents
from gridpact.base.documents import Path as Place
from gridpact.base.documents import Value
from gridpact.base.errors import BadInput, Fault, StoreError
from gridpact.base.files import write_whole
from gridpact.base.units import INT64_MAX

SCHEMA = "gridpact-agreement/1"
_WHOLE = re.compile(r"0|-?[1-9][0-9]{0,18}")
_HEX = re.compile(r"0x(?:[0-9a-f]{2})*")
_TEXTS = ("id", "authority", "terms")
_NUMBERS = ("version", "step", "start", "end", "offer_until", "termination_notice_s")
_HASHES = ("terms_hash", "previous")

T = TypeVar("T")


def to_text(document: Document) -> str:
    """Return the file of a document; equal documents have equal files."""
    agreement = document.agreement
    fields: dict[str, object] = {
        "id": agreement.id,
        "authority": agreement.authority,
        "terms": agreement.terms.decode("ascii"),
        "parties": [
            {"name": party.name, "address": checksummed(party.address)}
            for party in agreement.parties
        ],
    }
    fields |= {name: str(getattr(agreement, name)) for name in _NUMBERS}
    fields |= {name: "0x" + getattr(agreement, name).hex() for name in _HASHES}
    signatures = [
        {
            "party": each.party,
            "address": checksummed(each.address),
            "signature": "0x" + each.signature.hex(),
        }
        for each in document.signatures
    ]
    whole = {"document": SCHEMA, "agreement": fields, "signatures": signatures}
    return json.dumps(whole, sort_keys=True, indent=2, ensure_ascii=True) + "\n"


def from_text(data: bytes, file: str) -> Document:
    """Read a document; raises BadInput listing every fault with its line.

    Whether its terms and signatures hold is for :func:`gridpact.agreements.documents.verify`.
    """
    parsed = documents.parse(data, file)
    found = _Reader(parsed).document() if parsed.value is not None else None
    if found is not None and not parsed.faults:
        for field, problem, fix in field_faults(found.agreement):
            line = parsed.line(("agreement", *re.split(r"[.\[\]]+", field)[:1]))
            parsed.faults.append(Fault(file, line, f"agreement.{field}", problem, fix))
    if found is None or parsed.faults:
        raise BadInput(parsed.faults or [Fault(file, 0, "", "is empty", "write a document")])
    return found


def write_signed(path: Path, document: Document) -> None:
    """Keep a document in a file, in place of what the file held, whole or not at all."""
    try:
        write_whole(path, to_text(document).encode("ascii"))
    except OSError as error:
        raise StoreError(f"document {path}: {error.strerror or error}") from error


def read_signed(path: Path) -> Document:
    """Read a document from a file; raises StoreError, or BadInput as :func:`from_text`."""
    try:
        data = path.read_bytes()
    except OSError as error:
        raise StoreError(f"document {path}: {error.strerror or error}") from error
    return from_text(data, str(path))


class _Reader:
    """Builds a document from plain values and notes every fault on the way."""

    def __init__(self, parsed: documents.Document) -> None:
        self._parsed = parsed

    def document(self) -> Document | None:
        top = self._object(self._parsed.value, (), ("document", "agreement", "signatures"))
        if top is None:
            return None
        if top["document"] != SCHEMA:
            self._fault(("document",), f"{top['document']!r} is not known", f"use {SCHEMA!r}")
        agreement = self._agreement(top["agreement"], ("agreement",))
        signatures = self._each(top["signatures"], ("signatures",), self._signature)
        return Document(agreement, signatures) if agreement and signatures is not None else None

    def _agreement(self, value: Value, at: Place) -> Agreement | None:
        fields = self._object(value, at, (*_TEXTS, *_NUMBERS, *_HASHES, "parties"))
        if fields is None:
            return None
        texts = {name: self._text(fields[name], (*at, name)) for name in _TEXTS}
        numbers = {name: self._whole(fields[name], (*at, name)) for name in _NUMBERS}
        hashes = {name: self._bytes(fields[name], (*at, name), HASH_BYTES) for name in _HASHES}
        parties = self._each(fields["parties"], (*at, "parties"), self._party)
        terms = self._ascii(texts.pop("terms"), (*at, "terms"))
        if parties is None or terms is None or None in [*texts.values(), *numbers.values()]:
            return None
        if None in hashes.values():
            return None
        return Agreement(terms=terms, parties=parties, **texts, **numbers, **hashes)  # type: ignore[arg-type]

    def _party(self, value: Value, at: Place) -> Party | None:
        fields = self._object(value, at, ("name", "address"))
        if fields is None:
            return None
        name = self._text(fields["name"], (*at, "name"))
        address = self._address(fields["address"], (*at, "address"))
        return None if name is None or address is None else Party(name, address)

    def _signature(self, value: Value, at: Place) -> Signature | None:
        fields = self._object(value, at, ("party", "address", "signature"))
        if fields is None:
            return None
        party = self._text(fields["party"], (*at, "party"))
        address = self._address(fields["address"], (*at, "address"))
        made = self._bytes(fields["signature"], (*at, "signature"), SIGNATURE_BYTES)
        if party is None or address is None or made is None:
            return None
        return Signature(party, address, normalised(made))

    def _fault(self, at: Place, problem: str, fix: str) -> None:
        if at not in self._parsed.spoilt:
            self._parsed.fault(at, problem, fix)

    def _object(self, value: Value, at: Place, keys: tuple[str, ...]) -> dict[str, Value] | None:
        if not isinstance(value, dict):
            self._fault(at, "is not an object", f"give {', '.join(keys)}")
            return None
        for key in sorted(value.keys() - set(keys)):
            self._fault((*at, key), "is not known", f"keys here are {', '.join(keys)}")
        missing = [key for key in keys if key not in value]
        for key in missing:
            self._fault(at, f"{key!r} is missing", f"give {', '.join(keys)}")
        return None if missing else value

    def _each(
        self, value: Value, at: Place, read: Callable[[Value, Place], T | None]
    ) -> tuple[T, ...] | None:
        if not isinstance(value, list):
            self._fault(at, "is not a list", "write a list")
            return None
        found = [read(each, (*at, place)) for place, each in enumerate(value)]
        whole = tuple(each for each in found if each is not None)
        return whole if len(whole) == len(found) else None

    def _text(self, value: Value, at: Place) -> str | None:
        if isinstance(value, str):
            return value
        self._fault(at, f"{value!r} is not text", "put it between quotes")
        return None

    def _ascii(self, text: str | None, at: Place) -> bytes | None:
        if text is None or text.isascii():
            return None if text is None else text.encode("ascii")
        self._fault(at, "has letters beyond ASCII", "write the canonical bytes as they were hashed")
        return None

    def _whole(self, value: Value, at: Place) -> int | None:
        text = self._text(value, at)
        if text is None:
            return None
        if _WHOLE.fullmatch(text) is None or abs(int(text)) > INT64_MAX:
            self._fault(at, f"{text[:40]!r} is not a whole number of 64 bits", "write digits")
            return None
        return int(text)

    def _bytes(self, value: Value, at: Place, count: int) -> bytes | None:
        text = self._text(value, at)
        if text is None:
            return None
        if _HEX.fullmatch(text) is None or len(text) != 2 + 2 * count:
            self._fault(at, "is not written as bytes", f"give 0x and {2 * count} small hex digits")
            return None
        return bytes.fromhex(text[2:])

    def _address(self, value: Value, at: Place) -> bytes | None:
        text = self._text(value, at)
        try:
            return None if text is None else parse_address(text)
        except ValueError as error:
            self._fault(at, str(error), "copy the address from the wallet")
            return None
