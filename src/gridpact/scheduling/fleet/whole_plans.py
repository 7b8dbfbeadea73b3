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
from gridpact.scheduling.fleet.homes import HomeOracle
from gridpact.scheduling.fleet.oracles import Answers, Oracle
from gridpact.scheduling.fleet.prepare import GroupPrices
from gridpact.scheduling.fleet.shares import Shares

Asked: TypeAlias = Mapping[int, GroupPrices]
"""Prices that groups were asked at, by round."""


class Fixed(msgspec.Struct, frozen=True):
    """Groups that no longer choose: ``held`` [groups], their energy [groups, slots] and costs.

    ``dealt`` says, for each block of groups that is not divisible, the round whose prices each of
    its assets (sorted rows) answers; None for the others. Of homes only the whole numbers are held,
    and storage that modes alone keep from both ways at once goes the way of the mix;
    ``eased`` [groups] marks them, ``born`` [groups] is the round of the answer in ``energy``, and
    ``blocks`` has the oracles that know them so.
    """

    held: Bools
    energy: Floats
    own_cost: Floats
    dealt: tuple[Ints | None, ...]
    eased: Bools
    born: Ints
    blocks: tuple[Block, ...]

    def rounds(self) -> set[int]:
        """Rounds whose answers were dealt."""
        dealt = [one for one in self.dealt if one is not None]
        return {born for one in dealt for born in np.unique(one).tolist()}


def deal_whole(groups: Groups, shares: Shares, asked_at: Asked) -> Fixed:
    """Deal all assets of indivisible groups to the answers that their groups mix."""
    slots = next(iter(asked_at.values())).buy.shape[1]
    held = np.zeros(len(groups.cell), np.bool_)
    energy, own = np.zeros((len(held), slots)), np.zeros(len(held))
    eased, born = held.copy(), np.zeros(len(held), np.int64)
    dealt, blocks = [], []
    for block in groups.blocks:
        rounds = None if block.divisible else _deal_block(block, groups, shares, asked_at)
        if rounds is not None:
            first = block.layout.first[:-1]
            if isinstance(block.oracle, HomeOracle):
                mixed = [
                    [(share, asked_at[at].of(groups, np.array([group]))[0]) for at, share in parts]
                    for group, parts in ((one, shares.of(one)) for one in block.place.tolist())
                ]
                block = _eased(block, _prices(block, groups, rounds, asked_at), mixed)  # noqa: PLW2901
                eased[block.place], born[block.place] = True, rounds[first]
            else:
                held[block.place] = True
            answers = _alone(block, groups, rounds, asked_at)
            energy[block.place] = np.add.reduceat(answers.energy, first, axis=0)
            own[block.place] = np.add.reduceat(answers.own_cost, first)
        dealt.append(None if block.divisible else rounds)
        blocks.append(block)
    return Fixed(held, energy, own, tuple(dealt), eased, born, tuple(blocks))


def _eased(block: Block, prices: Floats, mixed: list[list[tuple[float, Floats]]]) -> Block:
    """Homes with their whole numbers held at those of the answers dealt to them."""
    oracle = cast("HomeOracle", block.oracle).held(prices, mixed)
    return msgspec.structs.replace(block, oracle=oracle, divisible=True)


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
    one_each = {"first": np.arange(len(rounds) + 1)}
    single = msgspec.structs.replace(cast("msgspec.Struct", block.oracle), **one_each)
    return cast("Oracle", single).best(_prices(block, groups, rounds, asked_at))


def _prices(block: Block, groups: Groups, rounds: Ints, asked_at: Asked) -> Floats:
    """Prices of every asset's round [assets, slots]."""
    group = np.repeat(block.place, np.diff(block.layout.first))
    prices = np.empty((len(rounds), next(iter(asked_at.values())).buy.shape[1]))
    for born in np.unique(rounds).tolist():
        own = np.flatnonzero(rounds == born)
        prices[own] = asked_at[born].of(groups, group[own])
    return prices
