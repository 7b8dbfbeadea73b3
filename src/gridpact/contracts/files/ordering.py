"""What must be read before what, where definitions, parts or files use one another."""

from __future__ import annotations

from collections.abc import Iterable, Mapping


def ordered(uses: Mapping[str, Iterable[str]]) -> tuple[list[str], list[list[str]]]:
    """Return keys so that each comes after those it uses, and the circles among them.

    A name that is no key is left aside. Keys of a circle, each circle listed once from its first
    key on, are not in the order; keys that only use a circle are. Iterative, so that a long chain
    costs no stack.
    """
    order: list[str] = []
    circles: list[list[str]] = []
    state: dict[str, bool] = {}  # False while a key is being visited, True once it is done
    for first in uses:
        trail = [(first, iter(uses[first]))] if first not in state else []
        state.setdefault(first, False)
        while trail:
            key, left = trail[-1]
            following = next((name for name in left if name in uses), None)
            if following is None:
                trail.pop()
                state[key] = True
                order.append(key)
            elif following not in state:
                state[following] = False
                trail.append((following, iter(uses[following])))
            elif not state[following]:
                names = [name for name, _ in trail]
                circles.append(names[names.index(following) :])
    members = {name for circle in circles for name in circle}
    return [key for key in order if key not in members], circles
