"""Parts of a contract file with their places: mappings, lists and texts, checked as they are read.

Every reader returns None, or an empty collection, where something is wrong; the fault has then
been noted in the document, so that nothing more is said of that part.
"""

from __future__ import annotations

import difflib
from collections.abc import Sequence
from dataclasses import dataclass

from gridpact.base.documents import Document, Path, Value
from gridpact.contracts.amounts import ANY_CURRENCY, CURRENCY
from gridpact.contracts.errors import IllFormed
from gridpact.contracts.files.titles import TITLE_FIX, title_problem
from gridpact.contracts.observables import check_name

MAX_FAULTS = 1000  # a hostile file must not become a larger complaint
UNREAD = "?"  # stands for a currency that could not be read, so that it is not missed again
_LONGEST_TOLD = 400
_LONGEST_GUESSED, _MOST_GUESSED, _MOST_LISTED = 127, 300, 20


@dataclass(frozen=True, slots=True)
class Entry:
    """A value of a document and where it stands."""

    document: Document
    path: Path
    value: Value

    def fault(self, problem: object, fix: str) -> None:
        """Note something wrong with this part."""
        told = str(problem)
        shown = told if len(told) <= _LONGEST_TOLD else f"{told[:_LONGEST_TOLD]}…"
        self.document.fault(self.path, shown, fix)

    @property
    def is_hopeless(self) -> bool:
        """Whether so much is wrong with the document that the rest is left unread."""
        return len(self.document.faults) > MAX_FAULTS

    @property
    def spoilt(self) -> bool:
        """Whether the value could not be read, which has been told."""
        return self.path in self.document.spoilt

    def child(self, key: str | int, value: Value) -> Entry:
        """Return a part of this part."""
        return Entry(self.document, (*self.path, key), value)

    def entries(self, what: str) -> dict[str, Entry]:
        """Return the parts of a mapping by key; ``what`` tells what it should hold."""
        if isinstance(self.value, dict):
            return {key: self.child(key, value) for key, value in self.value.items()}
        if not self.spoilt:
            self.fault(f"{worded(self.value)} where a mapping is due", f"write {what}")
        return {}

    def items(self, what: str) -> list[Entry] | None:
        """Return the parts of a list; ``what`` tells what it should hold."""
        if isinstance(self.value, list):
            return [self.child(index, value) for index, value in enumerate(self.value)]
        if not self.spoilt:
            self.fault(f"{worded(self.value)} where a list is due", f"write {what}")
        return None

    def form(self, required: Sequence[str], optional: Sequence[str] = ()) -> dict[str, Entry]:
        """Return the parts of a mapping whose keys are known; tell which lack or are unknown."""
        known = [*required, *optional]
        found = self.entries(f"{', '.join(known)}, each with its value")
        before = ""
        for key, entry in found.items():
            if key in known:
                before = key
            elif entry.value is None and before and _goes_on(key, found[before].value):
                # in {amount: max(a, b)} YAML takes the comma for its own
                entry.fault("a comma parts this from its expression", "put the whole in quotes")
                self.document.spoilt.append(found[before].path)
            else:
                entry.fault("there is no such key", near(key, known))
        for key in required:
            if key not in found and isinstance(self.value, dict):
                self.fault(f"{key} is missing", f"write {key}")
        return {key: entry for key, entry in found.items() if key in known}

    def text(self, what: str) -> str | None:
        """Return a text."""
        if isinstance(self.value, str) and self.value:
            return self.value
        if not self.spoilt:
            fix = "put it in quotes" if isinstance(self.value, int | float) else f"write {what}"
            self.fault(f"{worded(self.value)} where {what} is due", fix)
        return None

    def name(self, what: str) -> str | None:
        """Return a text that may stand as a name in terms."""
        found = self.text(f"the name of a {what}")
        if found is None:
            return None
        try:
            check_name(found, what)
        except IllFormed as error:
            self.fault(error, "use letters, digits and . _ : @ / + -")
            return None
        return found

    def title(self) -> str:
        """Return a contract's title, ``""`` where it is none."""
        found = self.text("a title")
        if found is None:
            return ""
        if problem := title_problem(found):
            self.fault(problem, TITLE_FIX)
            return ""
        return found

    def currency(self) -> str | None:
        """Return a currency's code of three letters."""
        if self.value == UNREAD:
            return None
        found = self.text("a currency such as EUR")
        if found is None:
            return None
        if CURRENCY.fullmatch(found) and found != ANY_CURRENCY:
            return found
        self.fault(f"{found!r} is not a currency", "write three capitals, such as EUR")
        return None

    def expression(self) -> str | None:
        """Return the text of an expression, which may be written as a plain whole number."""
        if self.spoilt:
            return None
        if isinstance(self.value, str):
            return self.value
        if isinstance(self.value, int) and not isinstance(self.value, bool):
            return str(self.value)
        if isinstance(self.value, float):
            problem = f"{self.value} where whole numbers are due"
            self.fault(problem, "write a whole number, or a unit as in 0.5 kWh")
        else:
            problem = f"{worded(self.value)} where an expression is due"
            self.fault(problem, "write a name, an amount such as 20 kWh, or a formula")
        return None


def near(word: str, known: Sequence[str]) -> str:
    """Return a fix for an unknown word: the nearest known one, or all of them."""
    if len(word) <= _LONGEST_GUESSED and len(known) <= _MOST_GUESSED:
        for found in difflib.get_close_matches(word, known, n=1, cutoff=0.6):
            return f"did you mean {found}"
    more = f" and {len(known) - _MOST_LISTED} more" if len(known) > _MOST_LISTED else ""
    return f"known here: {', '.join(known[:_MOST_LISTED])}{more}" if known else "remove it"


def _goes_on(key: str, value: Value) -> bool:
    return isinstance(value, str) and value.count("(") > value.count(")") and "\n" not in key


def worded(value: Value) -> str:
    """Say what a value is in few words, however long it is written."""
    if isinstance(value, dict):
        return "a mapping"
    if isinstance(value, list):
        return "a list"
    if value is None or value == "":
        return "nothing"
    if isinstance(value, bool):
        return str(value).lower()
    return repr(value) if len(repr(value)) <= 40 else f"{repr(value)[:40]}…"
