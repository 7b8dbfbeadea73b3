"""Running, resuming and finishing a run in its folder."""

from __future__ import annotations

import shlex
import signal
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from types import FrameType

from gridpact import __version__
from gridpact.app import exports, folder
from gridpact.app.bootstrap import Edges, build
from gridpact.app.record import Record, opening_of
from gridpact.app.report import RunFacts, build_report
from gridpact.app.watch import Stopwatch
from gridpact.base.errors import BadInput, Fault, GridpactError, StoreError
from gridpact.kernel.codec import encode
from gridpact.kernel.journal import Journal
from gridpact.kernel.loop import Loop
from gridpact.kernel.messages import Message
from gridpact.ledger.handlers import DAY
from gridpact.ledger.local import LocalLedger
from gridpact.ledger.messages import CommitRefused, Committed
from gridpact.market.gates import ORDERS_OPEN_S, day_ahead
from gridpact.registry.messages import CommunityOpened
from gridpact.registry.model import Community
from gridpact.simulation.scenarios.build import community as build_community
from gridpact.simulation.scenarios.model import Scenario
from gridpact.simulation.staging import world
from gridpact.simulation.world import World


class Interrupted(GridpactError):  # noqa: N818 - reads as what it is
    """A person stopped the run; the journal holds what was done."""

    def __init__(self, path: Path) -> None:
        super().__init__(f"stopped; what was done is kept. Go on with: {folder.resuming(path)}")


@dataclass
class _Stop:
    """When to stop: after the last day's commitment, or when a person asks."""

    last_key: str
    asked: bool = False

    def __call__(self, message: Message) -> bool:
        if isinstance(message, CommitRefused):
            raise StoreError(f"the ledger refused {message.key}: {message.reason}")
        return self.asked or (isinstance(message, Committed) and message.key == self.last_key)

    def check(self) -> None:
        """End the run here if a person asked for it."""
        if self.asked:
            raise KeyboardInterrupt


def last_day(manifest: folder.Manifest) -> date:
    """Return the last local day that a run settles."""
    return date.fromisoformat(manifest.first_day) + timedelta(days=manifest.days - 1)


def start(path: Path, scenario: Scenario, manifest: folder.Manifest, watch: Stopwatch) -> None:
    """Begin a run in a new folder and see it to its end.

    The scenario's data are read before the folder is made: bad data leave nothing behind.
    """
    folder.check_new(path, Path(scenario.file))
    stage = _stage(scenario, manifest)
    folder.make(path)
    with _stoppable(path), folder.held(path):
        folder.create(path, manifest, Path(scenario.file))
        _go(path, stage, manifest, watch)


def restart(path: Path, scenario: Scenario, manifest: folder.Manifest, watch: Stopwatch) -> None:
    """Run in a folder whose earlier demonstration is removed; any other run is kept."""
    stage = _stage(scenario, manifest)
    folder.make(path)
    with _stoppable(path), folder.held(path):
        folder.clear(path)
        folder.create(path, manifest, Path(scenario.file))
        _go(path, stage, manifest, watch)


def resume(path: Path, scenario: Scenario, manifest: folder.Manifest, watch: Stopwatch) -> None:
    """Go on with a run that was stopped, or that is to settle more days than before."""
    stage = _stage(scenario, manifest)
    with _stoppable(path), folder.held(path):
        _check_same(path, stage[0], manifest)
        if (path / folder.RESULT).exists():
            _check_days(folder.result(path).days, manifest)
        folder.reopen(path, manifest)
        _go(path, stage, manifest, watch)


@contextmanager
def _stoppable(path: Path) -> Iterator[None]:
    """Say how to go on after a ctrl-C, once there is something to go on with."""
    try:
        yield
    except KeyboardInterrupt as error:
        if (path / folder.MANIFEST).exists():
            raise Interrupted(path) from error
        raise


def _stage(scenario: Scenario, manifest: folder.Manifest) -> tuple[Community, World]:
    community = build_community(scenario)
    return community, world(scenario, community, manifest.seed)


def _check_same(path: Path, community: Community, manifest: folder.Manifest) -> None:
    """Refuse to go on where the journal began as another run than the folder now describes."""
    if not (path / folder.JOURNAL).exists():
        return
    journal = folder.journal(path, writable=True)
    try:
        if not journal.height:
            return
        began = opening_of(journal)
    finally:
        journal.close()
    here = _opening(community, manifest)
    fix = f"put back what {folder.MANIFEST} said when the run began"
    faults = [
        Fault(str(path), 0, name, f"the run began with {was}, not {now}", fix)
        for name, was, now in (
            ("seed", began.seed, here.seed),
            ("first_day", began.first_day, here.first_day),
        )
        if was != now
    ]
    if not faults and encode(began.community) != encode(community):
        problem = f"it began under gridpact {began.gridpact} with another community"
        faults = [Fault(str(path), 0, "", problem, "begin a new run with --out")]
    if faults:
        raise BadInput(faults)


