"""How to read a term sheet: the rules that every contract is settled by, in plain words."""

from __future__ import annotations

_TEXT = """
A slot is a span of time, such as a quarter of an hour, with its first instant and without its
last. Each clause holds in each slot on its own, and amounts are those of one slot. The term is
all the slots for which the contract is settled, one after another; totals over it begin with its
first slot. What has a condition or a time counts in those slots alone and is 0 in the others.
Running totals, numbers of slots and highest values “from the beginning of” a time include the
slot itself. The word after “as” names what a payment is for.

“From” includes what it names; “until”, and “to” a time of day, do not. Days, months and times of
day are local to the time zone that is named, weeks begin on Monday, and UTC is coordinated
universal time. If what is waited for never comes, “from the first slot” never begins and “until
the first slot” never ends.

A negative amount goes the other way: who would pay is paid, and who would deliver receives.

What stands in brackets is worked out first, sums and products from left to right. All amounts are
whole numbers of small units: watt-hours, watts, milligrams, billionths of a currency, and for
prices millionths of a currency for each unit. Whatever says “rounded”, and a share such as “40 %
of”, is rounded in each slot, at that step, to the nearest whole number, a half to the even one;
nothing else that is calculated is rounded. ¤ stands for the currency of the payment.

A value that is missing is never taken as 0: nothing is settled until it is there, unless the
terms say what counts in its place, or it belongs only to slots in which a condition does not
hold.

A decision holds for one slot and is made by its party alone, within its bounds and in time.

The clauses, definitions and decisions are the whole of the terms; the title is not a part of
them. The number after “keccak-256” is computed from the terms and is another for any others.
"""
GUIDE = tuple(" ".join(part.split()) for part in _TEXT.split("\n\n"))
