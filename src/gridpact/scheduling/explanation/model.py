"""What an explanation consists of: conflicts, their members, and proposals that were checked."""

from __future__ import annotations

from enum import StrEnum

import msgspec

from gridpact.scheduling.needs.model import Need, kind_of
from gridpact.scheduling.priorities.levels import Level


class Member(msgspec.Struct, frozen=True):
    """A need of a conflict, or like ones of several assets, asked at one time, taken together."""

    needs: tuple[Need, ...]

    @property
    def level(self) -> Level:
        """Level of all of them."""
        return self.needs[0].level

    @property
    def kind(self) -> str:
        """Kind of all of them."""
        return kind_of(self.needs[0])


class Way(StrEnum):
    """How a member may give: ask for less, allow more time, or not be kept at all."""

    AMOUNT = "amount"
    TIME = "time"
    DROP = "drop"


class Given(msgspec.Struct, frozen=True):
    """What a need of another conflict gives: it becomes ``after``, or is left out."""

    before: Need
    after: Need | None = None


class Proposal(msgspec.Struct, frozen=True, kw_only=True):
    """How far one member alone has to give; a solve with ``needs`` in its place has proven it.

    ``member`` counts the conflict's members. ``needs`` are those of the member as changed, none
    where they are dropped. ``settles``: all that is asked can then be kept, with all other
    conflicts settled as ``taken``, which is what is ``provided``; otherwise this conflict is gone,
    and others may remain. ``others_give``: more is provided, of needs that are not told. ``least``:
    no smaller step does.
    """

    member: int
    way: Way
    needs: tuple[Need, ...]
    settles: bool
    least: bool = True
    provided: tuple[Given, ...] = ()
    others_give: bool = False


class Standing(msgspec.Struct, frozen=True, order=True):
    """A limit [W] of a zone that no need states, such as its connection, and that is in the way."""

    zone: str
    direction: str
    limit_w: float


class Burden(msgspec.Struct, frozen=True):
    """Energy of an asset weighted by the witness prices [Wh]: what it adds to what is missing."""

    asset: str
    weighted_wh: float


class Conflict(msgspec.Struct, frozen=True, kw_only=True):
    """Needs and limits that cannot all be kept; without any one of them the others can.

    ``zones``: where, all else in them included; none for needs about one asset, which clash
    whatever all others do. ``why`` says more in that case, to operators and the owner ``why_for``.
    ``missing_wh``: proven to be missing at least of these members together; None where that is not
    counted, or not told.
    ``standing``: limits that the fleet has anyway. ``burdens``: assets by what they take when it
    is scarce, the largest first.
    ``round``: so many times all conflicts told before were settled, each by its proposal ``taken``;
    where that is None the first member was left out. ``eased``: needs of members that are told here
    as a conflict before this one has them give, and that clash even so.
    """

    zones: tuple[str, ...]
    members: tuple[Member, ...]
    proposals: tuple[Proposal, ...]
    why: str = ""
    why_for: str = ""
    missing_wh: float | None = None
    standing: tuple[Standing, ...] = ()
    burdens: tuple[Burden, ...] = ()
    round: int = 0
    taken: int | None = None
    eased: tuple[str, ...] = ()


class Part(msgspec.Struct, frozen=True, order=True):
    """What one need gives up in a joint relaxation: energy [Wh], or money that is spent beyond.

    ``owner`` is the party whose need it is, "" where it is nobody's.
    """

    level: Level
    need: str
    missing_wh: float
    missing_nano: int = 0
    owner: str = ""


class Joint(msgspec.Struct, frozen=True):
    """The least that has to be given up together, later levels first, and then the least cost.

    ``least_wh`` [levels] is proven. ``cost_nano`` [nano-¤] is what energy costs then, None where
    that is not told. ``fits``: a solve with every part given up has proven that all else is kept.
    Needs that clash about one asset, whatever all others do, are ``eased`` as taken before, or left
    out: ``without`` are their identifiers.
    """

    parts: tuple[Part, ...]
    least_wh: tuple[float, ...]
    cost_nano: float | None
    fits: bool
    eased: tuple[Need, ...] = ()
    without: tuple[str, ...] = ()
    kept: tuple[Need, ...] = ()
    by_plan: bool = False


class Unbound(msgspec.Struct, frozen=True):
    """A need that no fleet can hold as it is stated, why, and what to ask for instead."""

    need: Need
    problem: str
    fix: str


class Explanation(msgspec.Struct, frozen=True, kw_only=True):
    """Why not all needs can be kept: conflicts by part of the grid, and what is left after them.

    Nothing is in conflict where ``conflicts`` is empty. Nothing is said about needs that are
    ``unbound``. ``complete``: nothing clashes once each conflict is settled as ``taken``; otherwise
    more was not looked for. ``checks`` counts solves.
    """

    conflicts: tuple[Conflict, ...]
    joint: Joint | None
    unbound: tuple[Unbound, ...]
    checks: int
    complete: bool = True
