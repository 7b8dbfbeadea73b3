"""A run's folder: what is in it, and how it is opened, written and refused."""

from __future__ import annotations

import json
import os
from pathlib import Path

import msgspec

from gridpact.app.record import Record
from gridpact.base.errors import BadInput, Fault, StoreError
from gridpact.kernel.journal import Journal
from gridpact.ledger.keys import demonstration_key
from gridpact.ledger.local import LocalLedger

JOURNAL, LEDGER = "journal.db", "ledger.db"
MANIFEST, RESULT, SCENARIO = "run.json", "result.json", "scenario.yaml"


class Manifest(msgspec.Struct, frozen=True):
    """What a run was started with; enough to resume it. ``files`` are SHA-256 of data files."""

    gridpact: str
    scenario: str
    seed: int
    first_day: str
    days: int
    data_root: str
    files: dict[str, str]


class Result(msgspec.Struct, frozen=True):
    """Where a finished run stands: hashes in hex, ``days`` settled, rows in the journal."""

    days: int
    rows: int
    state_hash: str
    journal_head: str
    ledger_height: int
    ledger_root: str
    ledger_key: str


def write_text(path: Path, text: str) -> None:
    """Write a file whole or not at all; StoreError in one line on trouble."""
    partial = path.with_name(path.name + ".partial")
    try:
        with partial.open("w", encoding="utf-8", newline="\n") as stream:
            stream.write(text)
            stream.flush()
            os.fsync(stream.fileno())
        partial.replace(path)
    except OSError as error:
        partial.unlink(missing_ok=True)
        raise StoreError(f"cannot write {path}: {error.strerror or error}") from error


def write_json(path: Path, value: msgspec.Struct) -> None:
    """Write a struct as readable JSON."""
    write_text(path, json.dumps(msgspec.to_builtins(value), indent=2, sort_keys=True) + "\n")


def create(folder: Path, manifest: Manifest, scenario: Path) -> None:
    """Make a new run's folder; BadInput where it already holds a run."""
    if (folder / MANIFEST).exists():
        fix = f"resume it with 'gridpact run --resume {folder}', or name another folder with --out"
        raise BadInput([Fault(str(folder), 0, "--out", "the folder already holds a run", fix)])
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise StoreError(f"cannot make {folder}: {error.strerror}") from error
    write_text(folder / SCENARIO, scenario.read_text(encoding="utf-8"))
    write_json(folder / MANIFEST, manifest)


def clear(folder: Path) -> None:
    """Remove what an earlier run left in a folder, and nothing else."""
    names = (JOURNAL, LEDGER, MANIFEST, RESULT, SCENARIO)
    try:
        for name in (*names, *(f"{each}{end}" for each in names for end in ("-wal", "-shm"))):
            (folder / name).unlink(missing_ok=True)
    except OSError as error:
        raise StoreError(f"cannot clear {folder}: {error.strerror}") from error


def _read(path: Path, kind: type[msgspec.Struct]) -> msgspec.Struct:
    try:
        return msgspec.json.decode(path.read_bytes(), type=kind)
    except FileNotFoundError as error:
        fix = "name a folder that 'gridpact run' wrote"
        raise BadInput([Fault(str(path.parent), 0, "", f"{path.name} is missing", fix)]) from error
    except (msgspec.DecodeError, OSError) as error:
        raise StoreError(f"cannot read {path}: {error}") from error


def manifest(folder: Path) -> Manifest:
    """Read what a run was started with."""
    found = _read(folder / MANIFEST, Manifest)
    assert isinstance(found, Manifest)  # noqa: S101 - narrows for the type checker
    return found


def result(folder: Path) -> Result:
    """Read where a finished run stands; BadInput where it has not finished."""
    found = _read(folder / RESULT, Result)
    assert isinstance(found, Result)  # noqa: S101 - narrows for the type checker
    return found


def journal(folder: Path) -> Journal:
    """Open a run's journal."""
    return Journal(folder / JOURNAL)


def ledger(folder: Path, seed: int) -> LocalLedger:
    """Open a simulated run's ledger, with the demonstration authority's key."""
    return LocalLedger(folder / LEDGER, demonstration_key(seed))


def record(folder: Path) -> Record:
    """Read back all messages of a run."""
    if not (folder / JOURNAL).exists():
        fix = "name a folder that 'gridpact run' wrote"
        raise BadInput([Fault(str(folder), 0, "", f"{JOURNAL} is missing", fix)])
    opened = journal(folder)
    try:
        return Record(opened)
    finally:
        opened.close()
