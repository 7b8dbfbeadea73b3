"""The gap that a solve is asked to prove, as an option of commands."""

from __future__ import annotations

from gridpact.app.orders.cells import Terms, Unclear, read
from gridpact.app.orders.fields import Field, Kind
from gridpact.base.errors import BadInput, Fault


def read_gap(text: str) -> float:
    """Read a share such as ``0.1 %``; BadInput for anything that is no gap."""
    fix = "name a share above 0 and below 100 %, such as '0.5 %'"
    try:
        share = int(read(Field("--gap", Kind.SHARE, "", ""), text, Terms("UTC", "")))
    except Unclear as error:
        problem = f"{text!r} is no share"
        raise BadInput([Fault("arguments", 0, "--gap", problem, fix)]) from error
    if not 0 < share < 1_000_000:
        raise BadInput([Fault("arguments", 0, "--gap", f"{text!r} is no gap to prove", fix)])
    return share / 1e6
