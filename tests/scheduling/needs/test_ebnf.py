"""Sentences made from the grammar as it is written for people, rule by rule, are understood."""

import re

import pytest

from gridpact.base.errors import BadInput
from gridpact.base.randomness import stream
from gridpact.scheduling.needs.grammar.ebnf import GRAMMAR
from gridpact.scheduling.needs.grammar.parse import parse

PART = re.compile(
    r"""\s*(?:"([^"]*)"|'([^']*)'|([|,\[\]{}()])|(\d ?[a-z]+|[a-z][a-z ]*[a-z]|[a-z]))"""
)
MADE_UP = {
    "name": ["car", "PL", "car-12", "heat", '"7 up"', '"zone"', "Straße"],
    "number": ["1", "2.5", "20", "0.25", "100"],
    "whole": ["2", "3", "24"],
    "duration": ["1 h", "30 min", "1 h 15 min"],
    "time": ["07:30", "18:00", "06:15:30"],
    "date": ["23 April", "2 May 2027", "2026-12-24", "today", "tomorrow", "1 Mar"],
    "instant": ["2026-04-23T18:00Z", "20:00 on 2 May", "21:00"],
    "bounds": [">= 1", "<= 2.5", "1 .. 2.5"],
}
"""Words and numbers, and rules of which not every derivation makes sense, such as 5..2."""


def rules():
    text = re.sub(r"\(\*.*?\*\)", "", GRAMMAR)
    found = {}
    for rule in re.split(r";\s*\n", text):
        name, _, body = rule.partition("=")
        if body:
            found[name.strip()] = [next(g for g in m.groups() if g is not None) if m[1] is None
                                   and m[2] is None else f'"{m[1] or m[2]}'
                                   for m in PART.finditer(body)]  # fmt: skip
    return found


RULES = rules()


def choices(parts):
    """Cut at bars that are not within brackets."""
    found, depth = [[]], 0
    for part in parts:
        depth += (part in "[{(" and len(part) == 1) - (part in "]})" and len(part) == 1)
        if part == "|" and not depth:
            found.append([])
        else:
            found[-1].append(part)
    return found


def derive(parts, draw):
    """Words of one derivation, bars and brackets drawn."""
    options = choices(parts)
    parts, said, at = options[int(draw.integers(len(options)))], [], 0
    while at < len(parts):
        part = parts[at]
        if len(part) == 1 and part in "[{(":
            depth, end = 1, at
            while depth:
                end += 1
                depth += (parts[end] in "[{(" and len(parts[end]) == 1) - (
                    parts[end] in "]})" and len(parts[end]) == 1
                )
            inside = parts[at + 1 : end]
            times = {"(": 1, "[": int(draw.integers(2)), "{": int(draw.integers(2))}[part]
            said += [word for _ in range(times) for word in derive(inside, draw)]
            at = end
        elif part.startswith('"'):
            said.append(part[1:])
        elif part != ",":
            said += word(part, draw)
        at += 1
    return said


def word(name, draw):
    if name in MADE_UP:
        return [str(draw.choice(MADE_UP[name]))]
    return derive(RULES[name], draw)


def test_the_grammar_defines_every_name_it_uses():
    used = {p for parts in RULES.values() for p in parts if p[0] != '"' and p[0].isalpha()}
    spelt = {"digits", "characters", "hours", "minutes", "seconds", "month", "year", "word"}
    assert used - set(RULES) - spelt - set(MADE_UP) == set()
    assert set(RULES) - used == {"sentence"}


@pytest.mark.parametrize("kind", [" ".join(option) for option in choices(RULES["demand"])])
def test_what_the_grammar_derives_is_understood(kind, said):
    draw, read = stream(7, "ebnf", kind), 0
    for _ in range(150):
        text = " ".join([*derive(RULES["subject"], draw), *derive(RULES[kind], draw)])
        if draw.random() < 0.5:
            text += ", " + str(draw.choice(["need", "wish", "contract", "grid", "worth 0.5"]))
        try:
            parse(text, said.context)
        except BadInput as refused:
            told = (
                [str(fault) for fault in refused.value.faults]
                if hasattr(refused, "value")
                else [str(fault) for fault in refused.faults]
            )
            assert sensible(told), (text, told)
        else:
            read += 1
    assert read > 60


NONSENSE = (
    "comes twice",
    "was over",
    "never comes",
    "out of range",
    "is before",
    "asks for nothing",
    "one date needs no weekdays",
    "s of work in a window",
    "end after it begins",
    "is finer than",
    "ends when it begins",
)


def sensible(told):
    """What the grammar lets through and no need can mean."""
    return all(any(known in one for known in NONSENSE) for one in told)
