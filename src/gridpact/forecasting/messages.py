"""Messages of forecasting."""

from __future__ import annotations

from typing import ClassVar

from gridpact.base.slots import Slots
from gridpact.base.units import Bools, Ints
from gridpact.kernel.messages import Message
from gridpact.kernel.phases import Phase


class HistoryRequested(Message, frozen=True, kw_only=True, tag="history-requested"):
    """Ask the data sources for what was measured before the run."""

    answer_phase: ClassVar[Phase] = Phase.READING
    slots: Slots


class HistoryLoaded(Message, frozen=True, kw_only=True, tag="history-loaded"):
    """Measured inflexible load [members, slots] and solar energy [plants, slots] in Wh.

    Values count only where the mask of the same shape is true.
    """

    phase: ClassVar[Phase] = Phase.READING
    slots: Slots
    load_wh: Ints
    load_known: Bools
    pv_wh: Ints
    pv_known: Bools


class ForecastDue(Message, frozen=True, kw_only=True, tag="forecast-due"):
    """A session needs a forecast of its window."""

    phase: ClassVar[Phase] = Phase.FORECAST
    answer_phase: ClassVar[Phase] = Phase.FORECAST
    session: str
    kind: str
    window: Slots


class ForecastIssued(Message, frozen=True, kw_only=True, tag="forecast-issued"):
    """Expected inflexible load [members, slots] and solar energy [plants, slots] in Wh.

    ``*_quantiles_wh`` [levels, rows, slots] follow ``levels`` (per mille); updates within the
    day have none. Built only on what was known when it was issued.
    """

    phase: ClassVar[Phase] = Phase.FORECAST
    session: str
    window: Slots
    load_wh: Ints
    pv_wh: Ints
    levels: tuple[int, ...]
    load_quantiles_wh: Ints
    pv_quantiles_wh: Ints
