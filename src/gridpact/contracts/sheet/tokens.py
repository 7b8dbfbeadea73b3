"""A term sheet's text as words and marks, each with its line; how text is broken has no meaning."""

from __future__ import annotations

import re
from dataclasses import dataclass

from gridpact.contracts.sheet import names

MAX_WORD = 200
_TOKEN = re.compile(r"'[^'\s]*'|\([A-Z]+\)|[(),;']|[^\s'(),;]+")
_TAIL = re.compile(r"[.:]+$")


class SheetFault(Exception):  # noqa: N818 - a fault of the text, gathered by the reader
    """Something wrong on one line of a term sheet."""

    def __init__(self, line: int, problem: str, fix: str) -> None:
        self.line = line
        self.problem = problem
        self.fix = fix
        super().__init__(problem)


@dataclass(frozen=True, slots=True)
class Token:
    """A word or a mark, its line from 1, and whether it is the first on it."""

    text: str
    line: int
    first: bool


def tokens(lines: list[tuple[int, str]]) -> list[Token]:
    """Return the tokens of some numbered lines. A full stop or colon after a word stands alone."""
    found = []
    for line, text in lines:
        pieces = [piece for match in _TOKEN.finditer(text) for piece in _split(match[0])]
        found += [Token(piece, line, index == 0) for index, piece in enumerate(pieces)]
    return found


def _split(text: str) -> list[str]:
    tail = _TAIL.search(text)
    if text[0] in "'(" or tail is None:
        return [text]
    return [*([text[: tail.start()]] if tail.start() else []), *tail[0]]


class Stream:
    """Reads tokens one after another."""

    def __init__(self, found: list[Token], last_line: int) -> None:
        self._tokens = found
        self._end = Token("", last_line, True)
        self._at = 0

    @property
    def line(self) -> int:
        """The line of the next token."""
        return self.peek().line

    def peek(self, ahead: int = 0) -> Token:
        """Return the next token, or a later one; an empty one after the last."""
        at = self._at + ahead
        return self._tokens[at] if at < len(self._tokens) else self._end

    def take(self, what: str) -> str:
        """Take the next token, whatever it is; ``what`` says what was looked for."""
        token = self.peek()
        if not token.text or len(token.text) > MAX_WORD:
            raise self.fault(what)
        self._at += 1
        return token.text

    def sees(self, words: str) -> bool:
        """Tell whether some words come next."""
        return all(self.peek(i).text == word for i, word in enumerate(words.split()))

    def accept(self, words: str) -> bool:
        """Take some words where they come next."""
        if not self.sees(words):
            return False
        self._at += len(words.split())
        return True

    def expect(self, words: str) -> None:
        """Take some words, which have to come next."""
        for word in words.split():
            if not self.accept(word):
                raise self.fault(f"“{word}”")

    def name(self, what: str) -> str:
        """Take a name, in quotes or bare."""
        found = names.unquoted(self.peek().text)
        if found is None:
            raise self.fault(what)
        self.take(what)
        return found

    def lower(self) -> None:
        """Take the capital from the next token, the first of a sentence."""
        token = self.peek()
        self._tokens[self._at] = Token(token.text.lower(), token.line, token.first)

    def skip(self) -> None:
        """Go on to the next sentence that begins a line."""
        self._at += 1
        while self.peek().text and not (self.peek().first and self.peek(-1).text == "."):
            self._at += 1

    def resume(self, label: str) -> bool:
        """Go on to the next line that begins with a label; stay, and say so, where none does."""
        for at in range(self._at, len(self._tokens)):
            if self._tokens[at].first and self._tokens[at].text == label:
                self._at = at
                return True
        return False

    def fault(self, expected: str) -> SheetFault:
        """Return the fault that something else was expected here."""
        token = self.peek()
        shown = f"“{token.text[:40]}”" if token.text else "the end"
        fix = "restore the sheet as it was written"
        return SheetFault(token.line, f"expected {expected}, found {shown}", fix)
