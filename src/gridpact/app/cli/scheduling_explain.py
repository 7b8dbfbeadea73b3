"""``gridpact schedule explain``: why a session's plan could not keep everything."""

from __future__ import annotations

import sys
import textwrap
from collections.abc import Sequence
from pathlib import Path

import click
from msgspec import to_builtins
from msgspec.structs import replace

from gridpact.app.cli.layout import WIDTH, counted
from gridpact.app.cli.output import Progress, harmless, mark, output_options, say, say_json
from gridpact.app.cli.scheduling_sources import recorded
from gridpact.app.needs.acting import look_on
from gridpact.app.needs.late import late_needs
from gridpact.app.needs.words import in_words
from gridpact.app.orders.acting import paused_at
from gridpact.app.orders.instants import local
from gridpact.app.record import Record
from gridpact.app.schedules.explaining import Told, told, told_ahead
from gridpact.app.schedules.fitting import Fit, fit, fit_ahead
from gridpact.app.schedules.next_plans import Ahead, ahead, known
from gridpact.app.schedules.posing import gathered, latest, latest_missing
from gridpact.base.errors import BadInput
from gridpact.scheduling.explanation.model import Conflict
from gridpact.scheduling.needs.directory import HOME
from gridpact.scheduling.needs.grammar.parse import pointed
from gridpact.scheduling.needs.model import Need


@click.command(
    short_help="Say why not everything can be had, and what would do.",
    epilog="""\b
Examples:
  gridpact schedule explain examples/conflict.yaml
  gridpact schedule explain runs/june --session 2026-06-15.intraday-1200 --for home-07
  gridpact schedule explain runs/june --need "car >= 90% by 18:00" --owner home-07

\b
Exit codes, beside those of every command:
  1  the need asked about would not fit, or a run would refuse it""",
)
@click.argument("what", metavar="SCENARIO|RUN", type=click.Path(path_type=Path))
@click.option(
    "--session",
    metavar="SESSION",
    help="Plan to explain: its name, or the instant from which it is in force, as gridpact "
    "schedule history shows it.  [default: of a RUN that waits, those that it makes next; of any "
    "other the latest that misses anything; with --need, and where none does, the latest; of a "
    "SCENARIO the first]",
)
@click.option("--for", "party", metavar="PARTY", help="Who asks.  [default: the operator]")
@click.option("--need", "sentence", metavar="SENTENCE", help="Say whether this need would fit.")
@click.option("--owner", metavar="PARTY", help="Whose need it would be.")
@click.option(
    "--data",
    type=click.Path(path_type=Path, file_okay=False),
    envvar="GRIDPACT_DATA",
    show_envvar=True,
    metavar="DIR",
    help="SCENARIO: folder of data files that are not beside it.",
)
@output_options
def explain(
    what: Path,
    session: str | None,
    party: str | None,
    sentence: str | None,
    owner: str | None,
    data: Path | None,
    as_json: bool,
    quiet: bool,
) -> None:
    """Explain what cannot be kept: which needs and limits clash, and what each could give.

    Given a SCENARIO, a YAML file, its first day is run; given a RUN, a folder, a plan it recorded
    is explained. Every conflict is minimal, and every proposal has been solved with. A
    member is told of its own needs by value, and of others by number.

    With --quiet the sentences alone are printed, which are all that is asked for here.

    With --need nothing is stated: it is said whether the need would fit beside all others. Its
    dates are read as gridpact need add reads them, when the run has come to.
    """
    _check_usage(party, sentence, owner)
    progress = Progress(quiet=quiet or as_json)
    try:
        record = recorded(what, data, progress)
        progress("explaining", 0)
        if sentence is None:
            found: Told | Fit = _told(what, record, session, party)
        else:
            found = _fit(what, record, session, (sentence, owner))
    except BadInput as error:
        _point(sentence or "", error)
        raise
    finally:
        progress.done()
    _show(found, as_json=as_json, quiet=quiet)
    sys.exit(0 if isinstance(found, Told) or found.fits else 1)


def _check_usage(party: str | None, sentence: str | None, owner: str | None) -> None:
    if (sentence is None) != (owner is None) and not (sentence or "").lstrip().startswith("{"):
        raise click.UsageError("--need and --owner go together")
    if sentence is not None and party is not None:
        raise click.UsageError("--for does not go with --need, which is told to its owner")


def _show(found: Told | Fit, *, as_json: bool, quiet: bool) -> None:
    if as_json:
        say_json(_told_as_dict(found) if isinstance(found, Told) else _fit_as_dict(found))
        return
    if isinstance(found, Told):
        lines = _told_lines(found)[quiet:]
    else:
        lines = [] if quiet else _fit_lines(found)
    for line in lines:
        say(line)


