"""``gridpact need remove``: withdraw a need."""

from __future__ import annotations

import sys
from pathlib import Path

import click
from msgspec import to_builtins

from gridpact.app.cli.output import harmless, mark, output_options, say, say_json
from gridpact.app.needs.acting import ask, look
from gridpact.app.needs.words import in_words
from gridpact.base.errors import BadInput, Fault
from gridpact.scheduling.messages import NeedRefused, WithdrawNeed
from gridpact.scheduling.needs.book import Book
from gridpact.scheduling.needs.spelling import known_as, listed

RUN = click.Path(path_type=Path, file_okay=False)


@click.command(
    short_help="Withdraw a need.",
    epilog="\b\nExample:\n  gridpact need remove runs/june need-1",
)
@click.argument("path", metavar="RUN", type=RUN)
@click.argument("name", metavar="ID")
@click.option("--owner", metavar="PARTY", help="Who withdraws it.  [default: its owner]")
@output_options
def remove(path: Path, name: str, owner: str | None, as_json: bool, quiet: bool) -> None:
    """Withdraw the need ID from the paused RUN: plans made from then on do without it.

    Plans that are in force stay so until the next one.
    """
    seen = look(path)
    book = seen.book
    name = known_as(name, (each.id for each in book.versions)) or name
    before = book.history(name)
    if not before:
        raise BadInput([_unknown(name, book)])
    need = next(one.need for one in reversed(before) if one.need is not None)
    answer = ask(path, WithdrawNeed(by=owner or need.owner, id=name))
    refused = answer.faults if isinstance(answer, NeedRefused) else ()
    if as_json:
        say_json({"id": name, "withdrawn": not refused, "faults": to_builtins(refused)})
    elif refused:
        say(f"{mark(good=False)} {harmless(name)}: not withdrawn")
        for fault in refused:
            say(harmless(f"    {fault.problem}; {fault.fix}"))
    elif not quiet:
        words = harmless(in_words(need, seen.community.timezone))
        say(f"{mark(good=True)} {name} of {need.owner}, {words}: withdrawn")
    sys.exit(1 if refused else 0)


def _unknown(name: str, book: Book) -> Fault:
    known = [need.id for need in book.needs]
    fix = f"name one of {listed(known)}" if known else "state one first: gridpact need add"
    return Fault("arguments", 0, "ID", f"there is no need {name[:80]!r}", fix)
