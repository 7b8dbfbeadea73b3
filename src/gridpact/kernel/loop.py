"""The loop: one thread that decides what happens next.

Messages wait in a queue ordered by ``(time, phase, order of sending)``. Each is journalled, then
handed to every room that handles its type. A message with an effect leaves a pending answer in
the queue; the effect is performed when that answer's turn comes, so after a crash the same turn
comes again and the effect is performed then. Live, simulated and replayed runs use this same
loop and differ in the clock, the effects and the journal handed in.

Inputs and answers are handled as they read back from the journal, and the state goes on from the
bytes of its snapshot. So a run that was resumed cannot differ from one that never stopped, not
even by the width of an array or the order of keys.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterable, Sequence
from queue import SimpleQueue
from typing import Any, Protocol, TypeAlias

import msgspec

from gridpact.base.errors import JournalDamaged, ReplayDiverged
from gridpact.kernel.clock import Clock, VirtualClock
from gridpact.kernel.codec import Codec, decode, digest, encode, tag_of
from gridpact.kernel.journal import Journal, Origin, Row
from gridpact.kernel.messages import Later, Message, Out
from gridpact.kernel.rooms import Room


class Entry(msgspec.Struct, frozen=True, array_like=True):
    """One place in the queue. ``pending`` marks an answer still to be had for ``body``."""

    time: int
    phase: int
    order: int
    cause: int
    pending: bool
    body: bytes


class Watch(Protocol):
    """Follows a run from outside, for progress and timings; it cannot change it."""

    def turn(self, kind: str, time: int, *, effect: bool) -> None:
        """Tell that the loop turns to a message, or to performing the effect of one."""


StopRule: TypeAlias = Callable[[Message], bool]
_Item: TypeAlias = tuple[int, int, int, int, bool, Message, bytes]


class Loop:
    """Runs rooms over a journal. ``vocabulary`` is every message type that may occur."""

    def __init__(
        self,
        rooms: Sequence[Room[Any]],
        vocabulary: Iterable[type[Message]],
        journal: Journal,
        clock: Clock | None = None,
        watch: Watch | None = None,
    ) -> None:
        self.states: dict[str, Any] = {room.name: room.state for room in rooms}
        self._starts = {room.name: encode(room.state) for room in rooms}
        self.now = 0
        self._codec = Codec(vocabulary)
        self._journal = journal
        self._clock = clock or VirtualClock()
        self._watch = watch
        self._queue: list[_Item] = []
        self._order = 0
        self._seq = journal.height
        self._inbox: SimpleQueue[tuple[Message, int | None]] = SimpleQueue()
        self._handlers: dict[type[Message], list[tuple[str, Any]]] = {}
        self._effects: dict[type[Message], tuple[str, Any]] = {}
        for room in rooms:
            self._seat(room)

    def _seat(self, room: Room[Any]) -> None:
        for kind, handler in room.handlers.items():
            self._handlers.setdefault(kind, []).append((room.name, handler))
        for kind, effect in room.effects.items():
            if kind in self._effects:
                raise ValueError(f"two rooms have an effect for {tag_of(kind)}")
            self._effects[kind] = (room.name, effect)

    def submit(self, message: Message, at: int | None = None) -> None:
        """Hand in a message from outside, to be journalled as input. Safe from any thread.

        Without ``at`` it is taken at the time the clock then shows. It is kept from the moment it
        is journalled, which is when its turn comes; after a crash, submit again what was not.
        """
        self._inbox.put((message, at))
        self._clock.wake()

    def state_hash(self) -> bytes:
        """SHA-256 over the state of every room that is not as it began [32 bytes].

        So a room added later leaves the hash of an older run, which it never heard of, as it was.
        """
        return digest(
            {
                name: state
                for name, state in self.states.items()
                if encode(state) != self._starts[name]
            }
        )

    def run(self, stop: StopRule, until: int | None = None) -> None:
        """Go on until ``stop`` says so of a message just handled, or nothing is left to do.

        What is due after ``until`` [s since the epoch] is left for a later call.
        """
        while True:
            self._take_inbox()
            if not self._queue or (until is not None and self._queue[0][0] > until):
                return
            reached = self._clock.reach(self._queue[0][0])
            if reached < self._queue[0][0]:
                self.now = max(self.now, reached)
                continue
            handled = self._turn()
            if any(stop(message) for message in handled):
                return

    def _take_inbox(self) -> None:
        while not self._inbox.empty():
            message, at = self._inbox.get()
            # an instant that has come is reached without a wait, so this only reads the clock
            time = max(self.now, self._clock.reach(self.now) if at is None else at)
            body = self._codec.encode(message)
            message = self._codec.decode(body)
            self._push(time, int(message.phase), -1, message, body, pending=False)

    def _turn(self) -> list[Message]:
        """Take the head of the queue, journal it and handle it; return what was handled."""
        time, _, _, cause, pending, message, body = heapq.heappop(self._queue)
        self.now = max(self.now, time)
        if self._watch:
            self._watch.turn(tag_of(message), self.now, effect=pending)
        if pending:
            rows = self._answer_rows(cause, self._perform(message))
            answers = [self._codec.decode(row.body) for row in rows]
        else:
            answers = [message]
            origin = Origin.INPUT if cause < 0 else Origin.DERIVED
            rows = [Row(self._seq, self.now, origin, cause, 0, tag_of(message), body)]
        self._journal.append(rows)
        for row, answer in zip(rows, answers, strict=True):
            self._handle(row.seq, answer)
        if any(answer.snapshot for answer in answers):
            self._keep()
        return answers

    def _perform(self, message: Message) -> list[Message]:
        name, effect = self._effects[type(message)]
        answers = list(effect(self.states[name], message))
        if not answers:
            raise ValueError(f"the effect of {tag_of(message)} gave no answer")
        return answers

    def _answer_rows(self, cause: int, answers: Sequence[Message]) -> list[Row]:
        last = len(answers) - 1
        return [
            Row(
                self._seq + place,
                self.now,
                Origin.ANSWER,
                cause,
                last - place,
                tag_of(answer),
                self._codec.encode(answer),
            )
            for place, answer in enumerate(answers)
        ]

    def _handle(self, seq: int, message: Message) -> None:
        self._seq = seq + 1
        for name, handler in self._handlers.get(type(message), ()):
            self.states[name], outs = handler(self.states[name], message, self.now)
            for out in outs:
                self._send(seq, out)
        if type(message) in self._effects:
            due = max(self.now, message.due(self.now))
            body = self._codec.encode(message)
            self._push(due, int(message.answer_phase), seq, message, body, pending=True)

    def _send(self, cause: int, out: Out) -> None:
        at, message = (out.at, out.message) if isinstance(out, Later) else (self.now, out)
        body = self._codec.encode(message)
        self._push(max(at, self.now), int(message.phase), cause, message, body, pending=False)

    def _push(
        self, time: int, phase: int, cause: int, message: Message, body: bytes, *, pending: bool
    ) -> None:
        self._order += 1
        heapq.heappush(self._queue, (time, phase, self._order, cause, pending, message, body))

    # -- snapshots and replay -------------------------------------------------------------

    def _keep(self) -> None:
        """Save a snapshot and go on from its bytes, as a run resumed here would."""
        body = self._freeze()
        self._journal.save_snapshot(body)
        waiting = [item for item in self._queue if item[3] < 0]
        self._thaw(body)
        for item in waiting:
            heapq.heappush(self._queue, item)

    def _freeze(self) -> bytes:
        # an input that is not yet journalled is left out: it is not yet part of the run
        queue = [
            Entry(time, phase, order, cause, pending, body)
            for time, phase, order, cause, pending, _, body in sorted(
                self._queue, key=lambda item: item[:3]
            )
            if cause >= 0
        ]
        return encode(
            [self.now, self._order, {k: encode(v) for k, v in self.states.items()}, queue]
        )

    def _thaw(self, body: bytes) -> None:
        kinds = tuple[int, int, dict[str, bytes], list[Entry]]
        self.now, self._order, states, queue = decode(body, kinds)
        for name in self.states.keys() & states.keys():  # an older snapshot may lack a new room
            self.states[name] = decode(states[name], type(self.states[name]))
        self._queue = [
            (e.time, e.phase, e.order, e.cause, e.pending, self._codec.decode(e.body), e.body)
            for e in queue
        ]
        heapq.heapify(self._queue)

    def recover(self, *, from_snapshot: bool = True) -> None:
        """Rebuild the state that the journal describes, without performing any effect.

        Starts at the latest snapshot unless told otherwise. Every message that a handler sends
        again must equal the journalled one byte for byte, else :class:`ReplayDiverged` is raised.
        """
        saved = self._journal.snapshot() if from_snapshot else None
        after, awaited, snapshot = -1, 0, False
        if saved:
            after, body = saved
            self._thaw(body)
        for row in self._journal.rows(after):
            if self._watch:
                self._watch.turn(row.kind, row.time, effect=False)
            told = self._again(row, follows=awaited > 0)
            snapshot, awaited = snapshot or told.snapshot, row.answers
            if snapshot and not awaited:
                self._thaw(self._freeze())
                snapshot = False
        if awaited:
            raise JournalDamaged(
                f"row {self._journal.height} is missing: it was written with the last"
            )
        self._seq = self._journal.height

    def _again(self, row: Row, *, follows: bool) -> Message:
        """Handle one journalled row again; ``follows`` one of the same effect's answers."""
        message = self._read(row)
        if row.origin is Origin.INPUT:
            if self._queue and self._queue[0][:2] < (row.time, int(message.phase)):
                raise ReplayDiverged(f"{_name(row)}: {tag_of(self._queue[0][5])} came before it")
        elif not (row.origin is Origin.ANSWER and follows):
            message = self._next(row, message)
        self.now = max(self.now, row.time)
        self._handle(row.seq, message)
        return message

    def _read(self, row: Row) -> Message:
        try:
            return self._codec.decode(row.body)
        except msgspec.MsgspecError as error:
            raise ReplayDiverged(f"{_name(row)} cannot be read: {error}") from error

    def _next(self, row: Row, message: Message) -> Message:
        """Take the head of the queue, check that it is what the journal says came next."""
        if not self._queue:
            raise ReplayDiverged(f"{_name(row)} has nothing that leads to it")
        time, _, _, cause, pending, head, body = heapq.heappop(self._queue)
        if pending != (row.origin is Origin.ANSWER) or cause != row.cause:
            raise ReplayDiverged(f"{_name(row)}: {tag_of(head)} came instead")
        if time != row.time:
            raise ReplayDiverged(f"{_name(row)} at {row.time} now comes at {time}")
        if pending:
            return message
        # a field that was added since, with its default, is written again with that default
        if body != row.body and body != self._codec.encode(message):
            raise ReplayDiverged(f"{_name(row)} now has another content")
        return head


def _name(row: Row) -> str:
    return f"row {row.seq} ({row.kind})"
