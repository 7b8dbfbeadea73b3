"""Diaries of a run as files: documents for devices, and calendars for people."""

from __future__ import annotations

from pathlib import Path

import msgspec

from gridpact.app import folder
from gridpact.app.diaries.looking import Seen
from gridpact.base.errors import BadInput, Fault, StoreError
from gridpact.base.files import write_whole
from gridpact.scheduling.diaries.calendar_events import Event, revised, sessions_of
from gridpact.scheduling.diaries.calendar_text import Look, calendar_text
from gridpact.scheduling.diaries.document import Diary, canonical
from gridpact.scheduling.diaries.issuing import Recipient, document_of
from gridpact.scheduling.diaries.schema import read_diary

EVENTS = "events.json"
"""What the calendars of a folder have told, so that events keep their identifiers."""


def document(seen: Seen, row: int, previous: Diary | None = None) -> Diary:
    """Return the document of one asset; ``previous`` is the revision sent before."""
    recipient = Recipient(row, seen.assets.ids[row], seen.assets.owners[row])
    return document_of(seen.kept.diaries, seen.told(row), recipient, seen.at, previous)


def write_documents(seen: Seen, rows: list[int], place: Path) -> list[Path]:
    """Write a document for each asset; return those that say something new.

    What is there already is the revision before. Raises BadInput, before anything is written, for
    a file that is no diary of its asset, StoreError where a file cannot be written.
    """
    made = []
    for row in rows:
        path = place / f"{seen.assets.ids[row]}.json"
        before = _before(path, seen.assets.ids[row])
        diary = document(seen, row, before)
        if before is None or _apart(before, diary):
            text = canonical(diary)
            read_diary(text, str(path))  # what is sent is valid by the schema, or it is not sent
            made.append((path, text))
    folder.make(place)
    for path, text in made:
        _write(path, text + b"\n")
    return [path for path, _ in made]


def _before(path: Path, asset: str) -> Diary | None:
    """Read the revision that a folder holds; None where it holds none."""
    text = _read(path)
    if text is None:
        return None
    diary = read_diary(text, str(path))
    if diary.asset != asset:
        fix = "name another folder, or move the file away"
        raise BadInput([Fault(str(path), 0, "asset", f"a diary of {diary.asset[:80]!r}", fix)])
    return diary


def _apart(one: Diary, other: Diary) -> bool:
    """Tell whether two revisions say different things."""
    nothing = {"issued": "", "revision": 1, "previous": None}
    return msgspec.structs.replace(one, **nothing) != msgspec.structs.replace(other, **nothing)


def write_calendars(seen: Seen, rows: list[int], place: Path) -> list[Path]:
    """Write a calendar for each asset that ever had an event; return all that were written.

    Events that the folder's calendars told before keep their identifiers. Raises as
    :func:`write_documents` does.
    """
    kept = _events(place / EVENTS)
    community = seen.community
    found, texts = dict(kept), []
    for row in rows:
        name = seen.assets.ids[row]
        sessions = sessions_of(document(seen, row))
        events = revised(kept.get(name, ()), sessions, seen.at)
        if events:
            found[name] = events
            look = Look(name, community.timezone, community.currency)
            texts.append((place / f"{name}.ics", calendar_text(events, look)))
    folder.make(place)
    for path, text in texts:
        _write(path, text)
    _write(place / EVENTS, msgspec.json.encode(found, order="sorted") + b"\n")
    return [path for path, _ in texts]


def _events(path: Path) -> dict[str, tuple[Event, ...]]:
    text = _read(path)
    if text is None:
        return {}
    try:
        return msgspec.json.decode(text, type=dict[str, tuple[Event, ...]])
    except msgspec.DecodeError as error:
        fix = "put back the file as gridpact wrote it, or name another folder"
        raise BadInput([Fault(str(path), 0, "", f"cannot be read: {error}", fix)]) from error


def _read(path: Path) -> bytes | None:
    try:
        return path.read_bytes() if path.exists() else None
    except OSError as error:
        raise StoreError(f"cannot read {path}: {error.strerror or error}") from error


def _write(path: Path, text: bytes) -> None:
    try:
        write_whole(path, text)
    except OSError as error:
        raise StoreError(f"cannot write {path}: {error.strerror or error}") from error
