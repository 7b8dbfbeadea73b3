"""The value of a contract to one party over scenario paths."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace

import numpy as np

from gridpact.base.slots import Slots, iso
from gridpact.base.units import NANO_PER_UNIT, Floats, Ints
from gridpact.contracts.evaluate import Known, World
from gridpact.contracts.needs import needs
from gridpact.contracts.observables import CHOICE_PREFIX
from gridpact.contracts.terms import Contract
from gridpact.contracts.valuation.measures import QUANTILES, Distribution, describe
from gridpact.contracts.valuation.present import (
    check_discount,
    check_party,
    flows_to,
    net,
    present_value,
)

ALL_KINDS = ""


@dataclass(frozen=True, slots=True)
class Decided:
    """How open choices were taken before valuing: by whom, and knowing what.

    ``worth`` is what their payments bring the author when taken so, ``most`` what nobody can
    better on average; both expected, [nano-¤]. ``gain`` is what that is more than with every
    choice at its least in every slot, ``gain_error`` its standard error, None where no path loses.
    """

    labels: tuple[str, ...]
    by: str
    method: str
    worth: float
    most: float
    gain: float
    gain_error: float | None

    def lines(self) -> list[str]:
        """Return the decision for people."""
        worth, most = _amount(self.worth), _amount(self.most)
        found = [
            f"choice {', '.join(self.labels)}, taken by {self.by}: {self.method}",
            f"     its payments are worth {worth} to {self.by}, and {most} at most",
        ]
        if self.gain_error is not None and self.gain < 2 * self.gain_error:
            gain = f"{_amount(self.gain)} ± {_amount(self.gain_error)}"
            found.append(
                f"     more than taking the least: {gain}, which may be chance; more paths"
            )
            found[-1] += " would tell"
        return found


@dataclass(frozen=True, slots=True)
class Undecided:
    """Open choices that were not taken, why, and between what their payments to the party lie.

    ``ends`` are (currency, low, high), expected [nano-¤]. The value leaves these payments out.
    """

    labels: tuple[str, ...]
    reason: str
    ends: tuple[tuple[str, float, float], ...]

    def lines(self) -> list[str]:
        """Return for people what the value leaves out."""
        ends = [f"{_amount(low)} to {_amount(high)} {code}" for code, low, high in self.ends]
        return [
            f"choice {', '.join(self.labels)} was not taken: {self.reason}",
            f"     its payments, left out above: {', '.join(ends) or 'none'}",
        ]

    def headlines(self, currency: str) -> list[str]:
        """Return, for people, between what the payments left out in a currency lie."""
        named = f"without choice {', '.join(self.labels)}"
        return [
            f"{code}  {named}: its payments lie between {_amount(low)} and {_amount(high)}"
            for code, low, high in self.ends
            if code == currency
        ]


@dataclass(frozen=True, slots=True, eq=False)
class Value:
    """Net present value [nano-¤] of what ``party`` receives; positive is received.

    ``present`` has the value on each path, float [paths], by (currency, kind), with the kind
    ``""`` for all kinds together; ``measures`` describes each of them.
    """

    party: str
    slots: Slots
    paths: int
    confidence: float
    present: Mapping[tuple[str, str], Floats]
    measures: Mapping[tuple[str, str], Distribution]
    decided: tuple[Decided, ...] = ()
    undecided: tuple[Undecided, ...] = ()

    @property
    def currencies(self) -> tuple[str, ...]:
        """Currencies in order of code."""
        return tuple(sorted({currency for currency, _ in self.measures}))

    def total(self, currency: str) -> Distribution:
        """Return the measures of all that is received in a currency."""
        return self.measures[currency, ALL_KINDS]

    def kinds(self, currency: str) -> dict[str, Distribution]:
        """Return the measures by kind of cash flow, in order of name."""
        return {
            kind: self.measures[code, kind]
            for code, kind in sorted(self.measures)
            if code == currency and kind != ALL_KINDS
        }

    def weighted(self, weights: Floats, confidence: float | None = None) -> Value:
        """Return the same values with other probabilities of the paths, float [paths]."""
        level = self.confidence if confidence is None else confidence
        return _measured(self, weights, level)

    def as_dict(self) -> dict[str, object]:
        """Return everything but the single paths, ready for JSON; amounts in nano-¤."""
        return {
            "party": self.party,
            "from": iso(self.slots.start),
            "to": iso(self.slots.end),
            "slots": self.slots.count,
            "paths": self.paths,
            "confidence": self.confidence,
            "unit": "nano",
            "currencies": {
                code: {
                    "total": self.total(code).as_dict(),
                    "kinds": {kind: one.as_dict() for kind, one in self.kinds(code).items()},
                }
                for code in self.currencies
            },
            "decided": [asdict(one) for one in self.decided],
            "undecided": [asdict(one) for one in self.undecided],
        }

    def lines(self) -> list[str]:
        """Return the value for people, amounts in whole currency."""
        count = f"{self.paths:,} path{'s' if self.paths != 1 else ''}"
        found = [
            f"Value to {self.party}, {iso(self.slots.start)} to {iso(self.slots.end)}, {count}",
            f"positive: {self.party} receives",
        ]
        left_out = {code for one in self.undecided for code, _, _ in one.ends}
        if not self.currencies and not left_out:
            found.append(f"no money moves to or from {self.party}")
        for code in sorted({*self.currencies, *left_out}):
            found += ["", *self._headed(code)]
        notes: tuple[Decided | Undecided, ...] = (*self.decided, *self.undecided)
        for note in notes:
            found += ["", *note.lines()]
        return found

    def _headed(self, code: str) -> list[str]:
        """Return one currency's lines; first what they leave out, so that no one misses it."""
        found = [line for one in self.undecided for line in one.headlines(code)]
        if code not in self.currencies:
            return [*found, "     nothing else is paid"]
        head, *block = _block(code, self.total(code), self.confidence)
        if found:
            head = f"     all else {head.removeprefix(code).strip()}"
        return [*found, head, *block, *_table(self.kinds(code))]


