"""Term sheets back to the terms that they were written from, and to no others."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TypeAlias

from gridpact.base.errors import BadInput, Fault
from gridpact.contracts.canonical import terms_hash
from gridpact.contracts.errors import IllFormed
from gridpact.contracts.sheet import layout, names
from gridpact.contracts.sheet.sentences import Sentences
from gridpact.contracts.sheet.syntax import RESTORE, Builder, Key, Syntax
from gridpact.contracts.sheet.tokens import SheetFault, Stream, tokens
from gridpact.contracts.terms import Contract
from gridpact.contracts.wire import MAX_BYTES

MAX_TEXT = 4 * MAX_BYTES
_TITLE = re.compile(rf"\s*{layout.TITLE}(?:: (.*))?")
_CURRENCY = re.compile(r"[A-Z]{3}")
_DIGEST = re.compile(r"[0-9a-f]{64}")

_Lines: TypeAlias = list[tuple[int, str]]


def from_term_sheet(text: str, file: str = "term sheet") -> Contract:
    """Return the contract that a term sheet was written from.

    How sentences are broken into lines and indented has no meaning; headings stand on their own.
    Everything else has: the terms must agree with the hash in the heading, and their own sheet
    must be this one.

    Raises :class:`gridpact.base.errors.BadInput` listing each fault with its line in ``file``:
    sentences that cannot be read, references to nothing, terms that are not well formed, a hash
    of other terms, and words that differ from what the terms' sheet says.
    """
    reader = _Reader(text, file)
    contract = reader.contract()
    if contract is None or reader.faults:
        raise BadInput(reader.faults)
    return contract


class _Reader:
    def __init__(self, text: str, file: str) -> None:
        self._text = text
        self._file = file
        self.faults: list[Fault] = []
        self._title = ""
        self._sole = ""
        self._digest = (0, "")
        self._meanings: dict[Key, Syntax] = {}

    def contract(self) -> Contract | None:
        """Return the contract; faults are noted."""
        if len(self._text) > MAX_TEXT:
            self._note(0, f"the text has {len(self._text)} characters", f"send at most {MAX_TEXT}")
            return None
        sections = self._sections()
        if self.faults:
            return None
        self._heading(sections[""])
        promised, definitions, decisions, data, _ = names.HEADINGS
        self._named(sections.get(definitions, []), Sentences.definition)
        self._named(sections.get(decisions, []), Sentences.decision)
        self._named(sections.get(data, []), Sentences.datum)
        root = self._promises(sections[promised])
        return None if root is None or self.faults else self._checked(root)

    def _sections(self) -> dict[str, _Lines]:
        """Divide the lines by headings; those before the first are under ``""``."""
        found: dict[str, _Lines] = {"": []}
        current = ""
        for number, line in enumerate(self._text.split("\n"), 1):
            if line.strip() not in names.HEADINGS:
                found[current].append((number, line))
            elif line.strip() in found:
                self._note(number, f"“{line.strip()}” comes twice", RESTORE)
            else:
                current = line.strip()
                found[current] = []
        if names.HEADINGS[0] not in found:
            self._note(0, f"“{names.HEADINGS[0]}” is missing", RESTORE)
        return found

    def _heading(self, lines: _Lines) -> None:
        title = next((pair for pair in lines if pair[1].strip()), (1, ""))
        found = _TITLE.fullmatch(title[1].rstrip())
        if found is None:
            return self._note(title[0], f"the sheet does not begin with {layout.TITLE}", RESTORE)
        self._title = found[1] or ""
        for number, line in lines[lines.index(title) + 1 :]:
            if line.strip().startswith(layout.SOLE):
                self._sole = line.strip().removeprefix(layout.SOLE).strip().rstrip(".")
                if not _CURRENCY.fullmatch(self._sole):
                    self._note(number, "the currency is not a code such as EUR", RESTORE)
            if line.strip().startswith(layout.HASH):
                self._digest = number, line.strip().removeprefix(layout.HASH).strip()
        if not _DIGEST.fullmatch(self._digest[1]):
            problem = "the hash of the terms is not 64 digits 0 to f"
            return self._note(self._digest[0], problem, RESTORE)
        return None

    def _named(self, lines: _Lines, read: Callable[[Sentences], tuple[Key, Syntax]]) -> None:
        """Read the sentences of a section; after a fault go on with the next."""
        sentences = self._sentences(lines)
        while sentences.stream.peek().text:
            line = sentences.stream.line
            try:
                key, syntax = read(sentences)
            except SheetFault as fault:
                self._note(fault.line, fault.problem, fault.fix)
                sentences.stream.skip()
                continue
            if key in self._meanings:
                self._note(line, f"{key[0]} {key[1]} comes twice", RESTORE)
            self._meanings[key] = syntax

    def _promises(self, lines: _Lines) -> Syntax | None:
        sentences = self._sentences(lines)
        found = None
        try:
            found = sentences.items()
            if sentences.stream.peek().text:
                raise sentences.stream.fault("the next clause or the end")
        except SheetFault as fault:
            sentences.faults.append(fault)
        for each in sentences.faults:
            self._note(each.line, each.problem, each.fix)
        return found

    def _sentences(self, lines: _Lines) -> Sentences:
        last = lines[-1][0] if lines else 0
        return Sentences(Stream(tokens(lines), last), self._sole)

    def _checked(self, root: Syntax) -> Contract | None:
        """Build the terms; note where they are not the ones that the sheet is of."""
        try:
            built = Builder(self._meanings).build(root)
            assert isinstance(built, Contract)  # noqa: S101 - clauses make nothing else
            digest = terms_hash(built).hex()
            written = layout.term_sheet(built, self._title)
        except SheetFault as fault:
            self._note(fault.line, fault.problem, fault.fix)
            return None
        except IllFormed as error:
            self._note(0, str(error), RESTORE)
            return None
        if digest != self._digest[1]:
            problem = f"the terms below have the hash {digest}, not {self._digest[1]}"
            self._note(self._digest[0], problem, "sign only the sheet that was agreed")
        self._compare(written)
        return built

    def _compare(self, written: str) -> None:
        """Note the first word that the terms' own sheet has otherwise."""
        ours = [(n, w) for n, line in enumerate(self._text.split("\n"), 1) for w in line.split()]
        theirs = written.split()
        for (line, word), other in zip(ours, theirs, strict=False):
            if word not in (other, self._digest[1]):
                return self._differs(line, word, other)
        if len(ours) != len(theirs):
            return self._differs(ours[-1][0], "the end", "something else")
        return None

    def _differs(self, line: int, found: str, right: str) -> None:
        shown = f"“{found[:60]}” stands where the sheet of these terms has “{right[:60]}”"
        self._note(line, shown, RESTORE)

    def _note(self, line: int, problem: str, fix: str) -> None:
        if len(self.faults) < _MOST_FAULTS:
            self.faults.append(Fault(self._file, line, "", problem, fix))


_MOST_FAULTS = 1000  # a hostile text must not become a larger complaint
