"""What travels through the loop: immutable messages, each with a tag that never changes.

A room declares its messages in its own ``messages.py``. Old journals name the tags, so a tag is
never reused and a field is only ever added, with a default.
"""

from __future__ import annotations

from typing import ClassVar, TypeAlias

import msgspec

from gridpact.kernel.phases import Phase


class Message(msgspec.Struct, frozen=True, kw_only=True):
    """Base of all messages.

    ``phase`` orders messages of one instant. ``snapshot`` asks the loop to save its state after
    the message. A message that has an effect attached (see :class:`~gridpact.kernel.rooms.Room`)
    is answered at :meth:`due`, in ``answer_phase``.
    """

    phase: ClassVar[Phase] = Phase.OPEN
    answer_phase: ClassVar[Phase] = Phase.OPEN
    snapshot: ClassVar[bool] = False

    def due(self, now: int) -> int:
        """When the answer to this message is to be had [s since the epoch]; at once by default."""
        return now


class Later(msgspec.Struct, frozen=True):
    """A message to be handled at a later instant [s since the epoch]; how timers are set."""

    at: int
    message: Message


Out: TypeAlias = Message | Later
