"""The folder of a book: its rules, its journal, its runs."""

from __future__ import annotations

import os
import shutil
import stat
from pathlib import Path

import msgspec

from gridpact.app.books.journal import Journal
from gridpact.app.books.kept import Made, folder_of, read_booked, read_run
from gridpact.app.books.rules_file import RulesFile, read_rules
from gridpact.app.people.people_file import read_people
from gridpact.base.errors import BadInput, Fault, StoreError
from gridpact.base.files import write_whole
from gridpact.contracts.files.yaml_text import scalar_text
from gridpact.settlement.lines import Lines
from gridpact.settlement.periods.rules import Rules
from gridpact.settlement.runs.run import Run

RULES, PEOPLE, DATABASE, RUNS = "rules.yaml", "people.yaml", "books.db", "runs"


class Book:
    """A book that was begun."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.journal = Journal(folder / DATABASE)

    @classmethod
    def open(cls, folder: Path) -> Book:
        """Open a book; BadInput where there is none."""
        if not (folder / DATABASE).is_file():
            fix = f"begin one: gridpact books init {folder} --rules rules.yaml"
            raise BadInput([Fault(str(folder), 0, "", "there is no book", fix)])
        return cls(folder)

    @classmethod
    def create(
        cls, folder: Path, rules: Path | None, readings: str = "", people: Path | None = None
    ) -> Book:
        """Begin a book with a file of rules, which is copied with the files that it names.

        Without ``rules`` the folder has its ``rules.yaml`` already. ``readings`` is where readings
        are, from the working directory, in place of where the rules say. ``people`` is copied as
        well; without it the ``people.yaml`` beside the rules is, where there is one. Raises
        BadInput for rules and people that are none, and where there is a book already; then
        nothing is written.
        """
        if (folder / DATABASE).exists():
            raise BadInput([Fault(str(folder), 0, "", "there is a book already", "name another")])
        source = folder / RULES if rules is None else rules
        found = read_rules(source)
        _check_files(found)
        persons = _people(found, people)
        there = readings or found_at(found.folder, found.readings)
        text = _moved(source, folder, there)
        try:
            folder.mkdir(parents=True, exist_ok=True)
            if source.resolve() != (folder / RULES).resolve():
                _copy(found, folder)
            write_whole(folder / RULES, text)
            if persons is not None:
                _keep_people(folder / PEOPLE, persons)
        except OSError as error:
            raise StoreError(f"{folder}: {error.strerror or error}") from error
        Journal.create(folder / DATABASE)
        return cls(folder)

    def rules(self) -> RulesFile:
        """Return the rules as they are written now."""
        return read_rules(self.folder / RULES)

    def runs(self, period: str | None = None) -> list[Run]:
        """Return the runs that were booked, of one period or all, in order."""
        entries = self.journal.entries("run")
        found = [msgspec.json.decode(entry.body, type=Run) for entry in entries]
        return [run for run in found if period is None or run.period == period]

    def made(self, run: Run) -> Made:
        """Return a run with what it was made of; StoreError where it is not as it was booked."""
        folder = folder_of(self.folder / RUNS, run.number)
        found = read_run(folder)
        if found.run.hash != run.hash:
            raise StoreError(f"{folder}: the run is another than was booked")
        return found

    def posted(self, run: Run) -> tuple[Rules, Lines]:
        """Return the rules of a run and what it booked; StoreError as :meth:`made`."""
        folder = folder_of(self.folder / RUNS, run.number)
        found, rules, booked = read_booked(folder)
        if found.hash != run.hash:
            raise StoreError(f"{folder}: the run is another than was booked")
        return rules, booked

    def booked(self, period: str) -> list[Lines]:
        """Return the lines that the runs of a period booked, run by run."""
        return [self.posted(run)[1] for run in self.runs(period)]


def found_at(folder: Path, readings: str) -> str:
    """Return where readings are, which a book in ``folder`` names."""
    return readings if "://" in readings else str(folder / readings)


def _check_files(file: RulesFile) -> None:
    """Refuse rules that name files which are not there, or which cannot be copied."""
    faults = []
    for name in file.files:
        inside = not Path(name).is_absolute() and ".." not in Path(name).parts
        if not (file.folder / name).is_file():
            faults.append(Fault(file.file, 0, name, "there is no such file", "correct its name"))
        elif not inside:
            fix = "put it in the folder of the rules, or below"
            faults.append(Fault(file.file, 0, name, "the file is elsewhere", fix))
    if faults:
        raise BadInput(faults)


def _people(file: RulesFile, named: Path | None) -> bytes | None:
    """Return the file of people to copy, None where there is none; BadInput for a bad one."""
    path = named or file.folder / PEOPLE
    if named is None and not path.exists():
        return None
    read_people(path, (*file.rules.parties, *(member.id for member in file.rules.members)))
    return path.read_bytes()


def _keep_people(path: Path, text: bytes) -> None:
    """Write the file of people for its owner's eyes only."""
    write_whole(path, text)
    path.chmod(stat.S_IRUSR | stat.S_IWUSR)


def _copy(file: RulesFile, folder: Path) -> None:
    """Copy the files that rules name."""
    from gridpact.app.books.sharing import files_of

    named = [file.folder / name for name in file.files]
    if file.sharing:
        named += files_of(file.folder / file.sharing)
    for path in dict.fromkeys(named):
        target = folder / path.relative_to(file.folder)
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, target)


def _moved(rules: Path, folder: Path, readings: str) -> bytes:
    """Return the text of rules with readings as they are reached from a folder."""
    there = readings
    if "://" not in readings and not Path(readings).is_absolute():
        there = os.path.relpath(readings, folder)
    lines = rules.read_text("utf-8-sig").splitlines(keepends=True)
    at = next((row for row, line in enumerate(lines) if line.startswith("readings:")), None)
    if at is None:
        fix = "begin a line with it: readings: STORE"
        problem = "where readings are has no line of its own"
        raise BadInput([Fault(str(rules), 0, "readings", problem, fix)])
    lines[at] = f"readings: {scalar_text(there)}\n"
    return "".join(lines).encode()
