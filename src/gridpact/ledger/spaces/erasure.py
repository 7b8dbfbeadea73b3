"""Erasing a person: secrets first, then rows in every store, resumed where it was cut off.

The journal of steps holds the pseudonym and the names of stores, nothing else. Every step may be
done again without harm, so that after a crash the one that was under way is simply repeated.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

import msgspec

from gridpact.base.errors import BadInput, Fault, StoreError
from gridpact.base.files import write_whole
from gridpact.base.ids import well_formed
from gridpact.ledger.kinds.participants import SubjectErased
from gridpact.ledger.spaces.custody import Custody
from gridpact.ledger.spaces.destroying import destroy, destroy_folder, discard
from gridpact.ledger.spaces.space import ABOUT, SECRET, Space


class Kept(msgspec.Struct, frozen=True):
    """What a law obliges to keep: what it is, until which day (ISO 8601), under which rule."""

    what: str
    until: str
    rule: str


class Step(msgspec.Struct, frozen=True):
    """What was done in one store: how many rows or files were destroyed, and what is kept."""

    store: str
    destroyed: int
    kept: tuple[Kept, ...] = ()


class Erasable(Protocol):
    """A store with rows of persons."""

    @property
    def name(self) -> str:
        """What the store is called in the journal, each once."""

    def erase(self, subject: str) -> Step:
        """Destroy all rows of a subject but what must be kept; done again, it changes nothing.

        Raises StoreError where it cannot be done.
        """


class Erased(msgspec.Struct, frozen=True):
    """An erasure that is done: its steps, and what the ledger is to record of it."""

    subject: str
    steps: tuple[Step, ...]
    entry: SubjectErased

    @property
    def kept(self) -> tuple[Kept, ...]:
        """What is kept by law."""
        return tuple(each for step in self.steps for each in step.kept)


class Progress(msgspec.Struct, frozen=True):
    """What the journal holds of one erasure: the stores that it is of, the steps that are done."""

    subject: str
    stores: tuple[str, ...]
    steps: tuple[Step, ...] = ()

    @property
    def pending(self) -> tuple[str, ...]:
        """Stores that are not done yet."""
        return self.stores[len(self.steps) :]


def erase(subject: str, stores: Sequence[Erasable], journal: Path) -> Erased:
    """Erase a subject from all stores in their order; secrets come first.

    ``journal`` is a folder. Called again with the same stores after a crash or an error, it goes
    on; once all is done, it says so again and does nothing. BadInput where another set of stores
    was begun with, StoreError where a store cannot be written.
    """
    names = tuple(store.name for store in stores)
    progress = _begun(subject, names, journal)
    for store in stores[len(progress.steps) :]:
        done = store.erase(subject)
        steps = (*progress.steps, done)
        progress = msgspec.structs.replace(progress, steps=steps)
        _write(journal, progress)
    return Erased(subject, progress.steps, SubjectErased(subject))


def unfinished(journal: Path) -> list[Progress]:
    """Return erasures that were begun and not done, in order of subject."""
    found = [_read(path) for path in sorted(journal.glob("*.json"))]
    return [each for each in found if each.pending]


class SpaceFolder:
    """A member's space: the secret goes first, then everything else."""

    name = "space"

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def erase(self, subject: str) -> Step:
        """Destroy the space; StoreError where it is somebody else's."""
        if (self._folder / ABOUT).exists() and Space.open(self._folder).subject != subject:
            raise StoreError(f"space {self._folder} is not {subject}'s")
        if not self._folder.exists():
            return Step(self.name, 0)
        found = int(destroy(self._folder / SECRET))
        for path in sorted(each for each in self._folder.iterdir() if each.name != ABOUT):
            found += destroy_folder(path)
        # it names the owner for as long as anything is left, and holds the pseudonym alone
        found += discard(self._folder / ABOUT)
        return Step(self.name, found + destroy_folder(self._folder))


class CustodyCopy:
    """The operator's copy of the secret."""

    name = "custody"

    def __init__(self, custody: Custody) -> None:
        self._custody = custody

    def erase(self, subject: str) -> Step:
        """Destroy the copy, if there is one."""
        return Step(self.name, int(self._custody.give_back(subject)))


def _begun(subject: str, names: tuple[str, ...], journal: Path) -> Progress:
    faults = []
    if not well_formed(subject):
        faults.append(("subject", f"{subject!r} is no identifier", "use a-z, 0-9 and . _ -"))
    elif len(set(names)) != len(names) or not names:
        faults.append(("stores", "each store is named once, and there is one", "name them apart"))
    elif (path := _path(journal, subject)).exists():
        progress = _read(path)
        if progress.stores == names:
            return progress
        fix = f"go on with the stores {', '.join(progress.stores)}"
        faults.append(("stores", "this erasure was begun with other stores", fix))
    if faults:
        raise BadInput(Fault(str(journal), 0, *each) for each in faults)
    progress = Progress(subject, names)
    _write(journal, progress)
    return progress


def _path(journal: Path, subject: str) -> Path:
    return journal / f"{subject}.json"


def _write(journal: Path, progress: Progress) -> None:
    text = json.dumps(msgspec.to_builtins(progress), indent=1, sort_keys=True) + "\n"
    try:
        journal.mkdir(parents=True, exist_ok=True)
        write_whole(_path(journal, progress.subject), text.encode())
    except OSError as error:
        raise StoreError(f"{journal}: {error.strerror or error}; go on with the erasure") from error


def _read(path: Path) -> Progress:
    try:
        return msgspec.json.decode(path.read_bytes(), type=Progress)
    except (OSError, msgspec.DecodeError) as error:
        raise StoreError(f"journal of an erasure {path} cannot be read: {error}") from error
