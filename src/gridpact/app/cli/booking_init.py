"""``gridpact books init``: begin a book."""

from __future__ import annotations

from pathlib import Path

import click

from gridpact.app.books.folder import Book
from gridpact.app.cli.booking_words import BOOK
from gridpact.app.cli.layout import counted
from gridpact.app.cli.output import harmless, mark, output_options, say, say_json


@click.command(
    short_help="Begin a book from a file of rules.",
    epilog="""\b
Examples:
  gridpact books init lane --rules rules.yaml
  gridpact books init lane --rules rules.yaml --readings store
  gridpact books init lane --rules rules.yaml --people people.yaml
  gridpact books init lane""",
)
@BOOK
@click.option(
    "--rules",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="YAML file of rules.  [default: rules.yaml in the book]",
)
@click.option(
    "--readings",
    default="",
    metavar="STORE",
    help="A store of readings, or a table.  [default: as the rules say]",
)
@click.option(
    "--people",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="Names, addresses, IBANs.  [default: people.yaml beside the rules, if there]",
)
@output_options
def init(
    folder: Path,
    rules: Path | None,
    readings: str,
    people: Path | None,
    as_json: bool,
    quiet: bool,
) -> None:
    """Begin a book: copy the rules and the files that they name, and open its journal.

    Readings stay where they are. From then on the rules in the book count: change them there when
    members join, prices change or a tax does. Names and addresses are in people.yaml alone, from
    which anybody can be erased: no statement and no hash holds them.
    """
    book = Book.create(folder, rules, readings, people)
    file = book.rules()
    if as_json:
        say_json({"book": str(folder), "rules": file.rules.digest, "name": file.rules.name})
    elif not quiet:
        members = counted(len(file.rules.members), "member")
        contracts = counted(len(file.rules.clauses), "contract")
        told = harmless(f"{folder}: a book of {members} and {contracts}")
        say(f"{mark(good=True)} {told}")
