"""A run's folder: what is in it, and how it is opened, written, held and refused."""

from __future__ import annotations

import json
import shlex
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import file_digest
from pathlib import Path
from typing import TypeVar

import msgspec

from gridpact.app.outputs import BILLS, BILLS_JSON, READINGS, SCHEDULES, STATEMENTS, TRADES
from gridpact.app.record import Record
from gridpact.base.errors import BadInput, Fault, StoreError
from gridpact.base.files import write_whole
from gridpact.kernel.journal import Journal
from gridpact.ledger.keys import demonstration_key
from gridpact.ledger.local import LocalLedger

JOURNAL, LEDGER = "journal.db", "ledger.db"
MANIFEST, RESULT, SCENARIO, REPORT = "run.json", "result.json", "scenario.yaml", "report.html"
PAUSED, LOCK, KEPT = "paused.json", ".lock", "files"
OUTPUTS = (STATEMENTS, BILLS, BILLS_JSON, READINGS, SCHEDULES, TRADES, REPORT, RESULT, PAUSED)
_NOT_A_RUN = "name a folder that 'gridpact run' wrote"

S = TypeVar("S", bound=msgspec.Struct)


class DataFile(msgspec.Struct, frozen=True, omit_defaults=True):
    """A data file that a run reads: where it was, and its SHA-256 in hex.

    Of a store of readings, the SHA-256 is of what was imported until ``as_of`` (ISO 8601).
    """

    path: str
    sha256: str
    as_of: str = ""


class Manifest(msgspec.Struct, frozen=True):
    """What a run was started with; enough to resume it. ``files`` are its data, by source.

    ``scenario`` is the file it was read from, ``scenario_sha256`` that of the copy kept with the
    run. A ``demo`` may be replaced by the next one. ``kept`` are files of terms, by the key of the
    scenario that names them, of which there are copies in the run's folder; whatever else the
    scenario names is ``beside`` it, in a folder ("" in older runs: that of ``scenario``).
    """

    gridpact: str
    scenario: str
    scenario_sha256: str
    seed: int
    first_day: str
    days: int
    files: dict[str, DataFile]
    demo: bool = False
    kept: dict[str, DataFile] = {}
    beside: str = ""


class Result(msgspec.Struct, frozen=True):
    """Where a run stands: hashes in hex, ``days`` settled or to be, rows in the journal."""

    days: int
    rows: int
    state_hash: str
    journal_head: str
    ledger_height: int
    ledger_root: str
    ledger_key: str


class Paused(msgspec.Struct, frozen=True):
    """A run that waits for people: all up to ``at`` [s since the epoch] is done.

    ``local`` is that instant by the community's clock, ``result`` where the run stands.
    """

    at: int
    local: str
    result: Result


def write_text(path: Path, text: str) -> None:
    """Write a file whole or not at all; StoreError in one line on trouble."""
    try:
        write_whole(path, text.encode())
    except OSError as error:
        raise _unwritable(path, error) from error


def write_new(path: Path, data: bytes, mode: int = 0o666) -> None:
    """Write a file that is not there yet; BadInput where it is, StoreError on trouble."""
    if path.exists():
        fix = "name another file, or move it away"
        raise BadInput([Fault(str(path), 0, "", "the file exists already", fix)])
    try:
        write_whole(path, data, mode)
    except OSError as error:
        raise _unwritable(path, error) from error


def _unwritable(path: Path, error: OSError) -> StoreError:
    reason = error.strerror or str(error)
    return StoreError(
        f"cannot write {path}: {reason}; free space or make the folder writable, then repeat"
    )


def write_json(path: Path, value: msgspec.Struct) -> None:
    """Write a struct as readable JSON."""
    write_text(path, json.dumps(msgspec.to_builtins(value), indent=2, sort_keys=True) + "\n")


def resuming(folder: Path, until: str = "") -> str:
    """Return the command that goes on with a run, to its end or an instant, to be pasted."""
    end = f" --until {shlex.quote(until)}" if until else ""
    return f"gridpact run --resume {shlex.quote(str(folder))}{end}"