def value(
    contract: Contract,
    party: str,
    world: World,
    slots: Slots,
    *,
    discount: Floats | None = None,
    confidence: float = 0.95,
) -> Value:
    """Value a contract whose choices are all made.

    Parameters
    ----------
    contract : Contract
        Terms; deliveries count only as far as the terms pay for them, see
        :func:`gridpact.contracts.valuation.present.marked`.
    party : str
        Whose receipts are positive.
    world : mapping of name to int64 [paths, slots] or [slots]
        Every series and choice that the contract needs.
    slots : Slots
        The slots valued.
    discount : float [slots], optional
        Factors that turn a payment in a slot into one now; 1 without them.
    confidence : float
        Level of value at risk and expected shortfall.

    Cash flows are exact on every path; sums and measures over paths are floats. Raises as
    :func:`gridpact.contracts.cashflows.cashflows`; MissingSeries names a choice that is open.
    """
    check_party(contract, party)
    paths = paths_of(contract, world)
    base = Value(party, slots, paths, confidence, {}, {})
    return valued(base, flows_to(contract, party, world, slots), discount)


def valued(base: Value, flows: dict[tuple[str, str], Ints], discount: Floats | None) -> Value:
    """Fill a value with cash flows to its party, [paths, slots] or [slots] by (currency, kind)."""
    slots = base.slots
    check_discount(discount, slots)
    present = {key: present_value(amounts, discount) for key, amounts in flows.items()}
    for currency in {code for code, _ in flows}:
        present[currency, ALL_KINDS] = present_value(net(flows, slots, currency), discount)
    present = {key: np.broadcast_to(values, (base.paths,)) for key, values in present.items()}
    return _measured(replace(base, present=present), None, base.confidence)


def paths_of(contract: Contract, world: World) -> int:
    """Return over how many scenario paths a world has what a contract needs, 1 without any."""
    required = needs(contract)
    names = [need.name for need in required.series]
    names += [CHOICE_PREFIX + need.label for need in required.choices]
    shapes = [np.shape(_values(world[name])) for name in names if name in world]
    return max((shape[0] for shape in shapes if len(shape) > 1), default=1)


def _measured(base: Value, weights: Floats | None, confidence: float) -> Value:
    measures = {key: describe(values, weights, confidence) for key, values in base.present.items()}
    return replace(base, confidence=confidence, measures=measures)


def _values(entry: Ints | Known) -> Ints:
    return entry.values if isinstance(entry, Known) else entry


def _block(code: str, total: Distribution, confidence: float) -> list[str]:
    expected = f"{code}  expected {_amount(total.expectation)}"
    if total.standard_error is None:
        return [f"{expected}, on the one path that was given"]
    level = f"{100 * confidence:g} %"
    return [
        f"{expected} ± {_amount(total.standard_error)} (standard error)",
        f"     worst {_amount(total.worst)}, best {_amount(total.best)}",
        f"     loss not exceeded with {level}: {_amount(total.value_at_risk)}",
        f"     mean loss in the worst {100 * (1 - confidence):g} %: "
        + _amount(total.expected_shortfall),
        "     " + ", ".join(f"{name} {_amount(at)}" for name, at in total.quantiles),
    ]


def _table(kinds: Mapping[str, Distribution]) -> list[str]:
    width = max([4, *(len(kind) for kind in kinds)])
    names = [name for name, _ in QUANTILES]
    median = names.index("p50")
    rows = [f"     {'kind':<{width}}  {'expected':>14}  {'p50':>14}  {'worst':>14}  {'best':>14}"]
    for kind, one in kinds.items():
        cells = (one.expectation, one.quantiles[median][1], one.worst, one.best)
        shown = "  ".join(f"{_amount(cell):>14}" for cell in cells)
        rows.append(f"     {kind:<{width}}  {shown}")
    return rows


def _amount(nano: float) -> str:
    """Write nano-¤ as ¤ to a hundredth, finer where the amount is small."""
    whole = nano / NANO_PER_UNIT + 0.0  # no negative zero
    return f"{whole:,.2f}" if abs(whole) >= 1 or whole == 0 else f"{whole:.3g}"
