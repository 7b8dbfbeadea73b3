"""What a signed reading says that no meter measures, whoever signed it."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from gridpact.base.units import Bools, Ints
from gridpact.metering.edge.records import Records

DAY_S, SHORTEST_S, LONGEST_S = 86400, 15, 3600
MOST_W = 10**10
"""More than any power station gives or town takes [W]."""


def no_slot(step: Ints) -> Bools:
    """Tell which lengths [s] are none of a slot: 15 s to 60 min that divide a day."""
    odd = (step < SHORTEST_S) | (step > LONGEST_S)
    return np.asarray(odd | (np.maximum(step, 1) * (DAY_S // np.maximum(step, 1)) != DAY_S))


def impossible(records: Records) -> Iterator[tuple[int, str]]:
    """Yield the row of each reading that cannot be one, and why."""
    body = records["body"]
    step, start = body["step"].astype(np.int64), body["slot_start"].astype(np.int64)
    odd = no_slot(step)
    for row in np.flatnonzero(odd).tolist():
        yield row, f"{step[row]} s is no length of a slot"
    for row in np.flatnonzero(~odd & (start % np.maximum(step, 1) != 0)).tolist():
        yield row, f"no slot of {step[row]} s begins then"
    for register, name in (("withdrawal", "a withdrawal"), ("injection", "an injection")):
        wh = body[f"{register}_wh"].astype(np.int64)
        for row in np.flatnonzero(wh < 0).tolist():
            yield row, f"{name} of {wh[row]} Wh would have run the register back"
        most = MOST_W * np.maximum(step, 1) // 3600
        for row in np.flatnonzero(~odd & (wh > most)).tolist():
            yield row, f"{name} of {wh[row]} Wh in {step[row]} s is beyond any connection"
