"""What was tried over a store, written to it as one commit."""

from __future__ import annotations

from gridpact.metering.edge.chains import latest
from gridpact.metering.store.log import FOLDER, Commit, Log, Part, read_commit
from gridpact.metering.store.overlay import Overlay
from gridpact.metering.store.writing import remove_parts, write_again, write_commit


def tried_of(trial: Overlay) -> tuple[Commit, ...]:
    """Return the commits that were made in a trial."""
    names = (name for name in trial.written() if name.startswith(f"{FOLDER}/"))
    return tuple(read_commit(trial, name) for name in names)


def publish(trial: Overlay, tried: tuple[Commit, ...], log: Log) -> Commit | None:
    """Write the commits of a trial to the store below it, whose index is ``log``, as one.

    None where another writer was first; nothing is left then of this one. Raises StoreError where
    the store cannot be written; it is then as before.
    """
    place, number, parts = trial.below, log.last + 1, list[Part]()
    written = False
    try:
        for part in (part for each in tried for part in each.parts):
            parts.append(write_again(place, part, number, trial.read(part.path) or b""))
        imports = tuple(one for each in tried for one in each.imports)
        chains = latest(one for each in tried for one in each.chains)
        commit = Commit(number=number, imports=imports, parts=tuple(parts), chains=chains)
        written = write_commit(place, commit)
    finally:
        if not written:
            remove_parts(place, parts)
    return commit if written else None
