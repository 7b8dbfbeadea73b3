"""How a run ends: finished, with its report, or paused, waiting for people."""

from __future__ import annotations

import shlex
from pathlib import Path

from gridpact.app import folder
from gridpact.app.orders.instants import local
from gridpact.app.record import Record
from gridpact.app.report import RunFacts, build_report
from gridpact.app.watch import Stopwatch
from gridpact.market.messages import CancelOrder, PlaceOrder


def pause(path: Path, record: Record, result: folder.Result, at: int) -> None:
    """Write down that a run waits for people, with all up to ``at`` [s since the epoch] done."""
    zone = record.opening().community.timezone
    folder.write_json(path / folder.PAUSED, folder.Paused(at, local(at, zone), result))


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
        warnings=_by_hand(record),
    )
    folder.write_text(path / folder.REPORT, build_report(record, facts))
    folder.write_json(path / folder.RESULT, done)


def _by_hand(record: Record) -> tuple[str, ...]:
    """Say that the command alone does not make a run again in which people acted."""
    acts = len(record.kept(PlaceOrder)) + len(record.kept(CancelOrder))
    if not acts:
        return ()
    times = "once" if acts == 1 else f"{acts} times"
    return (f"People placed or cancelled orders {times}; the command alone runs without them.",)


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
