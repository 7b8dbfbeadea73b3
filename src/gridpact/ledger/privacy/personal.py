"""Personal data to look for: what it is, whose, and its bytes or text."""

from __future__ import annotations

import csv
import io
import json
import struct
from collections.abc import Iterator, Mapping
from typing import TypeAlias

import msgspec

from gridpact.ledger.leaves import LeafBody, encode

Row: TypeAlias = Mapping[str, str | int]
_TELLING = 4
"""Different numbers that a series has at least to be anybody's: zeros alone stand everywhere."""


class Datum(msgspec.Struct, frozen=True):
    """Something personal: ``what`` it is (``name``, ``IBAN`` …), whose, and the thing itself.

    Findings tell what and whose, never the data.
    """

    what: str
    whose: str
    data: str | bytes


def coordinates(whose: str, latitude: float, longitude: float) -> Iterator[Datum]:
    """Yield a place as texts of five and six decimals and as binary numbers of 64 bits."""
    for name, degrees in (("latitude", latitude), ("longitude", longitude)):
        for text in {f"{degrees:.4f}", f"{degrees:.5f}", f"{degrees:.6f}", repr(degrees)}:
            yield Datum(name, whose, text)
        for order in "<>":
            yield Datum(f"{name} as a binary number", whose, struct.pack(f"{order}d", degrees))


def row(what: str, whose: str, fields: Row) -> Iterator[Datum]:
    """Yield one row of a table in the usual forms of JSON and CSV, with and without line ends."""
    values = dict(fields)
    for order in (values, dict(sorted(values.items()))):
        for seams in ((",", ":"), (", ", ": ")):
            yield from _lines(what, whose, json.dumps(order, separators=seams))
            yield from _lines(what, whose, json.dumps(list(order.values()), separators=seams))
    for delimiter in ",;\t":
        text = io.StringIO()
        csv.writer(text, delimiter=delimiter, lineterminator="").writerow(values.values())
        yield from _lines(what, whose, text.getvalue())


def _lines(what: str, whose: str, text: str) -> Iterator[Datum]:
    for end in ("", "\n", "\r\n"):
        yield Datum(what, whose, (text + end).encode())


def unsalted(body: LeafBody) -> Iterator[Datum]:
    """Yield what a leaf commits to as if it had no salt: its bytes, and its numbers alone."""
    yield Datum(f"{body.kind} in a leaf", body.subject, encode(body))
    if len(set(body.values.ravel().tolist())) < _TELLING:
        return
    for order in "<>":
        numbers = body.values.astype(f"{order}i8").tobytes()
        yield Datum(f"{body.kind} as binary numbers", body.subject, numbers)
    for seams in (",", ", "):
        text = seams.join(str(each) for each in body.values.ravel().tolist())
        yield Datum(f"{body.kind} as text", body.subject, text.encode())
        yield Datum(f"{body.kind} as text", body.subject, f"[{text}]".encode())