def check_new(folder: Path, scenario: Path) -> None:
    """Refuse a folder that a new run would overwrite something in; BadInput."""
    if (folder / MANIFEST).exists():
        fix = f"resume it with '{resuming(folder)}', or name another folder with --out"
        raise BadInput([Fault(str(folder), 0, "--out", "the folder already holds a run", fix)])
    names = [name for name in (JOURNAL, LEDGER, *OUTPUTS) if (folder / name).exists()]
    copy = folder / SCENARIO
    if copy.exists() and copy.read_bytes() != scenario.read_bytes():
        names.append(SCENARIO)
    fix = "name another folder with --out, or move the file away"
    if names:
        raise BadInput(
            Fault(str(folder), 0, "--out", f"the run would overwrite {name}", fix) for name in names
        )


def make(folder: Path) -> None:
    """Make a folder and those above it; StoreError where that fails."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise _unwritable(folder, error) from error


def create(folder: Path, manifest: Manifest, scenario: Path) -> None:
    """Begin a run in a folder that exists and is held; BadInput where something is in the way."""
    check_new(folder, scenario)
    for file in manifest.kept.values():
        _keep(folder, file)
    write_text(folder / SCENARIO, scenario.read_text(encoding="utf-8"))
    write_json(folder / MANIFEST, manifest)


def _keep(folder: Path, file: DataFile) -> None:
    """Copy a file that a run reads into its folder; BadInput where it is another by now."""
    if digest(Path(file.path)) != file.sha256:
        fix = "begin the run again when nobody writes the file"
        raise BadInput([Fault(file.path, 0, "", "the file changed as the run began", fix)])
    copy = copy_of(folder, file)
    make(copy.parent)
    write_text(copy, Path(file.path).read_text(encoding="utf-8"))


def copy_of(folder: Path, file: DataFile) -> Path:
    """Where a run keeps its copy of a file, by what the file holds."""
    return folder / KEPT / f"{file.sha256[:16]}{Path(file.path).suffix}"


def kept(folder: Path, manifest: Manifest) -> dict[str, Path]:
    """Copies of the files of terms that a run reads, by key; BadInput where one is another by now.

    None of runs that were begun before such copies were kept.
    """
    found = {key: copy_of(folder, file) for key, file in manifest.kept.items()}
    fix = "put the file back as it was, or begin a new run"
    faults = [
        Fault(str(path), 0, key, "changed since the run began", fix)
        for key, path in found.items()
        if not path.is_file() or digest(path) != manifest.kept[key].sha256
    ]
    if faults:
        raise BadInput(faults)
    return found


@contextmanager
def held(folder: Path, wait_s: float = 0) -> Iterator[None]:
    """Keep other processes from running in the folder; a killed holder lets go by itself.

    The lock is SQLite's own on an empty database, so that it works wherever a journal does.
    Raises StoreError where another process holds it and has not let go after ``wait_s``.
    """
    try:
        lock = sqlite3.connect(folder / LOCK, timeout=wait_s, isolation_level=None)
        try:
            lock.execute("PRAGMA journal_mode=MEMORY")  # no file of its own beside the lock
            lock.execute("BEGIN EXCLUSIVE")
        except sqlite3.Error:
            lock.close()
            raise
    except sqlite3.Error as error:
        if error.sqlite_errorcode == sqlite3.SQLITE_BUSY:
            advice = "wait until it is done, or name another folder with --out"
            if wait_s:
                text = f"another process is writing in {folder}; try again when it is done"
                raise StoreError(text) from error
            raise StoreError(f"another process is running in {folder}; {advice}") from error
        raise StoreError(
            f"cannot use {folder}: {error}; free space or make the folder writable, then repeat"
        ) from error
    try:
        yield
    finally:
        lock.close()


def clear(folder: Path) -> None:
    """Remove what an earlier demonstration left in a folder; BadInput for any other run."""
    if not (folder / MANIFEST).exists():
        return
    if not manifest(folder).demo:
        fix = "name another folder with --out"
        problem = "the folder holds a run that is no demo, and is kept"
        raise BadInput([Fault(str(folder), 0, "--out", problem, fix)])
    databases = [f"{name}{end}" for name in (JOURNAL, LEDGER) for end in ("", "-wal", "-shm")]
    try:
        # the manifest goes last, so that a demo that is half cleared is still known as one
        for name in (*OUTPUTS, *databases, SCENARIO, MANIFEST):
            (folder / name).unlink(missing_ok=True)
    except OSError as error:
        raise StoreError(f"cannot clear {folder}: {error.strerror}") from error


def reopen(folder: Path, manifest: Manifest) -> None:
    """Mark a run as on its way and write down what it is now to do."""
    for name in (RESULT, PAUSED):
        try:
            (folder / name).unlink(missing_ok=True)
        except OSError as error:
            raise _unwritable(folder / name, error) from error
    write_json(folder / MANIFEST, manifest)


def _read(path: Path, kind: type[S]) -> S:
    try:
        return msgspec.json.decode(path.read_bytes(), type=kind)
    except msgspec.DecodeError as error:
        fix = "put back the file as gridpact wrote it"
        raise BadInput(
            [Fault(str(path), 0, "", f"the file cannot be read: {error}", fix)]
        ) from error
    except OSError as error:
        raise StoreError(f"cannot read {path}: {error.strerror or error}") from error


def digest(path: Path) -> str:
    """SHA-256 of a file in hex."""
    try:
        with path.open("rb") as stream:
            return file_digest(stream, "sha256").hexdigest()
    except OSError as error:
        raise StoreError(f"cannot read {path}: {error.strerror or error}") from error


def manifest(folder: Path) -> Manifest:
    """Read what a run was started with; BadInput where the folder holds no run."""
    if not (folder / MANIFEST).exists():
        problem = "there is no run in this folder" if folder.is_dir() else "there is no such folder"
        raise BadInput([Fault(str(folder), 0, "", problem, _NOT_A_RUN)])
    return _read(folder / MANIFEST, Manifest)


def result(folder: Path) -> Result:
    """Read where a finished run stands; BadInput where it has not finished."""
    manifest(folder)
    if not (folder / RESULT).exists():
        fix = f"finish it with '{resuming(folder)}'"
        raise BadInput([Fault(str(folder), 0, "", "the run has not finished", fix)])
    return _read(folder / RESULT, Result)


def paused(folder: Path) -> Paused:
    """Read where a run waits for people; BadInput where it does not wait."""
    manifest(folder)
    if not (folder / PAUSED).exists():
        problem, fix = "the run was stopped on its way, not paused", resuming(folder, "INSTANT")
        fix = f"take it to an instant with '{fix}'"
        if (folder / RESULT).exists():
            problem = "the run has finished: its gates are closed"
            fix = "begin a run that pauses: gridpact run SCENARIO --until INSTANT"
        raise BadInput([Fault(str(folder), 0, "", problem, fix)])
    return _read(folder / PAUSED, Paused)


def standing(folder: Path) -> Result:
    """Read where a finished or paused run stands; BadInput where it is on its way."""
    if (folder / PAUSED).exists() and not (folder / RESULT).exists():
        return paused(folder).result
    return result(folder)


def journal(folder: Path, *, writable: bool = False) -> Journal:
    """Open a run's journal."""
    return Journal(folder / JOURNAL, writable=writable)


def ledger(folder: Path, seed: int, *, writable: bool = False) -> LocalLedger:
    """Open a simulated run's ledger, to write with the demonstration authority's key."""
    key = demonstration_key(seed)
    return LocalLedger(folder / LEDGER, key if writable else key.public)


def record(folder: Path) -> Record:
    """Read back all messages of a run; BadInput where the folder holds no run."""
    manifest(folder)
    opened = journal(folder)
    try:
        return Record(opened)
    finally:
        opened.close()
