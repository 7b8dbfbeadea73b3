"""What commands on schedules look at: a run that was recorded, or the first day of a scenario."""

from __future__ import annotations

from pathlib import Path

from gridpact.app import folder
from gridpact.app.cli.output import Progress
from gridpact.app.compare.whole import record_of
from gridpact.app.record import Record
from gridpact.app.watch import Stopwatch
from gridpact.base.errors import BadInput, Fault
from gridpact.simulation.scenarios import load
from gridpact.simulation.scenarios.build import community


def recorded(what: Path, data: Path | None, progress: Progress) -> Record:
    """Read a run, or run a scenario's first day; BadInput where there is neither."""
    if what.is_dir():
        return folder.record(what)
    if not what.exists():
        fix = "name a scenario, or the folder of a run"
        raise BadInput([Fault(str(what), 0, "", "there is no such file or folder", fix)])
    scenario = load(what, data, {"run.days": 1})
    return record_of(scenario, community(scenario), Stopwatch(progress))
