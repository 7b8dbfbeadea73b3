"""Piecewise-linear functions with gaps and jumps, and their lower envelopes.

A function is an array [places, 4] of pieces by state: from, to, value at from, slope. Pieces are
closed and in order; they may be single points and may touch, and where they do the lower one
counts, so a function takes its minimum. Nothing needs to be convex.
"""

from __future__ import annotations

from typing import TypeAlias

import numpy as np

from gridpact.base.units import Floats, Ints
from gridpact.scheduling.fleet.machine_code import machine_code

LIMIT = 1024
"""Pieces a function may have before it is rounded."""
ROOM = 12 * LIMIT
"""Pieces an envelope of two functions and their crossings may have on the way."""
TOUCH = 1e-11
"""States [kWh] closer than this are one."""
SAME = 1e-13
"""Costs [¤] closer than this are one."""
INFINITY = np.inf

FROM, TO, VALUE, SLOPE = 0, 1, 2, 3
Span: TypeAlias = tuple[float, float]
Room: TypeAlias = tuple[Floats, Ints]
"""Scratch: corners [2, places] and a queue of them [places]."""
DOWN, UP = -1.0, 1.0
"""Directions of rounding; of whole constants numba would make a kernel each."""


@machine_code
def append(out: Floats, count: int, begin: float, end: float, value: float, slope: float) -> int:
    """Add a piece behind the others, joined to the last where it goes on along the same line."""
    if count > 0:
        last = count - 1
        reached = out[last, VALUE] + out[last, SLOPE] * (out[last, TO] - out[last, FROM])
        if begin - out[last, TO] <= TOUCH:
            if end - begin <= TOUCH and value >= reached - SAME:
                out[last, TO] = max(out[last, TO], end)
                return count
            if abs(value - reached) <= SAME and abs(slope - out[last, SLOPE]) <= TOUCH:
                out[last, TO] = end
                return count
            if out[last, TO] - out[last, FROM] <= TOUCH and value <= reached + SAME:
                count = last
    if count < out.shape[0]:
        out[count, FROM], out[count, TO] = begin, end
        out[count, VALUE], out[count, SLOPE] = value, slope
    return count + 1


@machine_code
def lower(
    out: Floats, count: int, span: Span, one: Floats, other: Floats, pair: tuple[int, int]
) -> int:
    """Add the lower of a pair of pieces, one of each function, over a span of both."""
    begin, end = span
    left, right = pair
    slope, other_slope = one[left, SLOPE], other[right, SLOPE]
    value = one[left, VALUE] + slope * (begin - one[left, FROM])
    ahead = other[right, VALUE] + other_slope * (begin - other[right, FROM]) - value
    behind = ahead + (other_slope - slope) * (end - begin)
    if ahead >= 0.0 and behind >= 0.0:
        return append(out, count, begin, end, value, slope)
    if ahead <= 0.0 and behind <= 0.0:
        return append(out, count, begin, end, value + ahead, other_slope)
    cross = min(begin + ahead / (slope - other_slope), end)
    if ahead > 0.0:
        count = append(out, count, begin, cross, value, slope)
        value += slope * (cross - begin)
        return append(out, count, cross, end, value, other_slope)
    count = append(out, count, begin, cross, value + ahead, other_slope)
    value += slope * (cross - begin)
    return append(out, count, cross, end, value, slope)


@machine_code
def envelope(one: Floats, many: int, other: Floats, others: int, out: Floats) -> int:
    """Write the lower envelope of two functions; return its number of pieces."""
    left, right, count, place = 0, 0, 0, -INFINITY
    while left < many or right < others:
        place = max(
            place,
            min(
                one[left, FROM] if left < many else INFINITY,
                other[right, FROM] if right < others else INFINITY,
            ),
        )
        here = left < many and one[left, FROM] <= place
        there = right < others and other[right, FROM] <= place
        end = INFINITY
        if left < many:
            end = one[left, TO] if here else one[left, FROM]
        if right < others:
            end = min(end, other[right, TO] if there else other[right, FROM])
        end = max(end, place)
        if here and there:
            count = lower(out, count, (place, end), one, other, (left, right))
        elif here:
            value = one[left, VALUE] + one[left, SLOPE] * (place - one[left, FROM])
            count = append(out, count, place, end, value, one[left, SLOPE])
        else:
            value = other[right, VALUE] + other[right, SLOPE] * (place - other[right, FROM])
            count = append(out, count, place, end, value, other[right, SLOPE])
        place = end
        left += here and one[left, TO] <= place
        right += there and other[right, TO] <= place
    return count


