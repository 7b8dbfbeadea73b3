"""``gridpact run`` and ``gridpact demo``."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime
from functools import partial
from pathlib import Path
from typing import NamedTuple, TypeAlias

import click
import msgspec

from gridpact import __version__
from gridpact.app import folder, runs
from gridpact.app.cli.moments import MOMENT, epoch_of
from gridpact.app.cli.output import Progress, output_options, say, say_json
from gridpact.app.orders.waiting import waiting
from gridpact.app.summary import summarise
from gridpact.app.watch import Stopwatch
from gridpact.base.documents import Value, parse
from gridpact.base.errors import BadInput, Fault
from gridpact.base.slots import iso
from gridpact.simulation.scenarios import default_path, load
from gridpact.simulation.scenarios.loading import terms_files
from gridpact.simulation.scenarios.model import Scenario, StoreSource
from gridpact.simulation.scenarios.stores import fingerprint, pinned

FOLDER = click.Path(path_type=Path, file_okay=False)


class Wanted(NamedTuple):
    """What the command line says of a run beside its scenario; None where it says nothing."""

    days: int | None
    first_day: date | None
    seed: int | None
    data: Path | None


class _Job(NamedTuple):
    """A run to be done."""

    path: Path
    scenario: Scenario
    manifest: folder.Manifest


Work: TypeAlias = Callable[[Path, Scenario, folder.Manifest, Stopwatch], None]


def _files(scenario: Scenario) -> dict[str, folder.DataFile]:
    """Where every source of the scenario is read from, and its digest."""
    paths = {each.name: each.mapping.path for each in scenario.series}
    paths |= {each.name: each.mapping.path for each in scenario.sessions}
    files = {
        name: folder.DataFile(str(Path(path).absolute()), folder.digest(Path(path)))
        for name, path in paths.items()
    }
    return files | {each.name: _store(each) for each in scenario.stores}


def _terms(scenario: Path, wanted: Wanted) -> dict[str, folder.DataFile]:
    """Files of terms that a scenario names, and their digests; a run keeps copies of them."""
    return {
        key: folder.DataFile(str(path.absolute()), folder.digest(path))
        for key, path in terms_files(scenario, wanted.data).items()
    }


def _store(source: StoreSource) -> folder.DataFile:
    place = source.url if "://" in source.url else str(Path(source.url).absolute())
    as_of = iso(source.as_of) if source.as_of is not None else ""
    return folder.DataFile(place, fingerprint(source), as_of)


def _pinned(scenario: Scenario) -> Scenario:
    """Hold a run's stores at what is known as it begins."""
    if not scenario.stores:
        return scenario
    return msgspec.structs.replace(scenario, stores=tuple(map(pinned, scenario.stores)))


def _begin(out: Path | None, scenario_path: Path, wanted: Wanted, *, demo: bool = False) -> _Job:
    """Read a scenario that is to be run in a new folder."""
    said: dict[str, Value] = {}
    if wanted.days is not None:
        said["run.days"] = wanted.days
    if wanted.first_day is not None:
        said["run.from"] = str(wanted.first_day)
    if wanted.seed is not None:
        said["run.seed"] = wanted.seed
    scenario = _pinned(load(scenario_path, wanted.data, said))
    manifest = folder.Manifest(
        gridpact=__version__,
        scenario=str(scenario_path),
        scenario_sha256=folder.digest(scenario_path),
        seed=scenario.run.seed,
        first_day=str(scenario.run.first_day),
        days=scenario.run.days,
        files=_files(scenario),
        demo=demo,
        kept=_terms(scenario_path, wanted),
        beside=str(scenario_path.parent.absolute()),
    )
    named = f"{scenario_path.stem}-{manifest.first_day}"
    return _Job(out or Path("runs") / named, scenario, manifest)


def _again(path: Path, wanted: Wanted) -> _Job:
    """Read the scenario of a run that is to go on, as it was when the run began."""
    manifest = folder.manifest(path)
    faults = _fixed(path, manifest, wanted)
    if faults:
        raise BadInput(faults)
    manifest = msgspec.structs.replace(manifest, days=wanted.days or manifest.days)
    kept = path / folder.SCENARIO
    fix = "put the file back as it was, or begin a new run"
    if folder.digest(kept) != manifest.scenario_sha256:
        raise BadInput([Fault(str(kept), 0, "", "changed since the run began", fix)])
    said: dict[str, Value] = {
        "run.days": manifest.days,
        "run.from": manifest.first_day,
        "run.seed": manifest.seed,
    }
    if manifest.files:
        said["sources"] = _sources(kept, manifest, moved=wanted.data is not None)
    said |= {key: str(copy.absolute()) for key, copy in folder.kept(path, manifest).items()}
    beside = Path(manifest.beside or Path(manifest.scenario).parent)
    scenario = load(kept, wanted.data, said, beside)
    changed = [
        Fault(file.path, 0, f"sources.{name}", "the data changed since the run began", fix)
        for name, file in _files(scenario).items()
        if file.sha256 != manifest.files[name].sha256
    ]
    if changed:
        raise BadInput(changed)
    return _Job(path, scenario, manifest)


