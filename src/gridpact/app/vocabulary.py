"""Every message that a journal may hold. Kinds are only ever added."""

from __future__ import annotations

from gridpact.agreements import messages as agreements
from gridpact.forecasting import messages as forecasting
from gridpact.kernel.messages import Message
from gridpact.ledger import messages as ledger
from gridpact.market import messages as market
from gridpact.metering import messages as metering
from gridpact.registry import messages as registry
from gridpact.scheduling import messages as scheduling
from gridpact.scheduling.activation import messages as activation
from gridpact.scheduling.diaries import messages as diaries
from gridpact.settlement import messages as settlement
from gridpact.simulation import messages as simulation
from gridpact.supervision import messages as supervision

_ROOMS = (
    registry,
    metering,
    forecasting,
    market,
    scheduling,
    settlement,
    ledger,
    supervision,
    simulation,
    agreements,
    diaries,
    activation,
)

VOCABULARY: tuple[type[Message], ...] = tuple(
    kind
    for room in _ROOMS
    for kind in vars(room).values()
    if isinstance(kind, type) and issubclass(kind, Message) and kind.__module__ == room.__name__
)
