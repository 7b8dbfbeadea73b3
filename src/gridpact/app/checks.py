"""Checks that anyone entitled can repeat: whole journal, whole ledger, books that balance.

Each check is a function of the evidence that returns what it compared, in words, and raises
:class:`CheckFailed` at the first thing that does not hold.
"""

from __future__ import annotations

from itertools import zip_longest
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from gridpact.app import exports
from gridpact.app.bootstrap import Edges, build
from gridpact.app.ledgers.acted import handed_in
from gridpact.app.ledgers.evidence import Evidence
from gridpact.app.ledgers.opened import AnyLedger
from gridpact.app.market_checks import wrong_lines, wrong_session
from gridpact.app.record import Record
from gridpact.base.errors import GridpactError, StoreError
from gridpact.base.rounding import RULES
from gridpact.kernel.journal import Journal
from gridpact.ledger.entries import Entry
from gridpact.ledger.kinds.money import NetSettled
from gridpact.ledger.kinds.roots import RootAnchored
from gridpact.ledger.kinds.terms import AgreementSigned, TermsCommitted
from gridpact.ledger.messages import CommitRequested
from gridpact.market.messages import SessionCleared
from gridpact.metering.messages import BoundaryRead, DayMetered
from gridpact.settlement.messages import DaySettled
from gridpact.settlement.statements import net_positions


class CheckFailed(GridpactError):  # noqa: N818 - reads as what it is
    """A check does not hold; the message says where and by how much."""


def counted(count: int, noun: str) -> str:
    """Write a number of things: ``1 day`` but ``1,234 days``."""
    return f"{count:,} {noun}{'' if count == 1 else 's'}"


def replayed(journal: Journal, record: Record) -> str:
    """Recompute everything from the journal, without any effect; return the state hash in hex.

    Raises ReplayDiverged where a recomputed message differs from the recorded one.
    """
    opening = record.opening()
    loop = build(opening.community, opening.seed, journal, Edges())
    loop.recover(from_snapshot=False)
    return loop.state_hash().hex()


def energy(record: Record) -> str:
    """Per slot: injection + import = withdrawal + export, and every sale has its purchase."""
    slots = 0
    for metered, settled in zip(record.all(DayMetered), record.all(DaySettled), strict=True):
        used = metered.withdrawal_wh.sum(axis=0) + settled.supplier_out_wh.sum(axis=0)
        made = metered.injection_wh.sum(axis=0) + settled.supplier_in_wh.sum(axis=0)
        traded = settled.bought_wh.sum(axis=0) - settled.sold_wh.sum(axis=0)
        shared = settled.shared_in_wh.sum(axis=0) - settled.shared_out_wh.sum(axis=0)
        for name, off in (("balance", made - used), ("trades", traded), ("sharing", shared)):
            if off.any():
                place = int(np.flatnonzero(off)[0])
                raise CheckFailed(f"{settled.day} slot {place}: {name} is off by {off[place]} Wh")
        slots += settled.slots.count
    return counted(slots, "slot")


def boundary(record: Record) -> str:
    """Where every meter of a slot was read, their sum is what the boundary meters saw."""
    community = record.opening().community
    tops = np.flatnonzero(community.zones.parent < 0)
    seen = {m.slot: int((m.import_wh - m.export_wh)[tops].sum()) for m in record.all(BoundaryRead)}
    compared = 0
    for day in record.all(DayMetered):
        measured = np.flatnonzero(~day.estimated.any(axis=0))
        net = (day.withdrawal_wh - day.injection_wh).sum(axis=0)
        for place in measured.tolist():
            start = day.slots.start + place * day.slots.step
            if start in seen and seen[start] != net[place]:
                raise CheckFailed(f"{day.day} slot {place}: meters and boundary differ")
            compared += start in seen
    return f"{counted(compared, 'slot')} with every meter read"


