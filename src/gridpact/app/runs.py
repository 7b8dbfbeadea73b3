"""Running, resuming and finishing a run in its folder."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from time import monotonic
from typing import NamedTuple

from gridpact import __version__
from gridpact.app import exports, folder
from gridpact.app.bootstrap import Edges, build
from gridpact.app.endings import finish, pause
from gridpact.app.interrupts import Interrupted, interruptible
from gridpact.app.ledgers import of_runs
from gridpact.app.ledgers.opened import AnyLedger
from gridpact.app.orders.instants import local
from gridpact.app.record import Record, opening_of
from gridpact.app.watch import Stopwatch
from gridpact.base.errors import BadInput, Fault, GridpactError, StoreError
from gridpact.kernel.codec import encode
from gridpact.kernel.journal import Journal
from gridpact.kernel.loop import Loop
from gridpact.kernel.messages import Message
from gridpact.ledger.handlers import DAY
from gridpact.ledger.messages import CommitRefused, Committed
from gridpact.market.gates import day_ahead
from gridpact.registry.messages import CommunityOpened
from gridpact.registry.model import Community
from gridpact.simulation.scenarios.build import community as build_community
from gridpact.simulation.scenarios.model import Scenario
from gridpact.simulation.staging import world
from gridpact.simulation.world import World


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


class _Task(NamedTuple):
    """What a run is to do in its folder; ``until`` [s since the epoch] it is to wait for people."""

    path: Path
    community: Community
    world: World
    manifest: folder.Manifest
    watch: Stopwatch
    until: int | None

    @property
    def pause(self) -> str:
        """The instant to pause at, by the local clock; "" for none."""
        return "" if self.until is None else local(self.until, self.community.timezone)


def start(
    path: Path,
    scenario: Scenario,
    manifest: folder.Manifest,
    watch: Stopwatch,
    until: int | None = None,
) -> None:
    """Begin a run in a new folder and see it to its end, or up to ``until`` [s since the epoch].

    The scenario's data are read, and the node and account of a ledger on a chain are tried, before
    the folder is made: what cannot be begun leaves nothing behind.
    """
    folder.check_new(path, Path(scenario.file))
    task = _task(path, scenario, manifest, watch, until)
    _check_until(task, _begins(task.community, manifest), "begins")
    of_runs.check(scenario, Path(scenario.file).parent)
    folder.make(path)
    with _stoppable(task), folder.held(path):
        folder.create(path, manifest, Path(scenario.file))
        of_runs.begin(path, scenario, Path(scenario.file).parent)
        _go(task)


def restart(path: Path, scenario: Scenario, manifest: folder.Manifest, watch: Stopwatch) -> None:
    """Run in a folder whose earlier demonstration is removed; any other run is kept."""
    task = _task(path, scenario, manifest, watch)
    folder.make(path)
    with _stoppable(task), folder.held(path):
        folder.clear(path)
        folder.create(path, manifest, Path(scenario.file))
        of_runs.begin(path, scenario, Path(scenario.file).parent)
        _go(task)


def resume(
    path: Path,
    scenario: Scenario,
    manifest: folder.Manifest,
    watch: Stopwatch,
    until: int | None = None,
) -> None:
    """Go on with a run that was stopped or waits, or that is to settle more days than before."""
    task = _task(path, scenario, manifest, watch, until)
    with _stoppable(task), folder.held(path):
        _check_same(path, task.community, manifest)
        _check_until(task, _reached(path), "is")
        if (path / folder.RESULT).exists():
            _check_days(folder.result(path).days, manifest)
        folder.reopen(path, manifest)
        of_runs.begin(path, scenario, Path(manifest.beside or Path(manifest.scenario).parent))
        _go(task)


@contextmanager
def _stoppable(task: _Task) -> Iterator[None]:
    """Say how to go on after a ctrl-C, once there is something to go on with."""
    try:
        yield
    except KeyboardInterrupt as error:
        if (task.path / folder.MANIFEST).exists():
            raise Interrupted(folder.resuming(task.path, task.pause)) from error
        raise


def _task(
    path: Path,
    scenario: Scenario,
    manifest: folder.Manifest,
    watch: Stopwatch,
    until: int | None = None,
) -> _Task:
    community = build_community(scenario)
    staged = world(scenario, community, manifest.seed)
    return _Task(path, community, staged, manifest, watch, until)


def _begins(community: Community, manifest: folder.Manifest) -> int:
    """When a run's first session opens [s since the epoch]."""
    rules = community.market
    first = day_ahead(rules, community.calendar, date.fromisoformat(manifest.first_day))
    return first.gate - rules.opens_s


def _reached(path: Path) -> int:
    """The instant up to which a run is done [s since the epoch]."""
    if (path / folder.PAUSED).exists():
        return folder.paused(path).at
    if not (path / folder.JOURNAL).exists():
        return 0
    journal = folder.journal(path)
    try:
        return journal.row(journal.height - 1).time if journal.height else 0
    finally:
        journal.close()


def _check_until(task: _Task, earliest: int, does: str) -> None:
    """Refuse to pause before what is done already, or before there is anything to do."""
    if task.until is None or task.until >= earliest:
        return
    from_when = local(earliest, task.community.timezone)
    problem = f"the run {does} at {from_when}, and {task.pause} is before that"
    raise BadInput([Fault(str(task.path), 0, "--until", problem, f"name {from_when} or later")])


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


def _go(task: _Task) -> None:
    stop = _Stop(f"{DAY}{last_day(task.manifest)}")
    with interruptible(stop):
        record, done = _loop(task, stop)
        stop.check()
        if done.days < task.manifest.days:
            pause(task.path, record, done, task.until or 0)
            return
        exports.write(task.path, record)
        stop.check()
        finish(task.path, record, task.manifest, done, task.watch)


def _loop(task: _Task, stop: _Stop) -> tuple[Record, folder.Result]:
    """Take the loop to the last day or the pause; return what was recorded, where it stands."""
    path, manifest = task.path, task.manifest
    with ExitStack() as stack:
        journal = folder.journal(path, writable=True)
        stack.callback(journal.close)
        ledger = stack.enter_context(of_runs.writable(path, manifest.seed))
        taking = of_runs.taking(ledger, manifest.seed, task.community.parties.operator)
        edges = Edges(task.world, taking, None, task.watch, monotonic)
        loop = build(task.community, manifest.seed, journal, edges)
        if journal.height:
            loop.recover()
        else:
            begins = _begins(task.community, manifest)
            loop.submit(_opening(task.community, manifest), begins)
        _run(loop, task, stop)
        task.watch.enter("proving and writing the report")
        return Record(journal), _result(loop, journal, ledger)


def _result(loop: Loop, journal: Journal, ledger: AnyLedger) -> folder.Result:
    head = ledger.head()
    return folder.Result(
        days=loop.states["ledger"].days,
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


def _run(loop: Loop, task: _Task, stop: _Stop) -> None:
    days = task.manifest.days
    _check_days(loop.states["ledger"].days, task.manifest)
    if loop.states["ledger"].days == days:
        return
    loop.run(stop, task.until)
    stop.check()
    if loop.states["ledger"].days < days and task.until is None:
        raise GridpactError(f"the run ended before {last_day(task.manifest)} was settled")


def _check_days(settled: int, manifest: folder.Manifest) -> None:
    if settled > manifest.days:
        fix = f"ask for {settled} days or more"
        raise BadInput([Fault(folder.MANIFEST, 0, "days", f"{settled} days are settled", fix)])