def _told(what: Path, record: Record, session: str | None, party: str | None) -> Told:
    """Explain the plan that is asked for; of a run that waits, what it makes next."""
    if session is None and (next_plans := _ahead(what, record)) is not None:
        return told_ahead(next_plans, late_needs(record), party)
    chosen = latest_missing(record) if session is None and what.is_dir() else session
    was = gathered(record, chosen)
    return told(was, late_needs(record, None if session is None else was.at), party)


def _fit(what: Path, record: Record, session: str | None, need: tuple[str, str | None]) -> Fit:
    """Tell whether a need would fit: in a run, beside those that stand by now."""
    if not what.is_dir():
        return fit(gathered(record, session), *need)
    seen = look_on(what)
    if session is not None:
        return fit(gathered(record, session), *need, seen.at)
    if (next_plans := _ahead(what, record)) is not None:
        return fit_ahead(next_plans, *need, seen.at)
    return fit(gathered(record, latest(record))._replace(book=seen.book), *need, seen.at)


def _ahead(what: Path, record: Record) -> Ahead | None:
    """What a run makes next; None where it does not wait, or no plan of a day to come is known."""
    waits_at = paused_at(what) if what.is_dir() else 0
    found = ahead(known(record), waits_at) if waits_at else None
    return found if found is not None and found.plans else None


def _point(sentence: str, error: BadInput) -> None:
    """Show where a sentence goes wrong, above what is wrong."""
    marks = [pointed(sentence, fault) for fault in error.faults]
    if sentence.isprintable() and (shown := next(filter(None, marks), "")):
        say(shown, err=True)


def _told_lines(found: Told) -> list[str]:
    head = f"{_plan(found)}, of {found.title}, for {found.party}"
    if found.holds:
        return [head, f"{mark(good=True)} {found.sentences[0]}"]
    said = [*found.sentences, *found.bare] if found.explanation.conflicts else list(found.bare)
    said += [] if found.explanation.conflicts else found.sentences[1:]
    return [head, *_bullets(said)]


def _fit_lines(found: Fit) -> list[str]:
    words = harmless(in_words(found.need, found.timezone))
    if found.refused:
        faults = (f"    {one.where}: {one.problem}; {one.fix}" for one in found.refused)
        return [f"{mark(good=False)} {words}: refused", *map(harmless, faults)]
    lines = [f"{mark(good=found.fits)} {words}: {'fits' if found.fits else 'does not fit'}"]
    lines += [f"    in {_plan(found)}", *(f"    note: {note}" for note in found.notes)]
    if found.aside:
        needs = counted(found.aside, "need")
        lines.append(f"    beside all but {needs}, as not all can be kept")
    return [*lines, *_bullets(found.sentences)]


def _plan(found: Told | Fit) -> str:
    if found.begins:
        begins = local(found.begins, found.timezone)
        return f"the next plan, in force from {begins}, foreseen from {found.session}"
    return f"{found.session}, made {local(found.made, found.timezone)}"


def _bullets(sentences: Sequence[str]) -> list[str]:
    """Set each sentence apart, broken where it is long."""
    return [
        line
        for said in sentences
        for line in textwrap.wrap(
            harmless(said), WIDTH, initial_indent="- ", subsequent_indent="  "
        )
    ]


def _fit_as_dict(found: Fit) -> dict[str, object]:
    return {**to_builtins(found), "sentence": in_words(found.need, found.timezone)}


def _told_as_dict(found: Told) -> dict[str, object]:
    seen = found.explanation
    return {
        "title": found.title,
        "session": found.session,
        "made": found.made,
        "in_force_from": found.begins or None,
        "for": found.party,
        "holds": found.holds,
        "sentences": [*found.sentences, *found.bare],
        "conflicts": [_conflict(one, found) for one in seen.conflicts],
        "joint": to_builtins(seen.joint),
        "unbound": [
            {**_need(one.need, found), "problem": one.problem, "fix": one.fix}
            for one in seen.unbound
        ],
    }


def _conflict(one: Conflict, found: Told) -> dict[str, object]:
    """A conflict with its zones, homes left out, and needs as sentences and values."""
    fields = {
        **to_builtins(one),
        "zones": [name for name in one.zones if not name.startswith(HOME)],
        "members": [[_need(need, found) for need in member.needs] for member in one.members],
    }
    fields["proposals"] = [
        {
            **to_builtins(each),
            "needs": [_need(need, found) for need in each.needs],
            "provided": [
                {
                    "before": _need(given.before, found),
                    "after": None if given.after is None else _need(given.after, found),
                }
                for given in each.provided
            ],
        }
        for each in one.proposals
    ]
    return fields


def _need(need: Need, found: Told) -> dict[str, object]:
    """A need; notes are for owners alone."""
    shown = need if need.owner == found.party else replace(need, note="")
    fields = {"id": need.id, "owner": need.owner, "sentence": in_words(need, found.timezone)}
    return {**fields, "need": to_builtins(shown)}
