"""The month's work on one ledger, and what it took: time, processor, bytes, gas."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import msgspec

from gridpact.app.ledgers.comparing.engines import Engine, Kind
from gridpact.app.ledgers.comparing.month import (
    AUTHORITIES,
    DAY_S,
    OPERATOR,
    QUORUM,
    Doing,
    Month,
)
from gridpact.base.errors import StoreError
from gridpact.ledger.acts import drafted
from gridpact.ledger.entries import Entry
from gridpact.ledger.flowing import flowing
from gridpact.ledger.kinds.founding import SKEW_S, LedgerFounded
from gridpact.ledger.kinds.participants import KeyBound, ParticipantAuthorised
from gridpact.ledger.port import Receipt, Refused

RAPL = Path("/sys/class/powercap/intel-rapl:0/energy_uj")
_MICRO, _J_PER_WH, _WH_PER_MWH = 1_000_000, 3600, 1_000_000


class Taken(msgspec.Struct, frozen=True):
    """What a month took on one ledger.

    ``operations`` are entries without the acts around them, ``wall_s`` and ``cpu_s`` [s] are of
    all of them, ``cpu_s`` with the other processes of this ledger; ``final_s`` are the seconds
    from handing a block in to its being final, ascending. ``bytes_stored`` and ``gas`` are None
    where there is none to look at. ``rapl_j`` is the processor's own count [J], where readable.
    """

    name: str
    kind: Kind
    validators: int
    operations: int
    blocks: int
    wall_s: float
    cpu_s: float
    final_s: tuple[float, ...]
    bytes_stored: int | None
    gas: int | None
    rapl_j: float | None
    root: str

    @property
    def per_second(self) -> float:
        """Operations a second."""
        return self.operations / self.wall_s

    def final_at(self, part: float) -> float:
        """Seconds within which this part of the blocks was final."""
        return self.final_s[min(int(part * len(self.final_s)), len(self.final_s) - 1)]

    def joules(self, watts: float) -> float:
        """Energy of the processor [J], from the seconds it worked at a stated power [W]."""
        return self.cpu_s * watts


def wh_per_mwh(joules: float, settled_wh: int) -> float:
    """Energy spent [Wh] for a megawatt-hour settled."""
    return joules / _J_PER_WH * _WH_PER_MWH / settled_wh


def run(engine: Engine, month: Month, told: Callable[[int], None] = lambda _: None) -> Taken:
    """Do a month's work on an empty ledger and measure it; StoreError where any is refused.

    ``told`` hears of every block, by the instant it is about [epoch s]. Signing is left out of the
    measure: those who act sign on machines of their own.
    """
    turns = dict[str, int]()
    _found(engine, month, turns)
    blocks = [(doing, _signed(engine, doing, turns)) for doing in month.work()]
    others, meter = engine.processes(), _rapl()
    cpu, begin = time.process_time() + _cpu_of(others), time.perf_counter()
    waited = _flown(engine, blocks, told)
    wall = time.perf_counter() - begin
    cpu = time.process_time() + _cpu_of(others) - cpu
    after = _rapl()
    return Taken(
        engine.name,
        engine.kind,
        engine.validators,
        sum(len(doing.entries) for doing, _ in blocks),
        len(waited),
        wall,
        cpu,
        tuple(sorted(waited)),
        engine.stored_bytes(),
        engine.gas(),
        after - meter if meter is not None and after is not None else None,
        engine.ledger.verify().root.hex(),
    )


def _flown(
    engine: Engine, blocks: Sequence[tuple[Doing, list[Entry]]], told: Callable[[int], None]
) -> list[float]:
    """Hand all blocks in, one behind the other; return after how long each was final [s]."""
    begun, waited = dict[str, tuple[float, int]](), list[float]()

    def done(key: str, answer: Receipt | Refused) -> None:
        _taken(engine, key, answer)
        began, at = begun[key]
        waited.append(time.perf_counter() - began)
        told(at)

    with flowing(engine.ledger, done) as flow:
        for doing, block in blocks:
            begun[doing.key] = time.perf_counter(), doing.at
            _taken(engine, doing.key, flow.commit(doing.key, block, doing.at))
    return waited


def _found(engine: Engine, month: Month, turns: dict[str, int]) -> None:
    """Found the ledger and admit its operator; not measured."""
    at = next(month.work()).at - DAY_S
    authorities = tuple((name, engine.key_of(name)) for name in AUTHORITIES)
    _take(engine, "founded", [LedgerFounded(authorities, QUORUM, SKEW_S)], at)
    admitted: list[Entry] = [
        ParticipantAuthorised(OPERATOR, OPERATOR),
        KeyBound(OPERATOR, engine.key_of(OPERATOR)),
    ]
    doing = Doing("operator", AUTHORITIES[0], at, "an operator is needed", admitted)
    _take(engine, doing.key, _signed(engine, doing, turns), at)


def _signed(engine: Engine, doing: Doing, turns: dict[str, int]) -> list[Entry]:
    turns[doing.by] = turns.get(doing.by, 0) + 1
    act = drafted([doing.by], doing.entries, sequence=turns[doing.by], at=doing.at, why=doing.why)
    return [engine.signed(act, doing.entries), *doing.entries]


def _take(engine: Engine, key: str, block: Sequence[Entry], at: int) -> None:
    _taken(engine, key, engine.ledger.commit(key, block, at))


def _taken(engine: Engine, key: str, answer: Receipt | Refused | None) -> None:
    if isinstance(answer, Refused):
        wrong = "; ".join(map(str, answer.faults)) or answer.reason
        raise StoreError(f"{engine.name} refused {key}: {wrong}")


def _cpu_of(processes: Sequence[int]) -> float:
    """CPU seconds of processes and of their children that have ended; 0 of those that are gone."""
    return sum(map(_cpu_seconds, processes))


def _cpu_seconds(process: int) -> float:
    try:
        text = Path(f"/proc/{process}/stat").read_text()
    except OSError:
        return 0.0
    fields = text.rpartition(")")[2].split()
    ticks = sum(map(int, fields[11:15]))  # utime, stime, cutime, cstime: proc(5)
    return ticks / os.sysconf("SC_CLK_TCK")


def _rapl() -> float | None:
    """Energy that the processor says it has drawn [J], where anybody may read it."""
    try:
        return int(RAPL.read_text()) / _MICRO
    except (OSError, ValueError):
        return None
