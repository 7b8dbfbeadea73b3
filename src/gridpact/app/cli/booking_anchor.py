"""``gridpact books anchor`` and ``prove``: runs of a book on a ledger of authorities."""

from __future__ import annotations

import os
from pathlib import Path

import click

from gridpact.app.books.anchoring import anchoring, subject_of
from gridpact.app.books.auditing import prove as proved
from gridpact.app.books.folder import Book
from gridpact.app.cli.booking_words import BOOK
from gridpact.app.cli.contracting_new import check_new
from gridpact.app.cli.layout import counted
from gridpact.app.cli.ledgering_options import FILE, Acting, act, acting_options
from gridpact.app.cli.output import harmless, mark, output_options, say, say_json
from gridpact.app.ledgers import home
from gridpact.base.errors import BadInput, Fault
from gridpact.ledger.leaves import SALT_BYTES
from gridpact.ledger.proofs import files
from gridpact.ledger.spaces.custody import Custody
from gridpact.settlement.runs.run import Run

FOLDER = click.Path(path_type=Path, file_okay=False)
LEDGER = click.option(
    "--ledger", "place", required=True, type=FOLDER, metavar="LEDGER", help="Where it stands."
)
CUSTODY = click.option(
    "--custody",
    required=True,
    type=FOLDER,
    help="Secrets that members let the operator hold.",
)
KINDS = {"bill": "statements", "readings": "readings", "terms": "terms"}


@click.command(
    short_help="Put the roots of runs on a ledger.",
    epilog="""\b
Examples:
  gridpact books anchor b --ledger l --custody c --as lane=lane.key --seal a.key --why monthly
  gridpact books anchor b --ledger l --custody c --as lane=lane.key --why end --close""",
)
@BOOK
@LEDGER
@CUSTODY
@click.option("--period", help="Runs of this period alone.  [default: all]")
@click.option("--close", is_flag=True, help="Close the periods as well, as a final run does.")
@click.option("--draw", is_flag=True, help="Draw a secret for everybody who has none.")
@acting_options
def anchor(
    folder: Path,
    place: Path,
    custody: Path,
    period: str | None,
    close: bool,
    draw: bool,
    doing: Acting,
) -> None:
    """Anchor every run of BOOK that is not on the ledger yet, in one act of the operator.

    Of each run there are roots over terms, over readings day by day and over the lines booked,
    salted by owner, and what everybody receives in sum. A final run closes its period: the ledger
    takes nothing more of it.
    """
    book = Book.open(folder)
    if draw:
        _draw(book, Custody(custody))
    with home.opened(place) as ledger:
        found = anchoring(book, ledger, Custody(custody).secrets(), period, close=close)
    if not found.entries:
        if doing.as_json:
            say_json({"block": None, "runs": []})
        elif not doing.quiet:
            say("every run is on the ledger")
        return
    found.keep(book)
    runs = f"{folder}: {counted(len(found.runs), 'run')} on the ledger"
    told = ", ".join((runs, *(f"{name} is closed" for name in found.closed)))
    act(place, doing, found.entries, told)


def _draw(book: Book, custody: Custody) -> None:
    names = {subject_of(book)}
    for run in book.runs():
        rules, booked = book.posted(run)
        names |= {*booked.owners, *(member.id for member in rules.members)}
    for name in sorted(names):
        custody.draw(name, os.urandom(SALT_BYTES))


@click.command(
    short_help="Write the proof of a bill, of readings or of terms.",
    epilog="""\b
Examples:
  gridpact books prove b --ledger l --custody c --period 2026-03 --member school --out s.proof
  gridpact ledger check s.proof --authority a.pub""",
)
@BOOK
@LEDGER
@CUSTODY
@click.option("--period", required=True, help="A period that was settled.")
@click.option("--member", required=True, metavar="ID", help="Whose.")
@click.option("--kind", type=click.Choice([*KINDS]), default="bill", show_default=True)
@click.option("--day", default="", metavar="DAY", help="The local day of readings.")
@click.option("--run", "number", type=int, help="A run, by its number.  [default: the newest]")
@click.option("--out", required=True, type=FILE, help="File to write.")
@click.option("--force", is_flag=True, help="Replace the file if there is one.")
@output_options
def prove(
    folder: Path,
    place: Path,
    custody: Path,
    period: str,
    member: str,
    kind: str,
    day: str,
    number: int | None,
    out: Path,
    force: bool,
    as_json: bool,
    quiet: bool,
) -> None:
    """Write a file that proves what a run committed of a member.

    A bill is proved by the lines that the run booked; where a period has several runs, by one file
    for each of them.
    """
    if bool(day) != (kind == "readings"):
        fix = "give --day with --kind readings, and with nothing else"
        raise BadInput([Fault("arguments", 0, "--day", "readings are proved by the day", fix)])
    check_new(out, force=force)
    book = Book.open(folder)
    run = _run(book, period, number)
    with home.opened(place) as ledger:
        secrets = Custody(custody).secrets()
        found = proved(book, ledger, secrets, run, (KINDS[kind], day, member))
    files.write(out, found)
    head = found.block.tree_root.hex()
    if as_json:
        say_json({"file": str(out), "root": head, "run": run.number})
    elif not quiet:
        say(f"{mark(good=True)} {harmless(str(out))} leads to root {head}")


def _run(book: Book, period: str, number: int | None) -> Run:
    runs = [run for run in book.runs(period) if number in (None, run.number)]
    if not runs:
        fix = "see gridpact books status"
        raise BadInput([Fault("arguments", 0, "--period", f"there is no run of {period}", fix)])
    return runs[-1]
