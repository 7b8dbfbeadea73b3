"""Messages of people put into a run that waits: journalled, handled, and answered at once.

Whatever is answered is in the journal, so the run goes on and replays with it. A process that is
killed between an order and its answer leaves the order in the journal; whoever acts next, or
resumes the run, finds the answer first.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple, TypeAlias, cast

import msgspec

from gridpact.app import folder
from gridpact.app.bootstrap import Edges, build
from gridpact.app.record import opening_of
from gridpact.kernel.journal import Journal
from gridpact.kernel.loop import Loop
from gridpact.kernel.messages import Message
from gridpact.market.book import left_wh, open_blocks, without_expired
from gridpact.market.handlers import Market
from gridpact.market.messages import (
    CancelOrder,
    OrderAccepted,
    OrderCancelled,
    OrdersRefused,
    PlaceOrder,
)
from gridpact.market.orders import Refusal
from gridpact.market.state import State
from gridpact.registry.messages import StandingChanged
from gridpact.registry.model import Community

PATIENCE_S = 10.0
"""How long an act waits for others that write in the run."""
Act: TypeAlias = PlaceOrder | CancelOrder | StandingChanged
"""What people may do to a run that waits; the authority's decisions have no answer."""


class Answer(msgspec.Struct, frozen=True):
    """What became of a person's message; ``refusals`` are all reasons, none where it was taken.

    ``traded_wh`` has traded at once, ``cancelled_wh`` was taken back.
    """

    session: str
    member: str
    key: str
    sequence: int = -1
    traded_wh: int = 0
    cancelled_wh: int = 0
    refusals: tuple[Refusal, ...] = ()


class Waiting(NamedTuple):
    """A run that waits, at an instant [s since the epoch], with the market as it then is."""

    community: Community
    at: int
    market: State

    def session_of(self, member: str, key: str) -> str:
        """The open session that has a member's order; that with the next gate where none has."""
        sessions = sorted(self.market.sessions.values(), key=lambda each: (each.gate, each.id))
        for session in sessions:
            if f"{member} {key}" in self.market.books[session.id].keys:
                return session.id
        return sessions[0].id if sessions else ""

    def open_of(self, member: str) -> int:
        """How many open orders a member has, those of its agent and those that wait among them."""
        row, count = self.community.members.ids.index(member), 0
        for each in self.market.books.values():
            book = without_expired(each, self.at)
            count += int(((book.orders.member == row) & (left_wh(book) > 0)).sum())
            blocks = open_blocks(book, self.at).values()
            count += sum(block.participant == member for block in blocks)
        waiting = (each for each in self.market.waiting if not each.cancelled)
        return count + sum(each.order.participant == member for each in waiting)


@contextmanager
def opened(path: Path, *, writable: bool) -> Iterator[tuple[Loop, Journal, Community]]:
    """Open a run's journal and bring its rooms to where they were."""
    journal = folder.journal(path, writable=writable)
    try:
        opening = opening_of(journal)
        loop = build(opening.community, opening.seed, journal, Edges())
        loop.recover()
        yield loop, journal, opening.community
    finally:
        journal.close()


def look(path: Path) -> Waiting:
    """Return a paused run as it is, without touching it; BadInput where it does not wait."""
    folder.paused(path)
    return look_on(path)


def look_on(path: Path) -> Waiting:
    """Return the market of any run as its journal leaves it, without touching it."""
    with opened(path, writable=False) as (loop, _, community):
        at = max(loop.now, paused_at(path))
        return Waiting(community, at, cast(State, loop.states["market"]))


def paused_at(path: Path) -> int:
    """The instant at which a run waits [s since the epoch]; 0 where it does not wait."""
    return folder.paused(path).at if (path / folder.PAUSED).exists() else 0


def act(path: Path, messages: Sequence[Act]) -> list[Answer]:
    """Put messages into a paused run; return the answers, in the order of what asks for one.

    Raises as :func:`deliver` does.
    """
    return _answers(messages, deliver(path, messages))


def deliver(path: Path, messages: Sequence[Message]) -> list[Message]:
    """Put messages into a paused run; return all that was handled then, they themselves included.

    Raises BadInput where the run does not wait, StoreError where another process goes on holding
    the folder or nothing can be written; what was journalled before is then kept.
    """
    with folder.held(path, PATIENCE_S):
        paused = folder.paused(path)
        with opened(path, writable=True) as (loop, journal, _):
            loop.run(_never, paused.at)  # answers that a killed process did not wait for
            heard: list[Message] = []
            for message in messages:
                loop.submit(message, paused.at)
            loop.run(lambda message: _hear(heard, message), paused.at)
            stands = msgspec.structs.replace(
                paused.result,
                rows=journal.height,
                state_hash=loop.state_hash().hex(),
                journal_head=journal.head.hex(),
            )
        folder.write_json(path / folder.PAUSED, msgspec.structs.replace(paused, result=stands))
    return heard


def rehearse(waiting: Waiting, messages: Sequence[Act]) -> list[Answer]:
    """Tell what the answers would be, one message after the other, without any run to keep it."""
    room = Market(waiting.community).room()
    state, heard = waiting.market, list[Message]()
    for message in messages:
        state, outs = room.handlers[type(message)](state, message, waiting.at)
        heard += [out for out in outs if isinstance(out, Message)]
    return _answers(messages, heard)


def _never(_: Message) -> bool:
    return False


def _hear(heard: list[Message], message: Message) -> bool:
    heard.append(message)
    return False


def _answers(messages: Sequence[Act], heard: Sequence[Message]) -> list[Answer]:
    """Find the answer to each message among all that were handled."""
    found: dict[tuple[str, str, str], Answer] = {}
    for each in (answer for message in heard for answer in answers_in(message)):
        name = (each.session, each.member, each.key)
        before = found.get(name, each)
        # what was taken may be cut at once, where it would have met another of its own member
        cut = max(each.cancelled_wh, before.cancelled_wh)
        found[name] = msgspec.structs.replace(before, cancelled_wh=cut)
    return [
        found[_name(message)] for message in messages if not isinstance(message, StandingChanged)
    ]


def _name(message: PlaceOrder | CancelOrder) -> tuple[str, str, str]:
    if isinstance(message, PlaceOrder):
        return message.session, message.order.participant, message.order.key
    return message.session, message.participant, message.key


def answers_in(message: Message) -> list[Answer]:
    """Return the answers to people that a message of the market gives."""
    match message:
        case OrderAccepted():
            named = (message.session, message.participant, message.key)
            return [Answer(*named, message.sequence, message.traded_wh)]
        case OrderCancelled():
            named = (message.session, message.participant, message.key)
            return [Answer(*named, cancelled_wh=message.cancelled_wh)]
        case OrdersRefused():
            pairs = zip(message.keys, message.reasons, strict=True)
            return [
                Answer(message.session, *_named(key), refusals=_reasons(text))
                for key, text in pairs
                if " " in key  # agents' orders are named by their row alone
            ]
    return []


def _named(key: str) -> tuple[str, str]:
    member, _, own = key.partition(" ")
    return member, own


def _reasons(text: str) -> tuple[Refusal, ...]:
    """Read the reasons of a refusal as the market writes them."""
    return tuple(Refusal[name.strip().upper()] for name in text.split(","))
