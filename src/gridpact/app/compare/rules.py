"""One market under several mechanisms: what changes with the mechanism, and what stays."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from gridpact.market.clearing.mechanisms import MECHANISMS
from gridpact.registry.model import MarketRules, TradingRules

KINDS = ("day-ahead", "intraday")


class Variant(msgspec.Struct, frozen=True):
    """Rules under one name; ``recorded`` where they are those that were in force."""

    name: str
    rules: MarketRules
    recorded: bool = False


def under(rules: TradingRules, mechanism: str) -> TradingRules:
    """Return the rules with another mechanism; what it does not read is as if never said.

    Fees and price limits stay. Raises KeyError where there is no such mechanism.
    """
    options, plain = MECHANISMS[mechanism].options, TradingRules()
    return msgspec.structs.replace(
        rules,
        mechanism=mechanism,
        k_ppm=rules.k_ppm if "k_ppm" in options else plain.k_ppm,
        ties=rules.ties if "ties" in options else plain.ties,
        distance_fee_micro_per_kwh=(
            rules.distance_fee_micro_per_kwh if mechanism == "preference" else 0
        ),
        grid_limits=rules.grid_limits and mechanism == "uniform-price",
    )


def both_under(rules: MarketRules, mechanism: str) -> MarketRules:
    """Return the rules with another mechanism in both markets."""
    return msgspec.structs.replace(
        rules,
        day_ahead=under(rules.day_ahead, mechanism),
        intraday=under(rules.intraday, mechanism),
    )


def variants(rules: MarketRules, mechanisms: Sequence[str]) -> tuple[Variant, ...]:
    """Rules in force first, unless they are those of a single mechanism; then every mechanism."""
    found = tuple(
        Variant(name, changed, recorded=changed == rules)
        for name, changed in ((name, both_under(rules, name)) for name in mechanisms)
    )
    if any(each.recorded for each in found):
        return found
    return (Variant(named(rules), rules, recorded=True), *found)


def named(rules: MarketRules) -> str:
    """Name rules by the mechanisms of both markets."""
    names = dict.fromkeys((rules.day_ahead.mechanism, rules.intraday.mechanism))
    return " / ".join(names)
