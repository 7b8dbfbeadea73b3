"""``gridpact ledger scan``: whether anything personal stands on a ledger."""

from __future__ import annotations

from pathlib import Path

import click
import msgspec

from gridpact.app.books.folder import PEOPLE
from gridpact.app.cli.layout import counted
from gridpact.app.cli.ledgering_options import LEDGER
from gridpact.app.cli.output import harmless, mark, output_options, say, say_error, say_json
from gridpact.app.ledgers import home
from gridpact.app.people.people_file import read_people
from gridpact.app.people.personal import personal
from gridpact.base.errors import BadInput, Fault
from gridpact.ledger.privacy.personal import Datum, unsalted
from gridpact.ledger.privacy.scan import Report
from gridpact.ledger.privacy.scan import scan as scanned
from gridpact.ledger.spaces.space import Space

_PLACE = click.Path(path_type=Path)


@click.command(
    short_help="Look for anything personal on a ledger.",
    epilog="""\b
Examples:
  gridpact ledger scan lane-ledger --people lane/people.yaml
  gridpact ledger scan lane-ledger --space home-07 --also archive""",
)
@LEDGER
@click.option("--people", type=_PLACE, multiple=True, help="people.yaml, or a book that has one.")
@click.option("--space", "spaces", type=_PLACE, multiple=True, help="A member's space.")
@click.option("--also", type=_PLACE, multiple=True, help="Files or folders to look into, too.")
@output_options
def scan(
    place: Path,
    people: tuple[Path, ...],
    spaces: tuple[Path, ...],
    also: tuple[Path, ...],
    as_json: bool,
    quiet: bool,
) -> None:
    """Look for personal data in all bytes of a ledger, in any writing, and for unsalted hashes.

    Looked for are the people of --people, and of each --space its secret and what its leaves hold.
    A finding tells where, what and whose, and never the datum. Exit code 1 where there is any.
    """
    data = [datum for path in people for datum in _of_people(path)]
    data += [datum for path in spaces for datum in _of_space(path)]
    if not data:
        fix = "name at least one --people or --space that holds data"
        raise BadInput([Fault("arguments", 0, "", "there is nothing to look for", fix)])
    about = home.read(place)
    if about.address.startswith("postgresql://"):
        fix = "write its entries with 'gridpact ledger export' and name the file with --also"
        raise BadInput([Fault(str(place), 0, "", "its rows are on a server", fix)])
    rows = [place] if (place / home.ABOUT).exists() else sorted(place.glob(f"{about.address}*"))
    names = sorted({datum.whose for datum in data})
    found = scanned(data, [*rows, *also], names)
    if as_json:
        say_json(msgspec.to_builtins(found))
    else:
        _say(found, quiet=quiet)
    if not found.clean:
        raise SystemExit(1)


def _of_people(path: Path) -> list[Datum]:
    return list(personal(read_people(path / PEOPLE if path.is_dir() else path)))


def _of_space(path: Path) -> list[Datum]:
    space = Space.open(path)
    found = [Datum("secret", space.subject, space.secret())]
    for kind, period in space.kept():
        found += unsalted(space.leaf(kind, period))
    return found


def _say(found: Report, *, quiet: bool) -> None:
    for each in found.findings:
        say_error(harmless(str(each)))
    if quiet:
        return
    if found.clean:
        say(f"{mark(good=True)} nothing personal in {counted(found.size, 'byte')}")
    elif found.cut:
        say("there is more; these are the first")
    say(
        f"  {counted(found.needles, 'form')} looked for; identifiers stand there"
        f" {counted(found.pseudonyms, 'time')}, as is meant"
    )
    for what, whose in found.short:
        say(harmless(f"  {what} of {whose} is short: looked for as a hash alone"))
