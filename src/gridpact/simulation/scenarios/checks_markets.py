"""Cross-checks of trading: rules that no mechanism reads, limits that cross, partners."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterator

from gridpact.base.documents import Document, Path
from gridpact.market.clearing.mechanisms import MECHANISMS
from gridpact.market.clearing.preferences.clearing import LARGEST_SLOT
from gridpact.simulation.scenarios import generate
from gridpact.simulation.scenarios.access import Group, entries, exact, group, text, truth
from gridpact.simulation.scenarios.markets import MARKETS, PRICE_LIMITS, Market, rules_of


def check_markets(document: Document, root: Group) -> None:
    """Run every check of this file."""
    for key in _READ_BY:
        _check_read(document, root, key)
    _check_ties(document, root)
    _check_prices(document, root)
    _check_size(document, root)
    _check_partners(document, root)


def takes(option: str) -> Iterator[str]:
    """Names of the mechanisms that take an option."""
    return (name for name, mechanism in MECHANISMS.items() if option in mechanism.options)


_READ_BY: dict[str, Callable[[], Iterator[str]]] = {
    "k_percent": lambda: takes("k_ppm"),
    "ties": lambda: takes("ties"),
    "distance_fee_ct_per_kwh": lambda: iter(("preference",)),
    "grid_limits": lambda: iter(("uniform-price",)),
}
"""Keys that only some mechanisms read."""


def _check_read(document: Document, root: Group, key: str) -> None:
    """A key must be read by the mechanism of its market, one for both by that of either."""
    readers = sorted(_READ_BY[key]())
    chosen = {market: text(rules_of(root, market), "mechanism") for market in MARKETS}
    for path, markets in _written(document, root, key):
        if any(chosen[market] in readers for market in markets):
            continue
        names = " and ".join(dict.fromkeys(chosen[market] for market in markets))
        fix = f"remove it, or choose the mechanism {_either(readers)}"
        document.fault(path, f"{key} means nothing to {names}", fix)


def _either(names: list[str]) -> str:
    *most, last = names
    return f"{', '.join(most)} or {last}" if most else last


def _written(
    document: Document, root: Group, key: str
) -> Iterator[tuple[Path, tuple[Market, ...]]]:
    """Where a key is written, and the markets it is for; a false one asks for nothing."""
    file = document.value if isinstance(document.value, dict) else {}
    both = group(file, "market")
    if both.get(key, False) is not False:
        yield ("market", key), tuple(m for m in MARKETS if key not in group(both, m)) or MARKETS
    for market in MARKETS:
        if group(both, market).get(key, False) is not False:
            yield ("market", market, key), (market,)


def _check_ties(document: Document, root: Group) -> None:
    """Within the zones' limits orders at the marginal price always share pro rata."""
    limited = [market for market in MARKETS if truth(rules_of(root, market), "grid_limits")]
    by_time = [market for market in limited if text(rules_of(root, market), "ties") == "time"]
    for path in dict.fromkeys(_place(root, market, "ties") for market in by_time):
        problem = "within grid limits orders share pro rata, not by time"
        document.fault(path, problem, "write ties: pro-rata, or grid_limits: false")


def _place(root: Group, market: Market, key: str) -> Path:
    """Where what holds in a market is written: in its own keys, or in those of both."""
    own = key in group(group(root, "market"), market)
    return ("market", market, key) if own else ("market", key)


def _check_prices(document: Document, root: Group) -> None:
    """The lowest price lies below the highest, in general and in each market."""
    both = group(root, "market")
    _check_order(document, both, ("market", PRICE_LIMITS[0]))
    for market in MARKETS:
        own = next((key for key in PRICE_LIMITS if key in group(both, market)), None)
        if own:
            _check_order(document, rules_of(root, market), ("market", market, own))


def _check_order(document: Document, node: Group, path: Path) -> None:
    low, high = (exact(node, key) for key in PRICE_LIMITS)
    if low >= high:
        problem = f"the lowest price {float(low):g} is not below the highest {float(high):g}"
        fix = "lower it" if path[-1] == PRICE_LIMITS[0] else "raise it"
        document.fault(path, problem, fix)


def _check_size(document: Document, root: Group) -> None:
    """Preference matching takes no more orders in a slot than it can match exactly."""
    members = sum(1 for _ in entries(root, "members")) + len(_generated(root))
    if members <= LARGEST_SLOT:
        return
    for market in MARKETS:
        if text(rules_of(root, market), "mechanism") == "preference":
            problem = f"preference matching is for {LARGEST_SLOT} members; here are {members}"
            path = _place(root, market, "mechanism")
            document.fault(path, problem, "choose another mechanism")
            return


def _check_partners(document: Document, root: Group) -> None:
    """A partner is a member, and not oneself."""
    named = [text(member, "id") for _, member in entries(root, "members")]
    known = dict.fromkeys([*named, *_generated(root)])
    for place, member in entries(root, "members"):
        path: Path = ("members", place, "market", "prefers", "partner")
        partner = text(group(group(member, "market"), "prefers"), "partner")
        if partner and partner == text(member, "id"):
            document.fault(path, "a member is not its own partner", "name another member")
        elif partner and partner not in known:
            near = difflib.get_close_matches(partner, known, n=1)
            fix = f"write {near[0]}" if near else "name a member of the community"
            document.fault(path, f"there is no member '{partner}'", fix)


def _generated(root: Group) -> list[str]:
    block = group(root, "generate")
    return generate.ids(block) if block else []
