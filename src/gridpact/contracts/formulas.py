"""Plain functions that build observables by name, for what has no operator of its own."""

from __future__ import annotations

from gridpact.contracts.observables import Choice, Const, Fold, Observable, Op, as_observable
from gridpact.contracts.unit_algebra import ONE


def maximum(first: Observable, *others: Observable | int) -> Op:
    """Return the largest of several observables of one unit."""
    return Op("max", (first, *(as_observable(other, first.unit) for other in others)))


def minimum(first: Observable, *others: Observable | int) -> Op:
    """Return the smallest of several observables of one unit."""
    return Op("min", (first, *(as_observable(other, first.unit) for other in others)))


def muldiv(value: Observable, numerator: Observable, denominator: Observable) -> Op:
    """Return ``value × numerator ÷ denominator``, rounded half to even at this node."""
    return Op("muldiv", (value, numerator, denominator))


def share(value: Observable, ppm: Observable | int) -> Op:
    """Return a share of a value given in parts per million, rounded half to even."""
    return muldiv(value, as_observable(ppm, "ppm"), Const(1_000_000, "ppm"))


def filled(value: Observable, instead: Observable | int) -> Op:
    """Return a value where it is present and ``instead`` where it is absent."""
    return Op("filled", (value, as_observable(instead, value.unit)))


def nominated(
    label: str, by: str, high: Observable, notice_s: int, low: Observable | int = 0
) -> Choice:
    """Return an amount that party ``by`` names per slot in ``[low, high]``."""
    return Choice(label, by, as_observable(low, high.unit), high, notice_s, high.unit)


def decision(label: str, by: str, notice_s: int) -> Choice:
    """Return a yes/no that party ``by`` decides per slot: 1 or 0, hence a mask."""
    return Choice(label, by, Const(0, ONE), Const(1, ONE), notice_s, ONE)


def total(arg: Observable, period: str = "all") -> Fold:
    """Return a period's sum, in the period's last slot; 0 before."""
    return Fold("total", period, arg)


def running(arg: Observable, period: str = "all") -> Fold:
    """Return the sum from the period's first slot up to and with each slot."""
    return Fold("running", period, arg)


def latch(mask: Observable, period: str = "all") -> Fold:
    """Return 1 from the first slot of the period in which ``mask`` is 1."""
    return Fold("latch", period, mask)


def highest(arg: Observable, period: str = "all") -> Fold:
    """Return the largest value from the period's first slot up to and with each slot."""
    return Fold("highest", period, arg)


def whole(arg: Observable, period: str = "all") -> Fold:
    """Return a period's sum in each of its slots: known only once the period is over."""
    return Fold("whole", period, arg)


def at_end(period: str = "all") -> Op:
    """Return the mask of each period's last slot."""
    return total(Const(1, ONE), period) >= 1
