"""``gridpact contract settle``: what agreements of a run came to."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby
from pathlib import Path

import click

from gridpact.app import folder
from gridpact.app.agreements_of_run import AgreementView, Paid, Told, agreement_views
from gridpact.app.cli.layout import aligned, money
from gridpact.app.cli.output import output_options, say, say_json
from gridpact.app.orders.instants import local


@click.command(
    "settle",
    short_help="Settle what was agreed in a run, with what was told.",
    epilog="""\b
Examples:
  gridpact contract settle runs/june
  gridpact contract settle runs/june --agreement right --json""",
)
@click.argument("run", metavar="RUN", type=click.Path(path_type=Path, file_okay=False))
@click.option("--agreement", metavar="ID", help="Of this agreement alone.")
@output_options
def settle_agreements(run: Path, agreement: str | None, as_json: bool, quiet: bool) -> None:
    """Show what agreements of a RUN came to.

    Which choices were told, by whom and when, and who pays whom by the terms, in slots that are
    over. What meters and markets bill is no part of it: see the statements of the run.
    """
    record = folder.record(run)
    views, zone = agreement_views(record, agreement), record.opening().community.timezone
    if as_json:
        say_json({"agreements": views})
    elif not quiet:
        if not views:
            say("nobody agreed anything")
        for place, view in enumerate(views):
            for line in [*([""] if place else []), *settled_lines(view, zone)]:
                say(line)


def settled_lines(view: AgreementView, zone: str) -> Iterator[str]:
    """Yield the lines that tell of one agreement, by a local clock."""
    span = f"{local(view.start, zone)} to {local(view.end, zone)}"
    yield f"{view.id}: {view.state}, {span} ({zone})"
    yield f"between {' and '.join(view.parties)}"
    if view.plans_choose_for:
        yield f"plans choose for {', '.join(view.plans_choose_for)}"
    if view.told:
        yield ""
        yield from aligned(
            [
                ("choice", "by", "from", "until", "value", "told"),
                *(row for one in view.told for row in _told(one, zone)),
            ],
            right=(4,),
        )
    yield ""
    if view.unsettled:
        yield f"payments cannot be worked out: {view.unsettled}"
    elif view.paid:
        yield from aligned(_paid(view.paid), right=(2,))
    else:
        yield f"nothing is paid until {local(view.until, zone)}"


def _told(one: Told, zone: str) -> Iterator[Sequence[str]]:
    """Yield a row for each stretch of one value."""
    step, slot = (one.end - one.start) // len(one.values), one.start
    for value, same in groupby(one.values):
        end = slot + len(list(same)) * step
        yield (
            one.choice,
            one.by,
            local(slot, zone),
            local(end, zone),
            str(value),
            local(one.at, zone),
        )
        slot = end


def _paid(paid: Sequence[Paid]) -> list[Sequence[str]]:
    amounts = money([one.nano for one in paid])
    return [
        ("payer", "payee", "amount", "currency", "for"),
        *(
            (one.payer, one.payee, amount, one.currency, one.kind)
            for one, amount in zip(paid, amounts, strict=True)
        ),
    ]
