"""``gridpact run`` and ``gridpact demo``."""

from __future__ import annotations

from datetime import date, datetime
from hashlib import sha256
from pathlib import Path
from typing import NamedTuple

import click
import msgspec

from gridpact import __version__
from gridpact.app import folder, runs
from gridpact.app.cli.output import Progress, output_options, say_json
from gridpact.app.summary import summarise
from gridpact.app.watch import Stopwatch
from gridpact.base.errors import BadInput, Fault
from gridpact.simulation.scenarios import default_path, load
from gridpact.simulation.scenarios.document import Value
from gridpact.simulation.scenarios.model import Scenario

FOLDER = click.Path(path_type=Path, file_okay=False)


class Wanted(NamedTuple):
    """What the command line says of a run beside its scenario; None where it says nothing."""

    days: int | None
    first_day: date | None
    seed: int | None
    data: Path | None


def _digests(scenario: Scenario) -> dict[str, str]:
    """SHA-256 of every data file, by its name in the scenario."""
    series = [(source.mapping.file, source.mapping.path) for source in scenario.series]
    sessions = [(source.mapping.file, source.mapping.path) for source in scenario.sessions]
    return {
        name: sha256(Path(path).read_bytes()).hexdigest() for name, path in (*series, *sessions)
    }


def _new(path: Path, scenario_path: Path, wanted: Wanted, progress: Progress) -> None:
    overrides: dict[str, Value] = {}
    if wanted.days is not None:
        overrides["run.days"] = wanted.days
    if wanted.first_day is not None:
        overrides["run.from"] = str(wanted.first_day)
    if wanted.seed is not None:
        overrides["run.seed"] = wanted.seed
    scenario = load(scenario_path, wanted.data, overrides)
    manifest = folder.Manifest(
        gridpact=__version__,
        scenario=str(scenario_path),
        seed=scenario.run.seed,
        first_day=str(scenario.run.first_day),
        days=scenario.run.days,
        data_root=str(wanted.data or scenario_path.parent),
        files=_digests(scenario),
    )
    runs.start(path, scenario, manifest, Stopwatch(progress))


def _again(path: Path, wanted: Wanted, progress: Progress) -> None:
    manifest = folder.manifest(path)
    faults = _fixed(path, manifest, wanted)
    if faults:
        raise BadInput(faults)
    days = wanted.days or manifest.days
    said: dict[str, Value] = {
        "run.days": days,
        "run.from": manifest.first_day,
        "run.seed": manifest.seed,
    }
    scenario = load(path / folder.SCENARIO, wanted.data or manifest.data_root, said)
    fix = "put the file back as it was, or begin a new run"
    changed = [
        Fault(name, 0, "", "changed since the run began", fix)
        for name, digest in _digests(scenario).items()
        if manifest.files.get(name) != digest
    ]
    if changed:
        raise BadInput(changed)
    manifest = msgspec.structs.replace(manifest, days=days)
    runs.resume(path, scenario, manifest, Stopwatch(progress))


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


def _conclude(path: Path, progress: Progress, *, as_json: bool, quiet: bool) -> None:
    progress.done()
    summary = summarise(path)
    if as_json:
        say_json(summary)
    elif not quiet:
        for line in summary.lines:
            click.echo(line)


@click.command(
    epilog="""\b
Examples:
  gridpact run examples/default.yaml
  gridpact run examples/default.yaml --from 2026-06-15 --days 3 --out runs/june --seed 7
  gridpact run --resume runs/june              finish a run that was stopped
  gridpact run --resume runs/june --days 7     and let it go on for more days"""
)
@click.argument("scenario", required=False, type=click.Path(path_type=Path, dir_okay=False))
@click.option("--days", type=click.IntRange(1, 3660), help="Local days to settle.")
@click.option("--from", "first_day", type=click.DateTime(["%Y-%m-%d"]), help="First local day.")
@click.option("--out", type=FOLDER, help="New folder for the run  [runs/SCENARIO-DATE].")
@click.option("--seed", type=click.IntRange(0), help="Seed of every random stream.")
@click.option("--data", type=FOLDER, envvar="GRIDPACT_DATA", help="Folder of data files.")
@click.option("--resume", type=FOLDER, metavar="DIR", help="Go on with the run in DIR.")
@output_options
def run(
    scenario: Path | None,
    days: int | None,
    first_day: datetime | None,
    out: Path | None,
    seed: int | None,
    data: Path | None,
    resume: Path | None,
    as_json: bool,
    quiet: bool,
) -> None:
    """Run SCENARIO day by day and leave journal, ledger, statements and a report.

    Ctrl-C stops a run between two messages; --resume finishes it to the same bytes.
    """
    if (scenario is None) == (resume is None):
        raise click.UsageError("give a SCENARIO to begin a run, or --resume DIR to go on with one")
    wanted = Wanted(days, first_day.date() if first_day else None, seed, data)
    progress = Progress(quiet=quiet or as_json)
    if resume is not None:
        path = resume
        _again(path, wanted, progress)
    elif scenario is not None:
        path = out or Path("runs") / scenario.stem
        _new(path, scenario, wanted, progress)
    _conclude(path, progress, as_json=as_json, quiet=quiet)


@click.command(epilog="\b\nExample:\n  gridpact demo --out runs/demo")
@click.option("--out", type=FOLDER, default=Path("runs/demo"), show_default=True, help="Folder.")
@output_options
def demo(out: Path, as_json: bool, quiet: bool) -> None:
    """Run one day of the default community. An earlier demo in the folder is replaced."""
    folder.clear(out)
    progress = Progress(quiet=quiet or as_json)
    _new(out, default_path(), Wanted(1, None, None, None), progress)
    _conclude(out, progress, as_json=as_json, quiet=quiet)