def money(record: Record) -> str:
    """Paid = received to the unit; rounding by the named rule; trades are settled as cleared."""
    community, lines = record.opening().community, 0
    sessions = record.all(SessionCleared)
    rules = community.settlement
    for day in record.all(DaySettled):
        if sum(net_positions(community, day).values()):
            raise CheckFailed(f"{day.day}: net positions do not sum to zero")
        if not np.array_equal(RULES[rules.rounding](day.nano, rules.minor_nano), day.minor):
            raise CheckFailed(f"{day.day}: a line is not rounded by {rules.rounding}")
        if name := wrong_lines(community, day, sessions):
            raise CheckFailed(f"{day.day}: {name} is not what the session's trades come to")
        lines += day.nano.size + day.operator_nano.size
    for cleared in sessions:
        if wrong := wrong_session(cleared):
            raise CheckFailed(f"{cleared.session.id}: {wrong}")
    return f"{counted(lines, 'line')} of {counted(len(record.all(DaySettled)), 'day')}"


def commitments(record: Record, ledger: AnyLedger) -> str:
    """Everything the journal committed is on the ledger, in order, and nothing else is."""
    expected = [entry for message in record.all(CommitRequested) for entry in message.entries]
    found = handed_in(ledger.entries())
    if expected[: len(found)] != found or len(expected) != len(found):
        place = next(
            (
                row
                for row, pair in enumerate(zip(expected, found, strict=False))
                if pair[0] != pair[1]
            ),
            min(len(expected), len(found)),
        )
        raise CheckFailed(f"ledger entry {place} is not what the journal committed")
    return f"{len(found):,} entries"


def roots(record: Record) -> str:
    """Everything worked out again from the evidence itself is what was committed, key by key."""
    expected, roots = Evidence(record).expected(), 0
    for message in record.all(CommitRequested):
        due = expected.pop(message.key, ())
        for entry, again in zip_longest(message.entries, due):
            if entry != again:
                raise CheckFailed(_differing(message.key, entry or again, known=bool(due)))
            roots += isinstance(entry, RootAnchored | TermsCommitted)
    if expected:
        key = next(iter(expected))
        raise CheckFailed(f"{key.split('/', 1)[-1]}: nothing is committed as {key}")
    return counted(roots, "root")


def _differing(key: str, entry: Entry | None, *, known: bool) -> str:
    name = key.split("/", 1)[-1]
    if not known:
        return f"{name}: there is no evidence of what is committed as {key}"
    match entry:
        case RootAnchored(kind=kind):
            return f"{name}: {kind} do not give their root"
        case TermsCommitted():
            return f"{name}: contracts do not give their root"
        case AgreementSigned():
            return f"{name}: what was offered does not have the hashes that were signed"
        case NetSettled():
            return f"{name}: statements do not come to the net positions"
    return f"{name}: {key} is not what the evidence gives"


def exported(path: Path, record: Record) -> str:
    """Files for other programs, written again from the journal, hold what is in the folder.

    Tables are compared by value, since another release of Polars may write other Parquet bytes.
    """
    with TemporaryDirectory() as place:
        again = exports.write(Path(place), record)
        for file in again:
            _compare(path / file.name, file)
    return f"{len(again)} files"


def _compare(found: Path, expected: Path) -> None:
    fix = "write it again with 'gridpact run --resume'"
    try:
        held = found.read_bytes()
    except FileNotFoundError:
        raise CheckFailed(f"{found.name} is missing; {fix}") from None
    except OSError as error:
        raise StoreError(f"cannot read {found}: {error.strerror or error}") from error
    wanted = expected.read_bytes()
    if held == wanted:
        return
    if found.suffix != ".parquet":
        lines = zip_longest(held.split(b"\n"), wanted.split(b"\n"))
        line = next(place for place, (one, two) in enumerate(lines, 1) if one != two)
        raise CheckFailed(f"{found.name}:{line} is not what the journal gives; {fix}")
    _compare_tables(found, held, wanted, fix)


def _compare_tables(found: Path, held: bytes, wanted: bytes, fix: str) -> None:
    import polars as pl

    try:
        table = pl.read_parquet(held)
    except (pl.exceptions.PolarsError, OSError) as error:
        raise CheckFailed(f"{found.name} cannot be read; {fix}") from error
    if not table.equals(pl.read_parquet(wanted)):
        raise CheckFailed(f"{found.name} is not what the journal gives; {fix}")
