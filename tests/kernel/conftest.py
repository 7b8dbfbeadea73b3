"""Toy rooms: what they send next is drawn by a hash from a program number and the message."""

import hashlib
from types import SimpleNamespace
from typing import ClassVar

import msgspec
import numpy as np
import pytest

from gridpact.base.units import Ints
from gridpact.kernel.journal import Journal, Origin, Row
from gridpact.kernel.loop import Loop
from gridpact.kernel.messages import Later, Message
from gridpact.kernel.phases import Phase
from gridpact.kernel.rooms import Room


class Said(Message, tag="said"):
    """An input from outside; ``word`` names it and ``left`` bounds what may follow from it."""

    word: str
    left: int = 4


class Noted(Message, tag="noted"):
    """A message between rooms, with a column."""

    phase: ClassVar[Phase] = Phase.READING
    word: str
    left: int
    column: Ints


class Asked(Message, tag="asked"):
    """A message with an effect, answered ``delay`` seconds later."""

    phase: ClassVar[Phase] = Phase.GATE
    answer_phase: ClassVar[Phase] = Phase.CLEARING
    word: str
    left: int
    delay: int

    def due(self, now):
        return now + self.delay


class Told(Message, tag="told"):
    """An answer."""

    word: str
    left: int
    column: Ints


class Closed(Message, tag="closed"):
    """Asks for a snapshot."""

    phase: ClassVar[Phase] = Phase.LEDGER
    snapshot: ClassVar[bool] = True
    word: str


class Diary(msgspec.Struct, frozen=True):
    """State with everything that could differ between a live and a restored run."""

    seen: dict[str, int]
    column: Ints
    last: tuple[str, ...] = ()


VOCABULARY = (Said, Noted, Asked, Told, Closed)


def draw(*parts):
    """Eight bytes that depend on the parts and on nothing else."""
    return hashlib.sha256(repr(parts).encode()).digest()[:8]


class Toy:
    """Two rooms that talk to each other; ``performed`` lists the effects that were performed."""

    def __init__(self, program):
        self.program = program
        self.performed = []

    def follow(self, state, message, now):
        """Handle any message: remember it and send what the program says."""
        word, left = message.word, getattr(message, "left", 0)
        column = getattr(message, "column", np.zeros(3, np.int8))
        state = Diary(
            {**state.seen, word: state.seen.get(word, 0) + 1},
            # a narrow column wraps where a wide one does not; both must come out the same
            (state.column.astype(column.dtype) * 3 + column).astype(column.dtype),
            (*state.last[-3:], word),
        )
        if left <= 0:
            return state, []
        dice = draw(self.program, word, left, now, next(iter(state.seen)))
        return state, [
            self.out(dice[place : place + 3], left - 1, now)
            for place in range(max(dice[0] % 3, left > 2))
        ]

    def out(self, dice, left, now):
        """One message to send; later ones at even seconds, so that they never meet an input."""
        word = "abcdefgh"[dice[0] % 8]
        kind = dice[1] % 5
        later = (now + dice[2] % 9) // 2 * 2 + 2
        if kind == 0:
            return Closed(word=word)
        if kind == 1:
            return Asked(word=word, left=left, delay=later - now if dice[2] % 2 else 0)
        if kind == 2:
            return Later(later, Closed(word=word))
        column = np.array([dice[0], -dice[1], 120], dtype=np.int16)
        message = Noted(word=word, left=left, column=column)
        return Later(later, message) if kind == 3 else message

    def perform(self, state, message):
        """Effect: one to three answers, with columns of a width that the journal does not keep."""
        self.performed.append(message.word)
        dice = draw(self.program, "effect", message.word, message.left, len(state.seen))
        return [
            Told(
                word=message.word,
                left=message.left,
                column=np.array([dice[place], 100, 7], np.uint8),
            )
            for place in range(1 + dice[0] % 3)
        ]

    def count(self, state, message, now):
        """Second room: counts every message by its tag and instant."""
        key = f"{type(message).__name__}@{now}"
        return {**state, key: state.get(key, 0) + 1}, []

    def rooms(self):
        start = Diary({"z": 0, "m": 0}, np.zeros(3, np.int64))
        return (
            Room("diary", start, dict.fromkeys(VOCABULARY, self.follow), {Asked: self.perform}),
            Room("counter", {}, dict.fromkeys(VOCABULARY, self.count)),
        )


class Killed(BaseException):
    """Stands for the end of the process."""


class Mortal(Journal):
    """A journal whose process ends before a given write; snapshots count as writes."""

    def __init__(self, path, writes):
        super().__init__(path)
        self._left = writes

    def _write(self, statement, values):
        if self._left == 0:
            raise Killed
        self._left -= 1
        super()._write(statement, values)


def inputs_of(program, count=3):
    """Return inputs at odd seconds, each with another word."""
    return [(Said(word=f"in{program % 7}{place}"), 1 + 8 * place) for place in range(count)]


def drive(loop, journal, inputs, stop=lambda _: False):
    """Submit what the journal does not have yet, and run."""
    known = {row.body for row in journal.rows() if row.origin is Origin.INPUT}
    for message, at in inputs:
        if msgspec.msgpack.encode(message) not in known:
            loop.submit(message, at)
    loop.run(stop)


def rows_of(count, start=0):
    """Rows with bodies of every length."""
    return [
        Row(seq, 10 * seq, Origin.INPUT, -1, 0, "said", bytes([seq % 251]) * (seq % 40))
        for seq in range(start, start + count)
    ]


@pytest.fixture(autouse=True)
def closed(monkeypatch):
    """Close every journal that a test opened, so that no test need say so."""
    opened, begin = [], Journal.__init__

    def remember(journal, *arguments, **options):
        begin(journal, *arguments, **options)
        opened.append(journal._db)

    monkeypatch.setattr(Journal, "__init__", remember)
    yield
    for database in opened:
        database.close()


@pytest.fixture(scope="session")
def toy():
    return SimpleNamespace(
        Said=Said,
        Noted=Noted,
        Asked=Asked,
        Told=Told,
        Closed=Closed,
        Diary=Diary,
        VOCABULARY=VOCABULARY,
        Toy=Toy,
        Killed=Killed,
        Mortal=Mortal,
        inputs_of=inputs_of,
        drive=drive,
        rows_of=rows_of,
        loop=lambda play, journal, **more: Loop(play.rooms(), VOCABULARY, journal, **more),
    )
