"""One side of one live book: a heap whose cancelled entries are dropped as they come up."""

from __future__ import annotations

from dataclasses import dataclass, field
from heapq import heapify, heappop, heappush

from gridpact.market.clearing.continuous.events import Event

_TIDY = 64  # a smaller heap is not worth tidying


@dataclass(slots=True, eq=False)
class Order:
    """An order as it was placed, and how it stands.

    ``entered`` numbers the orders as they last came to rest, -1 before.
    """

    placed: Event
    limit: int
    expires: int
    total: int
    left: int
    entered: int = -1


@dataclass(slots=True)
class Queue:
    """Entries (merit, entered, order), best first; an entry is stale once its order moved on."""

    heap: list[tuple[int, int, Order]] = field(default_factory=list)
    alive: int = 0

    def best(self, at: int) -> Order | None:
        """Return the order to trade next, dropping entries that are stale or expired."""
        while self.heap:
            _, entered, order = self.heap[0]
            current = order.left > 0 and order.entered == entered
            if current and order.expires > at:
                return order
            heappop(self.heap)
            self.alive -= current
        return None

    def push(self, order: Order) -> None:
        """Let an order rest; O(log n)."""
        heappush(self.heap, (-order.placed.side * order.limit, order.entered, order))
        self.alive += 1

    def leave(self) -> None:
        """Note that an order of the queue was filled, cancelled or moved; amortised O(1)."""
        self.alive -= 1
        if len(self.heap) > 2 * self.alive + _TIDY:
            self.heap = [
                entry for entry in self.heap if entry[2].left and entry[2].entered == entry[1]
            ]
            heapify(self.heap)
