"""What a room brings to the loop: a start state, pure handlers, and effects.

A handler is ``(state, message) -> (state, messages to send)`` and touches nothing else. An
effect is ``(state, message) -> answers``: it may solve, forecast, drive a device or write to a
ledger. Its answers are journalled, and on replay they come from the journal instead.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Generic, TypeAlias, TypeVar

from gridpact.kernel.messages import Message, Out

S = TypeVar("S")

Step: TypeAlias = tuple[S, Sequence[Out]]
Handlers: TypeAlias = Mapping[type[Message], Callable[[S, Any, int], Step[S]]]
Effects: TypeAlias = Mapping[type[Message], Callable[[S, Any], Sequence[Message]]]


@dataclass(frozen=True)
class Room(Generic[S]):
    """One part of the platform.

    ``handlers`` map a message type to ``(state, message, now) -> (state, messages)``;
    ``effects`` map a message type to ``(state, message) -> answers``. At most one room may have
    an effect for a message type. Effects must be safe to perform twice: after a crash they are.
    """

    name: str
    state: S
    handlers: Handlers[S]
    effects: Effects[S] = field(default_factory=dict)
