"""A place in a sentence, and what may come next."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NoReturn

from gridpact.scheduling.needs.grammar.tokens import Misread, Token, tokens_of
from gridpact.scheduling.needs.spelling import nearest


class Cursor:
    """Reads tokens one after the other; whatever does not fit raises :class:`Misread`."""

    def __init__(self, sentence: str) -> None:
        self._tokens = tokens_of(sentence)
        self._at = 0

    @property
    def next(self) -> Token:
        """The token that comes next."""
        return self._tokens[self._at]

    @property
    def after(self) -> Token:
        """The token after the next; the end again at the end."""
        return self._tokens[min(self._at + 1, len(self._tokens) - 1)]

    def take(self) -> Token:
        """Read the next token, whatever it is."""
        token = self.next
        self._at = min(self._at + 1, len(self._tokens) - 1)
        return token

    def is_word(self, *words: str) -> bool:
        """Tell whether the next token is one of these words, in whatever case."""
        return self.next.kind == "word" and self.next.text.lower() in words

    def skip(self, *words: str) -> bool:
        """Read the next token where it is one of these words; tell whether it was."""
        found = self.is_word(*words)
        if found:
            self.take()
        return found

    def skip_kind(self, kind: str) -> bool:
        """Read the next token where it is of this kind; tell whether it was."""
        found = self.next.kind == kind
        if found:
            self.take()
        return found

    def word(self, *words: str) -> str:
        """Read one of these words."""
        if not self.is_word(*words):
            self.fail(" or ".join(words), words)
        return self.take().text.lower()

    def kind(self, kind: str, expected: str) -> Token:
        """Read a token of this kind."""
        if self.next.kind != kind:
            self.fail(expected)
        return self.take()

    def fail(self, expected: str, words: Iterable[str] = (), fix: str = "") -> NoReturn:
        """Refuse the next token; of ``words`` the nearest is offered."""
        if self.next.kind == "word" and not fix:
            near = nearest(self.next.text, words)
            fix = f"write {near}" if near else ""
        problem = f"found {self.next}, expected {expected}"
        raise Misread(self.next.column, problem, fix or f"write {expected}")
