"""Which reading holds a sequence where several were signed: the first to come, and its side."""

from __future__ import annotations

from typing import NamedTuple

from gridpact.metering.edge.findings import Kind

Link = tuple[int, int]
"""Chain and sequence."""


class Message(NamedTuple):
    """A reading whose signature holds: its row, place, digest, and whom it points back to."""

    row: int
    link: Link
    digest: bytes
    previous: bytes


class Standing:
    """Places that readings take one by one, in the order in which they came.

    ``kept`` are the rows that hold a sequence; ``forked`` those of them that another reading
    contradicts, ``sides`` new rows that hold none. ``known`` are readings of the stream, counted
    from its beginning, that were remembered word for word, and ``told`` the remembered rows.
    """

    def __init__(self) -> None:
        self.kept: dict[Link, int] = {}
        self.forked: set[int] = set()
        self.sides: list[int] = []
        self.known: list[int] = []
        self.told: list[int] = []
        self._digests: dict[Link, bytes] = {}
        self._others: dict[Link, set[bytes]] = {}
        self._seen: set[tuple[Link, bytes]] = set()

    def remember(self, message: Message, *, side: bool) -> None:
        """Take up a reading that came before; ``side`` where it held no sequence."""
        if side:
            self._others.setdefault(message.link, set()).add(message.digest)
        else:
            self._keep(message)
        if message.link in self.kept and message.link in self._others:
            self.forked.add(self.kept[message.link])

    def place(self, message: Message, begin: int) -> tuple[Kind, str] | None:
        """Place a reading of the stream, which begins at row ``begin``; tell what is wrong."""
        link, sequence = message.link, message.link[1]
        again = (link, message.digest) in self._seen
        self._seen.add((link, message.digest))
        if again:
            return "replay", f"sequence {sequence} was told before, word for word"
        if self._digests.get(link) == message.digest:
            self.known.append(message.row - begin)
            self.told.append(self.kept[link])
            return None
        if message.digest in self._others.get(link, ()):
            return "fork", f"the device signed another reading of sequence {sequence}, as known"
        if link in self.kept:
            self._aside(message)
            self.forked.add(self.kept[link])
            return "fork", f"the device signed another reading of sequence {sequence}"
        if message.previous in self._others.get((link[0], sequence - 1), ()):
            self._aside(message)
            return "fork", f"it goes on from another reading of sequence {sequence - 1}"
        self._keep(message)
        if link in self._others:
            self.forked.add(message.row)
            return "fork", f"the device signed another reading of sequence {sequence} before"
        return None

    def _keep(self, message: Message) -> None:
        self.kept[message.link] = message.row
        self._digests[message.link] = message.digest

    def _aside(self, message: Message) -> None:
        self.sides.append(message.row)
        self._others.setdefault(message.link, set()).add(message.digest)
