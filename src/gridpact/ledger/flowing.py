"""Many commits to one ledger, without waiting for each where the ledger need not be waited for.

A chain makes a block a second or so, and what is handed in before shares it. Whoever has a day's or
a month's blocks to commit hands them into a *flow*; what became of each is told later, in order.
A ledger that answers at once is used block by block, behind the same two methods.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from typing import Protocol, TypeAlias, runtime_checkable

from gridpact.ledger.entries import Entry
from gridpact.ledger.port import Receipt, Refused, Taking

Told: TypeAlias = Callable[[str, Receipt | Refused], object]
"""Hears of each commit's key what became of it, once that cannot change any more."""


class Flowing(Protocol):
    """What takes commits one after the other."""

    def commit(self, key: str, entries: Sequence[Entry], at: int) -> Refused | None:
        """Hand a block in, which follows those handed in before; see :meth:`.port.Ledger.commit`.

        None where it is under way or done: what becomes of it is told. Refused where it is wrong
        itself, which changes nothing for others; or where one before it was refused after it had
        been handed in: then nothing further is taken, and this one may be given again elsewhere.
        """
        ...


@runtime_checkable
class Flows(Protocol):
    """A ledger that takes further commits while others are under way."""

    def flowing(self, told: Told) -> AbstractContextManager[Flowing]:
        """Open a flow; leaving it waits for all that is under way."""
        ...


class _OneByOne:
    def __init__(self, ledger: Taking, told: Told) -> None:
        self._ledger, self._told = ledger, told

    def commit(self, key: str, entries: Sequence[Entry], at: int) -> Refused | None:
        answer = self._ledger.commit(key, entries, at)
        if isinstance(answer, Refused):
            return answer
        self._told(key, answer)
        return None


@contextmanager
def flowing(ledger: Taking, told: Told) -> Iterator[Flowing]:
    """Commit to a ledger in a flow, where it has one; leaving it waits for all that is under way.

    ``told`` hears in order of all that was taken in; of a block that could not be made because one
    before it was refused, it hears Refused as well. After an error or a crash the same keys may be
    given again: each block is on the ledger once.
    """
    if isinstance(ledger, Flows):
        with ledger.flowing(told) as flow:
            yield flow
    else:
        yield _OneByOne(ledger, told)
