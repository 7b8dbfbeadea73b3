"""Needs as JSON, one way to write each, and its schema (JSON Schema 2020-12)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TypeAlias

import msgspec

from gridpact.base.errors import BadInput, Fault
from gridpact.scheduling.needs.model import Need
from gridpact.scheduling.needs.validation import faults_of, refuse_faulty

Json: TypeAlias = "dict[str, Json] | list[Json] | str | int | float | bool | None"

VERSION = 1
"""Of the schema; kinds and fields are only ever added."""

_ENCODER = msgspec.json.Encoder(order="sorted")
_ONE = msgspec.json.Decoder(Need)
_MANY = msgspec.json.Decoder(list[Need])


def to_json(need: Need) -> bytes:
    """Write a need: keys sorted, nothing that has its default."""
    return _ENCODER.encode(need)


def many_to_json(needs: Sequence[Need]) -> bytes:
    """Write needs as a JSON array, each as :func:`to_json` does."""
    return _ENCODER.encode(list(needs))


def from_json(text: bytes, file: str = "need") -> Need:
    """Read a need; raises BadInput with every fault of it."""
    try:
        need: Need = _ONE.decode(text)
    except msgspec.DecodeError as error:
        raise BadInput([_unread(file, error)]) from error
    refuse_faulty(need)
    return need


def many_from_json(text: bytes, file: str = "needs") -> tuple[Need, ...]:
    """Read a JSON array of needs; raises BadInput with every fault of all of them."""
    try:
        needs: list[Need] = _MANY.decode(text)
    except msgspec.DecodeError as error:
        raise BadInput([_unread(file, error)]) from error
    faults = [
        replace(fault, file=file, where=f"[{place}] {fault.where}")
        for place, need in enumerate(needs)
        for fault in faults_of(need)
    ]
    if faults:
        raise BadInput(faults)
    return tuple(needs)


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