def _go(
    path: Path, stage: tuple[Community, World], manifest: folder.Manifest, watch: Stopwatch
) -> None:
    stop = _Stop(f"{DAY}{last_day(manifest)}")
    with _interruptible(stop):
        record, done = _loop(path, stage, manifest, watch, stop)
        stop.check()
        exports.write(path, record)
        stop.check()
        finish(path, record, manifest, done, watch)


def _loop(
    path: Path,
    stage: tuple[Community, World],
    manifest: folder.Manifest,
    watch: Stopwatch,
    stop: _Stop,
) -> tuple[Record, folder.Result]:
    """Take the loop to the last day; return what was recorded and where it stands."""
    community, stage_world = stage
    with ExitStack() as stack:
        journal = folder.journal(path, writable=True)
        stack.callback(journal.close)
        ledger = folder.ledger(path, manifest.seed, writable=True)
        stack.callback(ledger.close)
        loop = build(community, manifest.seed, journal, Edges(stage_world, ledger, None, watch))
        if journal.height:
            loop.recover()
        else:
            _open(loop, community, manifest)
        _run(loop, manifest, stop)
        watch.enter("proving and writing the report")
        return Record(journal), _result(loop, journal, ledger, manifest)


def _result(
    loop: Loop, journal: Journal, ledger: LocalLedger, manifest: folder.Manifest
) -> folder.Result:
    head = ledger.head()
    return folder.Result(
        days=manifest.days,
        rows=journal.height,
        state_hash=loop.state_hash().hex(),
        journal_head=journal.head.hex(),
        ledger_height=head.height,
        ledger_root=head.root.hex(),
        ledger_key=str(ledger.public_key),
    )


def _opening(community: Community, manifest: folder.Manifest) -> CommunityOpened:
    return CommunityOpened(
        community=community,
        seed=manifest.seed,
        first_day=manifest.first_day,
        gridpact=__version__,
    )


def _open(loop: Loop, community: Community, manifest: folder.Manifest) -> None:
    first = day_ahead(community.market, community.calendar, date.fromisoformat(manifest.first_day))
    loop.submit(_opening(community, manifest), first.gate - ORDERS_OPEN_S)


def _run(loop: Loop, manifest: folder.Manifest, stop: _Stop) -> None:
    settled: int = loop.states["ledger"].days
    _check_days(settled, manifest)
    if settled == manifest.days:
        return
    loop.run(stop)
    stop.check()
    if loop.states["ledger"].days < manifest.days:
        raise GridpactError(f"the run ended before {last_day(manifest)} was settled")


def _check_days(settled: int, manifest: folder.Manifest) -> None:
    if settled > manifest.days:
        fix = f"ask for {settled} days or more"
        raise BadInput([Fault(folder.MANIFEST, 0, "days", f"{settled} days are settled", fix)])


@contextmanager
def _interruptible(stop: _Stop) -> Iterator[None]:
    """Let the first ctrl-C end the run between two messages; a second one ends it at once.

    The first one waits for what is being written after the last message.
    """

    def ask(number: int, frame: FrameType | None) -> None:
        if stop.asked:
            raise KeyboardInterrupt
        stop.asked = True

    try:
        before = signal.signal(signal.SIGINT, ask)
    except ValueError:  # not the main thread: whoever runs us handles signals
        yield
        return
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


def finish(
    path: Path,
    record: Record,
    manifest: folder.Manifest,
    done: folder.Result,
    watch: Stopwatch,
) -> None:
    """Write the report and, last of all, the result, which says that the run is finished."""
    facts = RunFacts(
        scenario="the default community" if manifest.demo else manifest.scenario,
        command=command(path, manifest),
        verify="gridpact verify .",
        seed=manifest.seed,
        state_hash=done.state_hash,
        journal_head=done.journal_head,
        ledger_height=done.ledger_height,
        ledger_root=done.ledger_root,
        ledger_key=done.ledger_key,
        timings=tuple(watch.summary()),
        version=manifest.gridpact,
    )
    folder.write_text(path / folder.REPORT, build_report(record, facts))
    folder.write_json(path / folder.RESULT, done)


def command(path: Path, manifest: folder.Manifest) -> str:
    """Return the command that makes the same run again."""
    out = shlex.quote(f"{path.name}-again")
    if manifest.demo:
        return f"gridpact demo --out {out}"
    scenario = shlex.quote(manifest.scenario)
    return (
        f"gridpact run {scenario} --from {manifest.first_day} --days {manifest.days}"
        f" --seed {manifest.seed} --out {out}"
    )
