"""Needs as JSON, one way to write each, and its schema (JSON Schema 2020-12)."""

from __future__ import annotations

from typing import TypeAlias

import msgspec

from gridpact.base.errors import BadInput, Fault
from gridpact.scheduling.needs.model import Need
from gridpact.scheduling.needs.validation import refuse_faulty

Json: TypeAlias = "dict[str, Json] | list[Json] | str | int | float | bool | None"

VERSION = 1
"""Of the schema; kinds and fields are only ever added."""

_ENCODER = msgspec.json.Encoder(order="sorted")
_DECODER = msgspec.json.Decoder(Need)


def to_json(need: Need) -> bytes:
    """Write a need: keys sorted, nothing that has its default."""
    return _ENCODER.encode(need)


def from_json(text: bytes, file: str = "need") -> Need:
    """Read a need; raises BadInput with every fault of it."""
    try:
        need: Need = _DECODER.decode(text)
    except msgspec.DecodeError as error:
        raise BadInput([_unread(file, error)]) from error
    refuse_faulty(need)
    return need


def schema() -> Json:
    """JSON Schema of a need, with what every kind and field means."""
    found: dict[str, Json] = msgspec.json.schema(Need)
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Need",
        "version": VERSION,
        **found,
    }


def _unread(file: str, error: msgspec.DecodeError) -> Fault:
    problem, _, where = str(error).partition(" - at `")
    fix = "write it as 'gridpact need list RUN --json' prints what stands"
    return Fault(file, 0, where.rstrip("`"), problem[:1].lower() + problem[1:], fix)
