"""The folder of a register: ``certificates.yaml`` with its rules, ``certificates.db`` its journal.

Every operation is an entry of a journal bound to the one before by its hash. A command is one
transaction: one that is killed leaves the register as it was. An operation with a name that is
there already is not done again, if the same was asked for, and refused if not. The folder may be
that of a book.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

import msgspec

from gridpact.app.books.journal import Journal, Writing
from gridpact.app.certificates.rules_file import RegisterRules, read_rules
from gridpact.base.errors import BadInput, Fault, JournalDamaged, StoreError
from gridpact.base.files import write_whole
from gridpact.settlement.certificates.operations import Operation, Refused
from gridpact.settlement.certificates.register import Register, folded

RULES, DATABASE = "certificates.yaml", "certificates.db"


class _Kept(msgspec.Struct, frozen=True):
    """An entry of the journal: the operation, and a hash of what was asked for."""

    operation: Operation
    asked: str


class Done(msgspec.Struct, frozen=True):
    """Operations of a command; ``before`` where they were done by an earlier one."""

    operations: tuple[Operation, ...]
    before: bool = False


Plan = Callable[[Register], Sequence[Operation] | Refused]


class RegisterFolder:
    """A register that was begun."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._journal = Journal(folder / DATABASE, "register")

    @classmethod
    def open(cls, folder: Path) -> RegisterFolder:
        """Open a register; BadInput where there is none."""
        if not (folder / DATABASE).is_file():
            fix = f"begin one: gridpact certificates init --register {folder} --rules FILE"
            raise BadInput([Fault(str(folder), 0, "", "there is no register of certificates", fix)])
        return cls(folder)

    @classmethod
    def create(cls, folder: Path, rules: Path) -> RegisterFolder:
        """Begin a register with a file of rules, which is copied into it.

        BadInput for rules that are none, and where there is a register already.
        """
        if (folder / DATABASE).exists():
            fix = "name another folder"
            raise BadInput([Fault(str(folder), 0, "", "there is a register already", fix)])
        read_rules(rules)
        try:
            folder.mkdir(parents=True, exist_ok=True)
            if rules.resolve() != (folder / RULES).resolve():
                write_whole(folder / RULES, rules.read_bytes())
        except OSError as error:
            raise StoreError(f"{folder}: {error.strerror or error}") from error
        Journal.create(folder / DATABASE, "register")
        return cls(folder)

    def rules(self) -> RegisterRules:
        """Return the rules as they are written now."""
        return read_rules(self.folder / RULES)

    def register(self) -> Register:
        """Return the register as it is; JournalDamaged where its journal does not hold."""
        if damage := self._journal.damage():
            raise JournalDamaged(f"{self.folder / DATABASE}: {damage}")
        return self._folded(self._kept(entry.body for entry in self._journal.entries()))

    def do(self, names: Sequence[str], asked: object, at_s: int, plan: Plan) -> Done | Refused:
        """Do what a command plans, whole or not at all.

        Parameters
        ----------
        names
            Names of operations that the command was given; where all of them are there, and what
            was ``asked`` for was the same, nothing is done again.
        asked
            Plain values or structs that say what is asked for.
        at_s
            Instant of the operations [s since the epoch].
        plan
            Tells operations from the register as it is, while nobody else changes it.

        Raises
        ------
        BadInput
            Where a name belongs to an operation that was asked for otherwise.
        """
        digest = hashlib.sha256(msgspec.json.encode(asked, order="sorted")).hexdigest()
        with self._journal.writing(at_s) as writing:
            kept = self._kept(_bodies(writing))
            if before := self._before(kept, names, digest):
                return Done(before, before=True)
            register = self._folded(kept)
            planned = plan(register)
            if isinstance(planned, Refused):
                return planned
            for operation in planned:
                register.apply(operation)
                tag = str(operation.__struct_config__.tag)
                writing.book(tag, _Kept(operation, digest))
            return Done(tuple(planned))

    def _before(
        self, kept: Sequence[_Kept], names: Sequence[str], digest: str
    ) -> tuple[Operation, ...]:
        """Return operations of these names that are there already, asked for as now."""
        there = [each for each in kept if each.operation.id in names]
        if other := [each for each in there if each.asked != digest]:
            problem = f"operation {other[0].operation.id} was another one"
            fault = Fault(str(self.folder), 0, "--id", problem, "give this one a name of its own")
            raise BadInput([fault])
        return tuple(each.operation for each in there)

    def _kept(self, bodies: Iterable[bytes]) -> list[_Kept]:
        try:
            return [msgspec.json.decode(body, type=_Kept) for body in bodies]
        except msgspec.DecodeError as error:
            raise JournalDamaged(f"{self.folder / DATABASE}: {error}") from error

    def _folded(self, kept: Iterable[_Kept]) -> Register:
        try:
            return folded(each.operation for each in kept)
        except ValueError as error:
            raise JournalDamaged(f"{self.folder / DATABASE}: {error}") from error


def _bodies(writing: Writing) -> list[bytes]:
    """Return the bodies of all entries, read within a transaction."""
    rows = writing.database.execute("SELECT body FROM journal ORDER BY number").fetchall()
    return [row[0] for row in rows]
