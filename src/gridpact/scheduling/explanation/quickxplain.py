"""A minimal set of members that clash (QuickXplain: U. Junker, AAAI 2004)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeVar

Item = TypeVar("Item")


def minimal_conflict(
    items: Sequence[Item], clash: Callable[[Sequence[Item]], bool]
) -> tuple[Item, ...]:
    """Find items that clash, of which any one left out lets the others go together.

    ``clash`` never ends by adding items. Of several such sets it is one of early items, so those
    that had better give come first. With k of n items found it takes some 2k·log₂(n/k) + 2k
    questions. Empty where nothing at all clashes already.

    Raises
    ------
    ValueError
        All items together do not clash.
    """
    if not clash(items):
        raise ValueError("all items go together")
    if clash(()):
        return ()
    places = tuple(range(len(items)))

    def search(ground: tuple[int, ...], grown: bool, rest: tuple[int, ...]) -> tuple[int, ...]:
        if grown and clash([items[at] for at in ground]):
            return ()
        if len(rest) == 1:
            return rest
        first, second = rest[: len(rest) // 2], rest[len(rest) // 2 :]
        of_second = search(ground + first, bool(first), second)
        of_first = search(ground + of_second, bool(of_second), first)
        return of_first + of_second

    return tuple(items[at] for at in sorted(search((), False, places)))