@machine_code
def shifted(source: Floats, many: int, by: float, cost: float, span: Span, out: Floats) -> int:
    """Write a function moved by ``by`` and raised by ``cost``, within a span; return its length."""
    low, high, piece, count = span[0] - by, span[1] - by, 0, 0
    while piece < many and source[piece, TO] < low:
        piece += 1
    while piece < many and source[piece, FROM] <= high:
        begin = max(source[piece, FROM], low)
        rise = source[piece, SLOPE] * (begin - source[piece, FROM])
        out[count, FROM] = begin + by
        out[count, TO] = min(source[piece, TO], high) + by
        out[count, VALUE] = source[piece, VALUE] + rise + cost
        out[count, SLOPE] = source[piece, SLOPE]
        count += 1
        piece += 1
    return count


@machine_code
def corners(source: Floats, many: int, price: float, corner: Floats) -> int:
    """Write the states where value + price · state may be least nearby, and these sums."""
    count = 0
    for piece in range(many):
        begin, end = source[piece, FROM], source[piece, TO]
        slope = source[piece, SLOPE] + price
        value = source[piece, VALUE] + price * begin
        if slope < 0.0:
            value += slope * (end - begin)
            if piece + 1 < many and source[piece + 1, FROM] - end <= TOUCH:
                following = source[piece + 1, VALUE] + price * source[piece + 1, FROM]
                if source[piece + 1, SLOPE] + price < 0.0 and following <= value + SAME:
                    continue
            begin = end
        corner[0, count], corner[1, count] = begin, value
        count += 1
    return count


@machine_code
def fans(source: Floats, many: int, price: float, window: Span, room: Room, out: Floats) -> int:
    """Write the least over corners z of value(z) + price · (z - y), for y - z within the window.

    Lines of one slope and one length: the queue holds the corners that may still become the best,
    by state, each dearer than the one before it.
    """
    corner, queue = room
    many = corners(source, many, price, corner)
    front, back, count, place = 0, 0, 0, -INFINITY
    for piece in range(many + 1):
        begin = corner[0, piece] + window[0] if piece < many else INFINITY
        while front < back and corner[0, queue[front]] + window[1] < begin:
            end = corner[0, queue[front]] + window[1]
            if end >= place:
                value = corner[1, queue[front]] - price * place
                count = append(out, count, place, end, value, -price)
                place = end
            front += 1
        if piece == many:
            break
        if front < back and corner[1, piece] <= corner[1, queue[front]]:
            value = corner[1, queue[front]] - price * place
            count = append(out, count, place, begin, value, -price)
            front = back
        while front < back and corner[1, piece] <= corner[1, queue[back - 1]]:
            back -= 1
        if front == back:
            front, back, place = 0, 0, begin
        queue[back] = piece
        back += 1
    return count


@machine_code
def copy(out: Floats, piece: int, place: int) -> None:
    """Copy a piece to another place."""
    out[place, FROM], out[place, TO] = out[piece, FROM], out[piece, TO]
    out[place, VALUE], out[place, SLOPE] = out[piece, VALUE], out[piece, SLOPE]


@machine_code
def round_pass(out: Floats, many: int, direction: float, within: float) -> int:
    """Replace neighbours by one line above (or below) both where that moves none by more.

    Rounding down also closes gaps; rounding up never defines what was not.
    """
    count = 1
    for piece in range(1, many):
        last = count - 1
        begin, end = out[last, FROM], out[piece, TO]
        inner, outer = out[last, TO], out[piece, FROM]
        slope = 0.0
        far = out[piece, VALUE] + out[piece, SLOPE] * (end - outer)
        if end > begin:
            slope = (far - out[last, VALUE]) / (end - begin)
        near = out[last, VALUE] + out[last, SLOPE] * (inner - begin)
        above = near - (out[last, VALUE] + slope * (inner - begin))
        below = out[piece, VALUE] - (out[last, VALUE] + slope * (outer - begin))
        most, least = max(above, below, 0.0), min(above, below, 0.0)
        gap = direction == UP and outer - inner > TOUCH
        if not gap and most - least <= within:
            out[last, VALUE] += most if direction == UP else least
            out[last, TO], out[last, SLOPE] = end, slope
        else:
            copy(out, piece, count)
            count += 1
    return count


@machine_code
def rounded(out: Floats, many: int, direction: float) -> int:
    """Bring a function down to at most LIMIT pieces, above (UP) or below (DOWN) what it was."""
    within = 1e-9
    while many > LIMIT:
        many = round_pass(out, many, direction, within)
        within *= 4.0
        if within > 1e6 and many > LIMIT:  # islands beyond count: every other one is given up
            kept = 0
            for piece in range(0, many, 2):
                copy(out, piece, kept)
                kept += 1
            many = kept
    return many
