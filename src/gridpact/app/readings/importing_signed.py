"""A file of signed readings into a store: verified, held against witnesses, marked, stored."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path

import msgspec

from gridpact.app.readings.importing import FileImported, put, rules_of
from gridpact.app.readings.signed_files import read_stream
from gridpact.app.readings.witness_file import Testimony, WitnessFile, testify
from gridpact.base.errors import BadInput, Fault
from gridpact.metering.edge.laying import laid, problems
from gridpact.metering.edge.records import to_bytes
from gridpact.metering.edge.statements import Statement
from gridpact.metering.edge.verification import Head, Verified, verify
from gridpact.metering.readings import Readings, no_displays
from gridpact.metering.store.changes import check_points
from gridpact.metering.store.store import Store

SHOWN = 20


class Trust(msgspec.Struct, frozen=True):
    """What a file of signed readings is held against.

    ``heads`` are where chains ended before, ``due`` how far they must reach at least.
    """

    statements: tuple[Statement, ...]
    heads: tuple[Head, ...] = ()
    due: tuple[Head, ...] = ()
    witnesses: WitnessFile | None = None


class SignedImported(msgspec.Struct, frozen=True):
    """What a file of signed readings brings, what was found in it, and what witnesses say."""

    imported: FileImported
    verified: Verified
    testimony: Testimony | None = None


def import_signed(
    store: Store, path: Path, trust: Trust, known_s: int, *, commit: bool
) -> SignedImported:
    """Verify a file of signed readings and store it; without ``commit`` nothing is stored.

    Readings are stored whole or not at all, each with its mark: what no signature vouches for is
    left out; what the device contradicts itself in, what witnesses dispute and what validation
    finds is SUSPECT by the name of that rule; the rest is MEASURED.

    Raises BadInput with every reading that fits on no slots, and for points that the store lacks.
    """
    stream = read_stream(path)
    verified = verify(stream, trust.statements, heads=trust.heads, due=trust.due)
    _refuse(path, list(problems(stream, verified)))
    intervals = laid(stream, verified)
    said = None
    digest = hashlib.sha256(to_bytes(stream.records)).hexdigest()
    readings = Readings(path.name, digest, intervals, no_displays(intervals.channels))
    check_points(readings, {point.id: point for point in store.points})
    if trust.witnesses is not None:
        intervals, said = testify(trust.witnesses, intervals, store, known_s)
        readings = msgspec.structs.replace(readings, intervals=intervals)
    rules = rules_of(store)
    recipe = hashlib.sha256(msgspec.json.encode((trust, rules), order="sorted"))
    recipe.update(intervals.quality.tobytes())  # witnesses may since have told something else
    how = (recipe.hexdigest(), known_s)
    into = store if commit else store.trial()
    return SignedImported(put(into, readings, rules, how, commit), verified, said)


def _refuse(path: Path, found: Sequence[tuple[int, str]]) -> None:
    more = f" (and {len(found) - SHOWN} more)" if len(found) > SHOWN else ""
    fix = "ask who keeps the device for its readings anew"
    if found:
        raise BadInput(
            Fault(str(path), 0, f"reading {row}", problem + more, fix)
            for row, problem in found[:SHOWN]
        )