def _sources(kept: Path, manifest: folder.Manifest, *, moved: bool) -> Value:
    """Return the scenario's sources, each with the place where its file was found at first.

    Where data have ``moved`` they are sought anew; stores stay as they were known at first.
    """
    root = parse(kept.read_bytes(), str(kept)).value
    sources = root.get("sources") if isinstance(root, dict) else None
    for name, source in sources.items() if isinstance(sources, dict) else ():
        if isinstance(source, dict) and name in manifest.files:
            source["file"] = source["file"] if moved else manifest.files[name].path
            if as_of := manifest.files[name].as_of:
                source["as_of"] = as_of
    return sources


def _fixed(path: Path, manifest: folder.Manifest, wanted: Wanted) -> list[Fault]:
    """Faults of asking a run for what cannot change once it has begun."""
    said = {"--from": wanted.first_day, "--seed": wanted.seed}
    fix = "leave it out, or begin a new run"
    faults = [
        Fault(str(path), 0, option, "is fixed when a run begins", fix)
        for option, value in said.items()
        if value is not None
    ]
    if wanted.days is not None and wanted.days < manifest.days:
        fix = f"ask for {manifest.days} days or more"
        faults.append(Fault(str(path), 0, "--days", "a run cannot take days back", fix))
    return faults


def _carry_out(job: _Job, work: Work, *, as_json: bool, quiet: bool) -> None:
    """Run, and say in ten lines what came of it."""
    progress = Progress(quiet=quiet or as_json)
    try:
        work(job.path, job.scenario, job.manifest, Stopwatch(progress))
    finally:
        progress.done()
    paused = (job.path / folder.PAUSED).exists()
    summary = waiting(job.path) if paused else summarise(job.path)
    if as_json:
        say_json(summary)
    elif not quiet:
        for line in summary.lines:
            say(line)


@click.command(
    short_help="Run a scenario, or go on with a run that was stopped.",
    epilog="""\b
Examples:
  gridpact run examples/default.yaml
  gridpact run examples/default.yaml --from 2026-06-15 --days 3 --out runs/june --seed 7

\b
To finish a run that was stopped, and to let it go on for more days:
  gridpact run --resume runs/june
  gridpact run --resume runs/june --days 7

\b
To wait for people's orders ten minutes before a gate closes, and then to go on:
  gridpact run examples/default.yaml --until 2026-06-14T12:50 --out runs/june
  gridpact run --resume runs/june""",
)
@click.argument("scenario", required=False, type=click.Path(path_type=Path, dir_okay=False))
@click.option("--days", type=click.IntRange(1, 3660), metavar="N", help="Local days to settle.")
@click.option(
    "--from",
    "first_day",
    type=click.DateTime(["%Y-%m-%d"]),
    metavar="DATE",
    help="First local day, such as 2026-06-15.",
)
@click.option(
    "--out",
    type=FOLDER,
    metavar="DIR",
    help="New folder for the run.  [default: runs/SCENARIO-DATE]",
)
@click.option("--seed", type=click.IntRange(0), metavar="N", help="Seed of every random stream.")
@click.option(
    "--data",
    type=FOLDER,
    envvar="GRIDPACT_DATA",
    show_envvar=True,
    metavar="DIR",
    help="Folder of data files that are not beside the scenario.",
)
@click.option("--resume", type=FOLDER, metavar="DIR", help="Go on with the run in DIR.")
@click.option(
    "--until",
    type=MOMENT,
    metavar="INSTANT",
    help="Do all up to an instant, by the community's clock unless it has an offset, and wait.",
)
@output_options
def run(
    scenario: Path | None,
    days: int | None,
    first_day: datetime | None,
    out: Path | None,
    seed: int | None,
    data: Path | None,
    resume: Path | None,
    until: datetime | None,
    as_json: bool,
    quiet: bool,
) -> None:
    """Run SCENARIO, a YAML file, day by day; leave journal, ledger, statements and a report.

    What the options say goes before what the scenario says.

    Ctrl-C stops a run between two messages; --resume finishes it to the same bytes. A run that
    was told to wait (--until) takes orders: see gridpact order.
    """
    if (scenario is None) == (resume is None):
        raise click.UsageError("give a SCENARIO to begin a run, or --resume DIR to go on with one")
    if resume is not None and out is not None:
        raise click.UsageError("--resume goes on in its own folder: leave out --out")
    wanted = Wanted(days, first_day.date() if first_day else None, seed, data)
    if resume is not None:
        job = _again(resume, wanted)
        work = partial(runs.resume, until=_until(job, until))
    elif scenario is not None:
        job = _begin(out, scenario, wanted)
        work = partial(runs.start, until=_until(job, until))
    _carry_out(job, work, as_json=as_json, quiet=quiet)


def _until(job: _Job, moment: datetime | None) -> int | None:
    """Read an instant by the clock of a scenario's community [s since the epoch]."""
    return None if moment is None else epoch_of(moment, job.scenario.timezone, "--until")


@click.command(
    short_help="Run one day of the default community.",
    epilog="""\b
Examples:
  gridpact demo
  gridpact demo --out /tmp/demo --json""",
)
@click.option(
    "--out",
    type=FOLDER,
    metavar="DIR",
    default=Path("runs/demo"),
    show_default=True,
    help="Folder for the run.",
)
@output_options
def demo(out: Path, as_json: bool, quiet: bool) -> None:
    """Run one day of the default community. An earlier demo in the folder is replaced."""
    job = _begin(out, default_path(), Wanted(1, None, None, None), demo=True)
    _carry_out(job, runs.restart, as_json=as_json, quiet=quiet)
