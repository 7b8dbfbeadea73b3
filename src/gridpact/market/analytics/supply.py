"""Self-sufficiency, self-consumption and local share, of a community and of its members.

In every slot, of a load L and a generation P at one place, M = min(L, P) is used where it is
made. Over time, *self-sufficiency* is ΣM ÷ ΣL and *self-consumption* ΣM ÷ ΣP (Luthander, Widén,
Nilsson and Palm, Photovoltaic self-consumption in buildings: a review, 2015); here L holds what
storage takes. The place may be a member or the community: a community's L and P are the sums over
its members, so what one makes and another uses in the same slot is used where it is made.

A slot that is not known at one member is not known of the community; it counts nowhere, neither
in M nor in L or P.
"""

from __future__ import annotations

import msgspec
import numpy as np

from gridpact.base.units import Bools, Ints, checked_add, checked_sum
from gridpact.market.analytics.shares import Share


class Supply(msgspec.Struct, frozen=True):
    """Sums over known slots [Wh], shape [] or [members]: load, generation, and both at once."""

    load_wh: Ints
    generation_wh: Ints
    matched_wh: Ints

    @property
    def self_sufficiency(self) -> Share:
        """Share of the load that was met at the place itself; not known without load."""
        return Share(self.matched_wh, self.load_wh)

    @property
    def self_consumption(self) -> Share:
        """Share of the generation that was used there; not known without generation."""
        return Share(self.matched_wh, self.generation_wh)


def by_member(load_wh: Ints, generation_wh: Ints, known: Bools | None = None) -> Supply:
    """Match every member's load with its own generation.

    Parameters
    ----------
    load_wh, generation_wh : int64 [members, slots]
        Not negative.
    known : bool [members, slots], optional
        Where both are known; everywhere unless given. What stands elsewhere is not read.

    Raises
    ------
    ValueError
        Shapes differ, or known energy is negative.
    NumberOverflow
        A sum does not fit 64 bits.
    """
    load, generation = _known(load_wh, generation_wh, known)
    matched = np.minimum(load, generation)
    return Supply(*(checked_sum(each, axis=-1) for each in (load, generation, matched)))


def of_community(load_wh: Ints, generation_wh: Ints, known: Bools | None = None) -> Supply:
    """Match the load of all members with the generation of all, slot by slot; as :func:`by_member`.

    The sums have shape []. A slot counts where it is known of every member.
    """
    everywhere = None if known is None else np.broadcast_to(known.all(axis=0), known.shape)
    load, generation = _known(load_wh, generation_wh, everywhere)
    load, generation = checked_sum(load, axis=0), checked_sum(generation, axis=0)
    matched = np.minimum(load, generation)
    return Supply(*(checked_sum(each, axis=-1) for each in (load, generation, matched)))


def across_boundary(net_wh: Ints, generation_wh: Ints, known: Bools | None = None) -> Supply:
    """Match load and generation behind a boundary from what crosses it and what is generated.

    With I and E the sums of what came in and went out, the load over the whole time is P + I − E,
    and P − E of it was met behind the boundary. Without storage that is :func:`by_member` of the
    load P + net in each slot; with it, what storage gives back meets load as generation does, and
    what it gives out counts as generation that was exported.

    Parameters
    ----------
    net_wh, generation_wh : int64 [..., slots]
        In less out, and generation, which is not negative. For a community as one, sums over its
        members; for all members one by one, columns [members, slots].
    known : bool [..., slots], optional
        As for :func:`by_member`.

    Returns
    -------
    Supply
        Of shape [...]. Where more went out than was generated, storage gave out energy of unknown
        origin: then nothing is said, and all three sums are 0.
    """
    if known is not None:
        net_wh = np.where(known, net_wh, 0)
    came, went = np.maximum(net_wh, 0), np.maximum(-net_wh, 0)
    made, went = _known(generation_wh, went, known)
    generated, exported = checked_sum(made, axis=-1), checked_sum(went, axis=-1)
    met = checked_add(generated, -exported)
    load = checked_add(met, checked_sum(came, axis=-1))
    return Supply(*(np.where(met < 0, 0, each) for each in (load, generated, met)))


def local_share(bought_wh: Ints, withdrawal_wh: Ints, known: Bools | None = None) -> Share:
    """Share of what members took from the grid that they had bought within the community.

    Σ min(bought, withdrawn) ÷ Σ withdrawn over known slots, [members] from [members, slots]; its
    ``total_ppm`` is the community's. What was bought and not used counts for nothing. Parameters
    and errors as :func:`by_member`.
    """
    bought, taken = _known(bought_wh, withdrawal_wh, known)
    used = np.minimum(bought, taken)
    return Share(checked_sum(used, axis=-1), checked_sum(taken, axis=-1))


def _known(one: Ints, other: Ints, known: Bools | None) -> tuple[Ints, Ints]:
    """Leave what is known, 0 elsewhere, after a check."""
    if one.shape != other.shape or (known is not None and known.shape != one.shape):
        raise ValueError("columns must have one shape [members, slots]")
    if known is not None:
        one, other = np.where(known, one, 0), np.where(known, other, 0)
    if min(one.min(initial=0), other.min(initial=0)) < 0:
        raise ValueError("energy must not be negative")
    return one, other
