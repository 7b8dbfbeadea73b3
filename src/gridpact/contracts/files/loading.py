"""A contract file and all that it includes, from disk, each read once.

An include names a file in the folder of the file that includes it, or below; never above, never
by an absolute path, and no link may lead out of the outermost file's folder.
"""

from __future__ import annotations

import errno
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

from gridpact.base.documents import Document, Value, parse
from gridpact.base.files import read_regular
from gridpact.contracts.files.entries import Entry
from gridpact.contracts.files.ordering import ordered

MAX_BYTES = 4 * 1024 * 1024
MAX_FILES = 100
BEGIN = "gridpact: contract/1"


@dataclass(slots=True)
class Loaded:
    """A file as parsed: ``includes`` maps what it includes, as written, to keys of files."""

    document: Document
    folder: Path | None
    includes: dict[str, str] = field(default_factory=dict)
    entries: dict[str, Entry] = field(default_factory=dict)  # where each include is written

    @property
    def root(self) -> Entry:
        """The whole document."""
        return Entry(self.document, (), self.document.value)


def load_text(text: str, file: str) -> dict[str, Loaded]:
    """Return a contract given as text, under the key ``""``; it can include nothing."""
    return _load(parse(text.encode("utf-8", "replace"), file, MAX_BYTES, BEGIN), None)


def load_file(path: Path) -> dict[str, Loaded]:
    """Return a contract file under the key ``""``, and under their keys all that it includes."""
    document = _read(path, str(path))
    return _load(document, path.parent)


def in_reading_order(files: dict[str, Loaded]) -> list[str]:
    """Return the keys of files, the included before those that include; note every circle."""
    order, circles = ordered({key: list(each.includes.values()) for key, each in files.items()})
    for circle in circles:
        first = files[circle[0]]
        after = circle[1 % len(circle)]
        written = next(text for text, key in first.includes.items() if key == after)
        shown = " includes ".join(_name(files[key]) for key in (*circle, circle[0]))
        first.entries[written].fault(f"a circle: {shown}", "remove one of the includes")
    return [*order, *(key for key in files if key not in order)]


def _load(document: Document, folder: Path | None) -> dict[str, Loaded]:
    files = {"": Loaded(document, folder)}
    outermost = folder.resolve() if folder is not None else None
    pending = [""]
    own = str((folder / Path(document.file).name).resolve()) if folder is not None else ""
    while pending:
        current = files[pending.pop()]
        for entry in _includes(current.root):
            path = _target(entry, current.folder, outermost)
            if path is None:
                continue
            key = "" if str(path.resolve()) == own else str(path.resolve())
            current.includes[str(entry.value)] = key
            current.entries[str(entry.value)] = entry
            if key in files:
                continue
            if len(files) >= MAX_FILES:
                entry.fault(f"more than {MAX_FILES} files are included", "include fewer")
                return files
            files[key] = Loaded(_read(path, str(path)), path.parent)
            pending.append(key)
    return files


def _includes(root: Entry) -> Iterator[Entry]:
    """Yield what is included, wherever it stands among the terms."""
    tops = root.value if isinstance(root.value, dict) else {}
    pending = [root.child(key, tops[key]) for key in ("terms", "parts") if key in tops]
    while pending:
        entry = pending.pop()
        inner = [entry.child(key, value) for key, value in _parts(entry.value)]
        yield from (part for part in inner if part.path[-1] == "include")
        pending.extend(part for part in reversed(inner) if part.path[-1] != "include")


def _parts(value: Value) -> Iterator[tuple[str | int, Value]]:
    if isinstance(value, dict):
        yield from value.items()
    elif isinstance(value, list):
        yield from enumerate(value)


def _target(entry: Entry, folder: Path | None, outermost: Path | None) -> Path | None:
    text = entry.text("the path of a contract file")
    if text is None:
        return None
    if folder is None or outermost is None:
        entry.fault("a contract given as text includes no files", "read it from a file")
        return None
    pure = PurePosixPath(text)
    if pure.is_absolute() or ".." in pure.parts or "\\" in text or ":" in text or "\0" in text:
        fix = "name a file in the same folder or below, as in parts/other.yaml"
        entry.fault(f"{text!r} leads out of the folder", fix)
        return None
    path = folder / pure
    if not path.resolve().is_relative_to(outermost):
        entry.fault(f"{text!r} leads out of the folder", "copy the file into the folder")
        return None
    if not path.is_file():
        entry.fault(f"there is no file {text!r}", "correct the path; it counts from this file")
        return None
    return path


def _read(path: Path, shown: str) -> Document:
    try:
        return parse(read_regular(path, MAX_BYTES), shown, MAX_BYTES, BEGIN)
    except FileNotFoundError:
        problem, fix = "there is no such file", "correct the path"
    except OSError as error:
        is_large = error.errno == errno.EFBIG
        problem = f"the file cannot be read: {error.strerror}"
        fix = "put data into files of their own" if is_large else "check its permissions"
    document = Document(shown)
    document.fault((), problem, fix)
    return document


def _name(loaded: Loaded) -> str:
    return Path(loaded.document.file).name
