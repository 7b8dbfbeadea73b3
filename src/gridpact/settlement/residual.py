"""What is left of a member's energy after its trades and its share: the supplier's part.

All arrays are int64 [members, slots] in Wh. Readings are the two non-negative registers of a
metering point. They must be present: a missing reading is estimated or stops the settlement
before it comes here, it is never a zero.
"""

from __future__ import annotations

import msgspec
import numpy as np

from gridpact.base.units import Ints, checked_add
from gridpact.settlement.allocation import Allocation


class Residual(msgspec.Struct, frozen=True):
    """Energy bought from (``supplier_in_wh``) and sold to (``supplier_out_wh``) the supplier."""

    supplier_in_wh: Ints
    supplier_out_wh: Ints


class NetworkSplit(msgspec.Struct, frozen=True):
    """Withdrawn energy by where it came from, which decides its network charge."""

    outside_wh: Ints
    local_wh: Ints


def position(
    withdrawal_wh: Ints, injection_wh: Ints, bought_wh: Ints, sold_wh: Ints
) -> tuple[Ints, Ints]:
    """Net the readings against the trades; return ``(surplus, need)``.

    ``n = injection - withdrawal + bought - sold``; surplus is its positive part, need its
    negative. A member who bought more than it withdrew has a surplus, as has one who injected
    more than it sold. Raises :class:`~gridpact.base.errors.NumberOverflow`.
    """
    metered = checked_add(injection_wh, -withdrawal_wh)
    net = checked_add(metered, checked_add(bought_wh, -sold_wh))
    return np.maximum(net, 0), np.maximum(-net, 0)


def residual(surplus_wh: Ints, need_wh: Ints, shared: Allocation) -> Residual:
    """Leave to the supplier what was not shared, and what members sell on of their own share.

    Where trades balance within the community, the supplier's energy in less out is the community's
    withdrawal less injection in every slot: what flows through its outer boundary. Raises
    ValueError where more is shared than there is.
    """
    supplier_in = need_wh - shared.used_wh
    left = surplus_wh - shared.out_wh
    if np.any(supplier_in < 0) or np.any(left < 0):
        raise ValueError("more is shared than members need or have")
    kept = shared.kept_wh
    return Residual(supplier_in, left if kept is None else left + kept)


def network_split(withdrawal_wh: Ints, supplier_in_wh: Ints) -> NetworkSplit:
    """Split withdrawn energy into that from outside and that from within the community.

    A member who sold more than it had buys the difference from the supplier without withdrawing
    it, so what came from outside is at most what was withdrawn.
    """
    outside = np.minimum(supplier_in_wh, withdrawal_wh)
    return NetworkSplit(outside, withdrawal_wh - outside)
