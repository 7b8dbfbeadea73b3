"""The JSON Schema of diaries, and diaries read by it.

Beyond the schema, a diary has entries within its window, in order, each of which says how it
changes the power that the one before left.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import TYPE_CHECKING, TypeAlias

import msgspec
import numpy as np

from gridpact.base.documents import spell
from gridpact.base.errors import BadInput, Fault
from gridpact.base.slots import iso
from gridpact.scheduling.diaries.document import VERSION, Diary
from gridpact.scheduling.diaries.instructions import (
    NEVER,
    Instructions,
    Standing,
    Verb,
    faults_of,
)

if TYPE_CHECKING:
    from jsonschema.exceptions import ValidationError

Json: TypeAlias = "dict[str, Json] | list[Json] | str | int | float | bool | None"

DRAFT = "https://json-schema.org/draft/2020-12/schema"
ID = f"urn:gridpact:diary:{VERSION}"
MOST_BYTES = 4 * 1024 * 1024
_STOPS = ["STOP CHARGE", "STOP SUPPLY"]


def schema() -> dict[str, Json]:
    """Return the JSON Schema (draft 2020-12) of a diary."""
    made: dict[str, Json] = msgspec.json.schema(Diary)
    parts = made["$defs"]
    if not isinstance(parts, dict):
        raise TypeError("a schema has its parts by name")
    entry, diary = parts["Entry"], parts.pop("Diary")
    if not isinstance(entry, dict) or not isinstance(diary, dict):
        raise TypeError("a part of a schema is an object")
    entry["if"] = {"properties": {"verb": {"enum": [*_STOPS]}}}
    entry["then"] = {"properties": {"target_w": {"const": 0}}}
    entry["else"] = {"properties": {"target_w": {"minimum": 1}}}
    _require(diary, "format", "version")
    return {"$schema": DRAFT, "$id": ID, **diary, "$defs": parts}


def _require(part: dict[str, Json], *names: str) -> None:
    required = part["required"]
    properties = part["properties"]
    if isinstance(required, list) and isinstance(properties, dict):
        part["required"] = [*names, *required]
        for name in names:
            found = properties[name]
            if isinstance(found, dict):
                found.pop("default", None)


def read_diary(text: bytes, file: str = "diary") -> Diary:
    """Read a diary; raises BadInput with every fault of it.

    Fields that are not known are left out, as the rule for versions asks.
    """
    if len(text) > MOST_BYTES:
        problem = f"has {len(text)} bytes; {MOST_BYTES} are read at most"
        raise BadInput([Fault(file, 0, "", problem, "shorten the window")])
    try:
        value = msgspec.json.decode(text)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise BadInput([Fault(file, 0, "", f"not JSON: {error}", "write JSON")]) from error
    faults = list(_against_schema(value, file))
    if faults:
        raise BadInput(faults)
    diary = msgspec.convert(value, Diary)
    faults = [*_untimely(diary, file), *_misnumbered(diary, file)] or list(
        _inconsistent(diary, file)
    )
    if faults:
        raise BadInput(faults)
    return diary


def _against_schema(value: Json, file: str) -> Iterator[Fault]:
    from jsonschema import Draft202012Validator

    error: ValidationError
    for error in Draft202012Validator(schema()).iter_errors(value):
        problem = error.message if len(error.message) <= 200 else f"{error.message[:199]}…"
        yield Fault(file, 0, spell(tuple(error.absolute_path)), problem, "see docs/diaries.md")


def _misnumbered(diary: Diary, file: str) -> Iterator[Fault]:
    """Versions that are not known, and revisions that do not follow another."""
    if diary.version > VERSION:
        fix = f"read it with what knows more than version {VERSION}"
        yield Fault(file, 0, "version", f"version {diary.version} is not known", fix)
    if (diary.revision == 1) != (diary.previous is None):
        problem = "all revisions but the first name the one before"
        yield Fault(file, 0, "previous", problem, "give its hash, or null for revision 1")


def _untimely(diary: Diary, file: str) -> Iterator[Fault]:
    """Instants that there are not."""
    named = [("issued", diary.issued), ("window.begin", diary.window.begin)]
    named += [("window.end", diary.window.end)]
    for place, entry in enumerate(diary.entries):
        named.append((f"entries[{place}].at", entry.at))
        if entry.asking is not None:
            named.append((f"entries[{place}].asking.until", entry.asking.until))
    for where, text in named:
        try:
            instant_of(text)
        except ValueError:
            yield Fault(file, 0, where, f"there is no {text}", "name a day and time there is")


def _inconsistent(diary: Diary, file: str) -> Iterator[Fault]:
    begin, end = instant_of(diary.window.begin), instant_of(diary.window.end)
    if end <= begin:
        problem = f"ends at {diary.window.end}, before it begins"
        yield Fault(file, 0, "window", problem, "let it end later")
    for place, entry in enumerate(diary.entries):
        if not begin <= instant_of(entry.at) < end:
            fix = "leave it out, or widen the window"
            yield Fault(file, 0, f"entries[{place}]", f"{entry.at} is not in the window", fix)
        if (entry.state == "asked") != (entry.asking is not None):
            problem = "asking belongs to entries that are asked, and to no others"
            yield Fault(file, 0, f"entries[{place}].asking", problem, "tell until when, or drop it")
    instructions, standing = columns_of(diary)
    for fault in faults_of(instructions, standing, file):
        yield Fault(file, 0, fault.where.removeprefix("asset 0, "), fault.problem, fault.fix)


def columns_of(diary: Diary) -> tuple[Instructions, Standing]:
    """Return the instructions of a diary, as those of asset 0, and what it does before."""
    words = {verb.words: verb for verb in Verb}
    count = len(diary.entries)
    instructions = Instructions(
        np.zeros(count, np.int64),
        np.array([instant_of(entry.at) for entry in diary.entries], np.int64),
        np.array([words[entry.verb] for entry in diary.entries], np.int8),
        np.array([entry.target_w for entry in diary.entries], np.int64),
    )
    standing = Standing(
        power_w=np.array([diary.begin_power_w], np.int64),
        changed_s=np.full(1, NEVER),
        owed_ws=np.zeros(1, np.int64),
    )
    return instructions, standing


def instant_of(text: str) -> int:
    """Read ``2026-04-23T05:30:00Z`` [s since the epoch]; ValueError where there is no such."""
    instant = int(datetime.fromisoformat(text).timestamp())
    if iso(instant) != text:
        raise ValueError(f"not an instant in UTC to the second: {text}")
    return instant
