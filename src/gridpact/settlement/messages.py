"""Messages of settlement."""

from __future__ import annotations

from typing import ClassVar

import msgspec

from gridpact.base.slots import Slots
from gridpact.base.units import Ints
from gridpact.kernel.messages import Message
from gridpact.kernel.phases import Phase


class ImbalancePublished(Message, frozen=True, kw_only=True, tag="imbalance-published"):
    """Imbalance price less spot price [µ¤/kWh] of a local day, shape [slots]."""

    phase: ClassVar[Phase] = Phase.READING
    day: str
    slots: Slots
    spread_micro_per_kwh: Ints


class LineKind(msgspec.Struct, frozen=True):
    """What a statement line is about: its contract and cash flow, who pays whom by role."""

    contract: str
    kind: str
    payer: str
    payee: str


class DaySettled(Message, frozen=True, kw_only=True, tag="day-settled"):
    """The statements of one local day.

    ``nano`` and ``minor`` [kinds, members] are the exact and the rounded amount of each line,
    from its payer to its payee (negative: the other way); ``energy_wh`` [kinds, members] is the
    energy behind it. ``operator_*`` are lines between operator and supplier, shape [kinds].
    The energy columns [members, slots] show where every Wh came from and went.
    """

    phase: ClassVar[Phase] = Phase.SETTLEMENT
    snapshot: ClassVar[bool] = True
    day: str
    slots: Slots
    kinds: tuple[LineKind, ...]
    nano: Ints
    minor: Ints
    energy_wh: Ints
    operator_kinds: tuple[LineKind, ...]
    operator_nano: Ints
    operator_minor: Ints
    bought_wh: Ints
    sold_wh: Ints
    shared_in_wh: Ints
    shared_out_wh: Ints
    supplier_in_wh: Ints
    supplier_out_wh: Ints
    shared_price_micro_per_kwh: Ints
    import_price_micro_per_kwh: Ints
    export_price_micro_per_kwh: Ints
    supplier_only_nano: Ints
