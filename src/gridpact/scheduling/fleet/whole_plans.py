"""Assets that take one plan whole: dealt to the answers of their group, then held fixed.

A run cannot start by halves. Where masters mix several answers of such a group, each of its assets
is given one answer whole, by the weights of the mix; the rest of the fleet is then solved around
them. The bound proven before stays valid, so the loss is certified.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeAlias, cast

import msgspec
import numpy as np

from gridpact.base.units import Bools, Floats, Ints
from gridpact.scheduling.fleet.dealing import deal
from gridpact.scheduling.fleet.groups import Block, Groups
from gridpact.scheduling.fleet.oracles import Answers, Oracle
from gridpact.scheduling.fleet.prepare import GroupPrices
from gridpact.scheduling.fleet.shares import Shares

Asked: TypeAlias = Mapping[int, GroupPrices]
"""Prices that groups were asked at, by round."""


class Fixed(msgspec.Struct, frozen=True):
    """Groups that no longer choose: ``held`` [groups], their energy [groups, slots] and costs.

    ``dealt`` says, for each block of groups that is not divisible, the round whose prices each of
    its assets (sorted rows) answers; None for the others.
    """

    held: Bools
    energy: Floats
    own_cost: Floats
    dealt: tuple[Ints | None, ...]

    def rounds(self) -> set[int]:
        """Rounds whose answers were dealt."""
        dealt = [one for one in self.dealt if one is not None]
        return {born for one in dealt for born in np.unique(one).tolist()}


def deal_whole(groups: Groups, shares: Shares, asked_at: Asked) -> Fixed:
    """Deal all assets of indivisible groups to the answers that their groups mix."""
    slots = next(iter(asked_at.values())).buy.shape[1]
    held = np.zeros(len(groups.cell), np.bool_)
    energy, own = np.zeros((len(held), slots)), np.zeros(len(held))
    dealt: list[Ints | None] = []
    for block in groups.blocks:
        if block.divisible:
            dealt.append(None)
            continue
        rounds = _deal_block(block, groups, shares, asked_at)
        answers = _alone(block, groups, rounds, asked_at)
        first = block.layout.first[:-1]
        held[block.place] = True
        energy[block.place] = np.add.reduceat(answers.energy, first, axis=0)
        own[block.place] = np.add.reduceat(answers.own_cost, first)
        dealt.append(rounds)
    return Fixed(held, energy, own, tuple(dealt))


def _deal_block(block: Block, groups: Groups, shares: Shares, asked_at: Asked) -> Ints:
    """Round whose prices each asset of a block is to answer [assets]."""
    first = block.layout.first
    mixed = [list(shares.of(group)) for group in block.place.tolist()]
    leading = [max(entries, key=lambda entry: entry[1])[0] for entries in mixed]
    rounds = np.repeat(np.array(leading, np.int64), np.diff(first))
    size = np.abs(_alone(block, groups, rounds, asked_at).energy).sum(axis=1)
    for own, entries in enumerate(mixed):
        if len(entries) > 1:
            members = slice(int(first[own]), int(first[own + 1]))
            chosen = deal(np.array([share for _, share in entries]), size[members])
            rounds[members] = np.array([born for born, _ in entries])[chosen]
    return rounds


def _alone(block: Block, groups: Groups, rounds: Ints, asked_at: Asked) -> Answers:
    """Answer of every asset by itself to the prices of its round."""
    count = len(rounds)
    group = np.repeat(block.place, np.diff(block.layout.first))
    prices = np.empty((count, next(iter(asked_at.values())).buy.shape[1]))
    for born in np.unique(rounds).tolist():
        own = np.flatnonzero(rounds == born)
        prices[own] = asked_at[born].of(groups, group[own])
    one_each = {"first": np.arange(count + 1)}
    single = msgspec.structs.replace(cast("msgspec.Struct", block.oracle), **one_each)
    return cast("Oracle", single).best(prices)
