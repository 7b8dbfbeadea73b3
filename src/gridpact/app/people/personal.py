"""What in a file of people is personal, for looking whether it stands anywhere else."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from gridpact.app.people.people_file import People, Person
from gridpact.ledger.privacy.personal import Datum

_PLAIN = ("name", "iban", "creditor_id", "mandate", "vat_id", "email")
_WORD = 4


def personal(people: People) -> Iterator[Datum]:
    """Yield what would tell who somebody is.

    A bank's BIC, a town and its postcode alone are many people's and are left out; words of names
    are looked for from four letters on.
    """
    for whose, person in people.people.items():
        yield from _of(whose, person)
    for whose, before in people.amended.items():
        for field in msgspec.structs.asdict(before):
            if text := getattr(before, field):
                yield Datum(f"{field} before", whose, text)


def _of(whose: str, person: Person) -> Iterator[Datum]:
    for field in _PLAIN:
        if text := getattr(person, field):
            yield Datum(field, whose, text)
    for word in person.name.split():
        if len(word) >= _WORD and word != person.name:
            yield Datum("part of the name", whose, word)
    if person.address and person.address.street:
        yield Datum("street", whose, person.address.street)
        yield Datum("address", whose, ", ".join(person.address.lines))
