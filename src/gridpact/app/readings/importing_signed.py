"""A file of signed readings into a store: verified, held against witnesses, marked, stored."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path

import msgspec

from gridpact.app.readings.importing import FileImported, put, rules_of, too_early
from gridpact.app.readings.signed_files import read_stream
from gridpact.app.readings.signed_news import Trust, news_of, verified_in
from gridpact.app.readings.witness_file import Testimony, testify
from gridpact.base.errors import BadInput, Fault
from gridpact.metering.edge.chains import Chain
from gridpact.metering.edge.laying import laid, problems
from gridpact.metering.edge.records import Stream, to_bytes
from gridpact.metering.edge.verification import Verified
from gridpact.metering.readings import Readings, no_displays
from gridpact.metering.store.changes import check_points
from gridpact.metering.store.store import Store

SHOWN = 20


class SignedImported(msgspec.Struct, frozen=True):
    """What a file of signed readings brings, what was found in it, and what witnesses say.

    ``known`` readings of it were stored before; ``chains`` are those it is of, as they now stand,
    and ``filled`` the gaps of them that it closes (point, first and last sequence).
    """

    imported: FileImported
    verified: Verified
    testimony: Testimony | None
    known: int
    chains: tuple[Chain, ...]
    filled: tuple[tuple[str, int, int], ...]


def import_signed(
    store: Store, path: Path, trust: Trust, known_s: int, *, commit: bool
) -> SignedImported:
    """Verify a file of signed readings and store it; without ``commit`` nothing is stored.

    The file is held against what the store remembers of its devices, so that it does not matter in
    how many files, or in which order, readings come. They are stored whole or not at all, each with
    its mark: what no signature vouches for, and the other side of a fork, is left out; what the
    device contradicts itself in, what witnesses dispute and what validation finds is SUSPECT by the
    name of that rule; the rest is MEASURED. What was stored before is no news: it changes nothing.

    Raises BadInput with every reading that fits on no slots, for points that the store lacks, and
    for readings of what had not happened when they became known.
    """
    stream = read_stream(path)

    def work(into: Store) -> SignedImported:
        return _imported(into, path, stream, trust, (known_s, commit))

    return store.together(work) if commit else work(store.trial())


def _imported(
    into: Store, path: Path, stream: Stream, trust: Trust, when: tuple[int, bool]
) -> SignedImported:
    known_s, commit = when
    verified = verified_in(into, stream, trust)
    _refuse(path, list(problems(verified.placed)))
    read = laid(verified.placed)
    digest = hashlib.sha256(to_bytes(stream.records)).hexdigest()
    readings = Readings(path.name, digest, read.intervals, no_displays(read.intervals.channels))
    if early := too_early(readings, known_s):
        raise BadInput(early)
    check_points(readings, {point.id: point for point in into.points})
    news = news_of(into, verified, read, known_s)
    verified = news.verified
    intervals, said = news.whole, None
    if trust.witnesses is not None:
        intervals, said = testify(trust.witnesses, intervals, into, known_s)
    readings = msgspec.structs.replace(readings, intervals=intervals)
    rules = rules_of(into)
    recipe = hashlib.sha256(msgspec.json.encode((trust, rules), order="sorted"))
    recipe.update(read.intervals.quality.tobytes())  # witnesses may since have told something else
    recipe.update(intervals.quality.tobytes())
    done = put(into, readings, rules, (recipe.hexdigest(), known_s), commit, news)
    chains = news.messages.chains
    return SignedImported(done, verified, said, len(verified.known), chains, news.filled)


def _refuse(path: Path, found: Sequence[tuple[int, str]]) -> None:
    more = f" (and {len(found) - SHOWN} more)" if len(found) > SHOWN else ""
    fix = "ask who keeps the device for its readings anew"
    if found:
        raise BadInput(
            Fault(str(path), 0, f"reading {row}", problem + more, fix)
            for row, problem in found[:SHOWN]
        )
