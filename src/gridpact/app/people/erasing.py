"""Persons erased from a file of people, but for what invoices must show as long as law obliges."""

from __future__ import annotations

from pathlib import Path

import yaml

from gridpact.app.people.people_file import BEGIN, read_people
from gridpact.base.documents import Value, read_mapping
from gridpact.base.errors import BadInput, Fault
from gridpact.ledger.spaces.destroying import finish, replace
from gridpact.ledger.spaces.erasure import Kept, Step

_INVOICED = ("name", "address", "vat_id")


class PeopleFile:
    """A book's ``people.yaml`` as a store of persons.

    ``keep`` is what a book must keep of the subject's invoices: then its name, address and tax
    number stay, as an invoice that is shown or audited must state them, and all else goes. The
    file is written anew, so that comments go as well, which may tell of anybody.
    """

    name = "people"

    def __init__(self, path: Path, keep: tuple[Kept, ...] = ()) -> None:
        self._path = path
        self._keep = keep

    def erase(self, subject: str) -> Step:
        """Erase the subject's fields; BadInput for the holder of the book's bank account."""
        if not self._path.exists():
            return Step(self.name, 0)
        finish(self._path)
        read_people(self._path)  # a file with faults is told of, not written anew
        _, root = read_mapping(self._path, "people", BEGIN)
        people = root.get("people")
        person = people.get(subject) if isinstance(people, dict) else None
        if not isinstance(people, dict) or not isinstance(person, dict):
            return Step(self.name, 0)
        if root.get("holder") == subject:
            fix = "name another holder first"
            fault = Fault(str(self._path), 0, "holder", f"{subject} holds the account", fix)
            raise BadInput([fault])
        left: dict[str, Value] = {
            field: value for field, value in person.items() if self._keep and field in _INVOICED
        }
        gone = len(person) - len(left)
        if gone:
            people[subject] = left
            if not left:
                del people[subject]
            text = yaml.safe_dump(root, allow_unicode=True, sort_keys=False)
            replace(self._path, text.encode())
        until = max((each.until for each in self._keep), default="")
        rule = "an invoice names its recipient"
        kept = (Kept(", ".join(left), until, rule),) if left else ()
        return Step(self.name, gone, kept)
