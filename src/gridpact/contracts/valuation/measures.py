"""What a finite sample of values says: expectation, quantiles and the measures of its bad tail.

Values are what a party receives, so a *loss* is a negative value. With probabilities ``p`` of the
paths and loss ``L = -value``::

    value at risk        VaR_a = the smallest x with P(L <= x) >= a
    expected shortfall   ES_a  = 1/(1 - a) · integral of VaR_u over u from a to 1

Both are stated as losses: positive is money lost. The shortfall (conditional value at risk) is
exact for a finite sample: an atom that the level cuts counts with the part that lies in the tail.

Sources: R. T. Rockafellar and S. Uryasev, Optimization of conditional value-at-risk, Journal of
Risk 2 (2000); C. Acerbi and D. Tasche, On the coherence of expected shortfall, Journal of Banking
& Finance 26 (2002).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from gridpact.base.units import Floats
from gridpact.contracts.errors import IllFormed

QUANTILES = (("p05", 0.05), ("p25", 0.25), ("p50", 0.50), ("p75", 0.75), ("p95", 0.95))
_ROUNDING = 1e-12  # sums of probabilities are exact to about this much


@dataclass(frozen=True, slots=True)
class Distribution:
    """Measures of a value over paths, in the value's unit; positive is received.

    ``standard_error`` is of the expectation, None for a single path. ``value_at_risk`` and
    ``expected_shortfall`` are losses: positive is money lost.
    """

    expectation: float
    standard_error: float | None
    quantiles: tuple[tuple[str, float], ...]
    value_at_risk: float
    expected_shortfall: float
    worst: float
    best: float

    def as_dict(self) -> dict[str, object]:
        """Return the measures by name, ready for JSON."""
        return {
            "expectation": self.expectation,
            "standard_error": self.standard_error,
            "quantiles": dict(self.quantiles),
            "value_at_risk": self.value_at_risk,
            "expected_shortfall": self.expected_shortfall,
            "worst": self.worst,
            "best": self.best,
        }


def describe(
    values: Floats, weights: Floats | None = None, confidence: float = 0.95
) -> Distribution:
    """Return the measures of a sample.

    Parameters
    ----------
    values : float [paths]
        What the party receives on each path.
    weights : float [paths], optional
        Relative probabilities of the paths, not negative; equal without them.
    confidence : float
        Level of value at risk and expected shortfall, above 0 and below 1.

    Raises IllFormed for an empty sample, a value that is not finite, or weights or a level out
    of range.
    """
    if values.ndim != 1 or values.size == 0 or not np.isfinite(values).all():
        raise IllFormed(f"a sample is one finite value per path, got shape {list(values.shape)}")
    chances = probabilities(weights, values.size)
    tail = expected_shortfall(values, chances, confidence)
    return Distribution(
        expectation=float(chances @ values),
        standard_error=standard_error(values, chances),
        quantiles=tuple((name, quantile(values, chances, level)) for name, level in QUANTILES),
        value_at_risk=value_at_risk(values, chances, confidence),
        expected_shortfall=tail,
        worst=float(values.min()),
        best=float(values.max()),
    )


def probabilities(weights: Floats | None, paths: int) -> Floats:
    """Return weights scaled to a sum of 1, equal ones for None; shape [paths]."""
    if weights is None:
        return np.full(paths, 1.0 / paths)
    found = np.asarray(weights, dtype=np.float64)
    if found.shape != (paths,) or not np.isfinite(found).all() or found.min() < 0:
        raise IllFormed(f"weights are {paths} finite numbers, none negative")
    if found.sum() <= 0:
        raise IllFormed("weights sum to nothing")
    return np.asarray(found / found.sum(), dtype=np.float64)


def standard_error(values: Floats, chances: Floats) -> float | None:
    """Return the standard error of the expectation, None for a single path.

    Paths count as independent draws. With weights it is the error of a self-normalised
    importance sample (A. Owen, Monte Carlo theory, methods and examples, 2013, equation 9.9);
    with equal ones it is the sample deviation over the root of the count.
    """
    count = values.size
    if count < 2:
        return None
    spread = chances * (values - chances @ values)
    return float(np.sqrt(spread @ spread * (count / (count - 1))))


def quantile(values: Floats, chances: Floats, level: float) -> float:
    """Return the smallest value whose cumulative probability reaches a level in (0, 1)."""
    if not 0 < level < 1:
        raise IllFormed(f"a level lies between 0 and 1, got {level}")
    order = np.argsort(values, kind="stable")
    reached = np.cumsum(chances[order]) >= level - _ROUNDING
    return float(values[order[np.argmax(reached)]])


def value_at_risk(values: Floats, chances: Floats, confidence: float) -> float:
    """Return the loss that is not exceeded with probability ``confidence``."""
    return quantile(-values, chances, confidence)


def expected_shortfall(values: Floats, chances: Floats, confidence: float) -> float:
    """Return the mean loss in the worst ``1 - confidence`` of probability (CVaR)."""
    edge = value_at_risk(values, chances, confidence)
    beyond = np.maximum(-values - edge, 0)
    # Rockafellar and Uryasev (2000), equation 4 at its minimiser, the value at risk
    return float(edge + chances @ beyond / (1 - confidence))
