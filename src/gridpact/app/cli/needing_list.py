"""``gridpact need list``: the needs that stand in a run."""

from __future__ import annotations

from pathlib import Path

import click
from msgspec import to_builtins

from gridpact.app.cli.layout import aligned, counted
from gridpact.app.cli.output import harmless, output_options, say, say_json
from gridpact.app.needs.acting import Seen, look_on
from gridpact.app.needs.reading import check_party
from gridpact.app.needs.words import in_words
from gridpact.app.orders.instants import local
from gridpact.scheduling.needs.clock import time_faults
from gridpact.scheduling.needs.model import Need

RUN = click.Path(path_type=Path, file_okay=False)


@click.command(
    "list",
    short_help="List the needs that stand.",
    epilog="""\b
Examples:
  gridpact need list runs/june
  gridpact need list runs/june --owner home-07""",
)
@click.argument("path", metavar="RUN", type=RUN)
@click.option("--owner", metavar="PARTY", help="Needs of one party, with its notes.")
@output_options
def list_needs(path: Path, owner: str | None, as_json: bool, quiet: bool) -> None:
    """List the needs that stand in RUN, in the order in which they were stated.

    Those whose last time has passed are listed as over: they bind no plan any more.
    """
    seen = look_on(path)
    if owner is not None:
        owner = check_party(owner, seen)
    found = [need for need in seen.book.needs if owner in (None, need.owner)]
    if as_json:
        say_json([_as_dict(need, seen, notes=owner is not None) for need in found])
    elif not quiet:
        for line in _lines(found, seen, notes=owner is not None):
            say(harmless(line))


def _as_dict(need: Need, seen: Seen, *, notes: bool) -> dict[str, object]:
    fields: dict[str, object] = to_builtins(need)
    if not notes:
        fields.pop("note", None)
    version = seen.book.history(need.id)[-1]
    return {
        "id": need.id,
        "owner": need.owner,
        "sentence": in_words(need, seen.community.timezone),
        "need": fields,
        "revision": version.number,
        "stated_by": version.by,
        "stated_at": version.at,
        "over": _over(need, seen),
    }


def _over(need: Need, seen: Seen) -> bool:
    return bool(time_faults(need, seen.at, seen.community.timezone))


def _lines(found: list[Need], seen: Seen, *, notes: bool) -> list[str]:
    if not found:
        return ["no needs stand"]
    head = ("need", "owner", "stated at", "what is needed", "note" if notes else "")
    rows = [head, *(_row(need, seen, notes=notes) for need in found)]
    return [*aligned(rows), "", counted(len(found), "need")]


def _row(need: Need, seen: Seen, *, notes: bool) -> tuple[str, ...]:
    at = local(seen.book.history(need.id)[-1].at, seen.community.timezone)
    over = " (over)" if _over(need, seen) else ""
    words = in_words(need, seen.community.timezone)
    return (need.id, need.owner, at, words + over, need.note if notes else "")
