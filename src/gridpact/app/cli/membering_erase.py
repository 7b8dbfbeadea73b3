"""``gridpact member erase``: a person's secret, space and personal rows go."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from gridpact.app.books.erasing import KeptBook
from gridpact.app.books.folder import PEOPLE
from gridpact.app.cli.layout import counted
from gridpact.app.cli.ledgering_options import LEDGER, Acting, act, acting_options, rehearse
from gridpact.app.cli.output import harmless, say
from gridpact.app.people.erasing import PeopleFile
from gridpact.app.readings.erasing import ReadingsStore
from gridpact.base.errors import BadInput, Fault
from gridpact.ledger.kinds.participants import SubjectErased
from gridpact.ledger.spaces.custody import Custody
from gridpact.ledger.spaces.erasure import CustodyCopy, Erasable, SpaceFolder
from gridpact.ledger.spaces.erasure import erase as erased

JOURNAL = "erasures"
_FOLDER = click.Path(path_type=Path, file_okay=False)


@click.command(
    short_help="Erase a person's secret and personal rows.",
    epilog="""\b
Example:
  gridpact member erase l home-07 --space s --book b --as lane=lane.key --seal a.key --why x""",
)
@LEDGER
@click.argument("name", metavar="MEMBER")
@click.option("--space", type=_FOLDER, help="The member's space.")
@click.option("--custody", type=_FOLDER, help="Folder of the secrets that the operator holds.")
@click.option("--readings", metavar="STORE", help="A store of readings.")
@click.option("--point", "points", multiple=True, metavar="ID", help="A point of the member.")
@click.option("--book", type=_FOLDER, help="A book with its people.yaml.")
@acting_options
def erase(place: Path, name: str, doing: Acting, **where: Any) -> None:
    """Destroy the secret behind MEMBER and the personal rows in each store that is named.

    Past leaves stay on the ledger, and nobody can open them any more; everybody else's proofs
    hold. What law obliges to keep is named, with its last day. Where it was cut off, the same
    command goes on. That it was done is recorded last.
    """
    stores = _stores(name, where)
    _begins_right(name, place, where["space"])
    rehearse(place, doing, [SubjectErased(name)])
    found = erased(name, stores, place / JOURNAL)
    if not doing.quiet and not doing.as_json:
        for step in found.steps:
            say(harmless(f"  {step.store}: {counted(step.destroyed, 'item')} destroyed"))
            for kept in step.kept:
                say(harmless(f"    kept until {kept.until}: {kept.what} ({kept.rule})"))
    act(place, doing, [found.entry], f"{name} is erased")


def _begins_right(name: str, place: Path, space: Path | None) -> None:
    """Refuse a space that is not there, unless an erasure that was cut off took it away."""
    if space and not space.exists() and not (place / JOURNAL / f"{name}.json").exists():
        fix = "name the folder of the member's space, or leave it out where there is none"
        raise BadInput([Fault("arguments", 0, "--space", f"{space} is not there", fix)])


def _stores(name: str, where: dict[str, Any]) -> list[Erasable]:
    """Return the stores in the order of erasure: secrets first."""
    found: list[Erasable] = []
    if where["space"]:
        found.append(SpaceFolder(where["space"]))
    if where["custody"]:
        found.append(CustodyCopy(Custody(where["custody"])))
    if bool(where["readings"]) != bool(where["points"]):
        fix = "give --readings with the member's --point, each of them"
        raise BadInput([Fault("arguments", 0, "--readings", "one comes without the other", fix)])
    if where["readings"]:
        found.append(ReadingsStore(where["readings"], {name: where["points"]}))
    if where["book"]:
        book = KeptBook(where["book"])
        found += [PeopleFile(where["book"] / PEOPLE, book.kept(name)), book]
    if not found:
        fix = "name at least one of --space, --custody, --readings and --book"
        raise BadInput([Fault("arguments", 0, "", "nothing is named to erase from", fix)])
    return found
