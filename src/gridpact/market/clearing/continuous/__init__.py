"""Continuous double auction: limit order books with price-time priority, one for each slot.

The rules, the same in the column engine (:mod:`.engine`) and in the live books (:mod:`.live`):

1. An order that can trade does so at once, with the best resting orders of the other side: the
   best price first, among equal prices the one that came to rest first. Every trade is at the
   resting order's price. What is left rests, or is cancelled if the order is immediate-or-cancel.
2. An amended order keeps its place in the queue if its price stays and its quantity does not grow.
   Otherwise it leaves the book and comes in anew, as the latest: it may trade at once. An amended
   quantity is the order's new total, what it has traded included, so that a trade on the way does
   not make it larger than was meant.
3. No member trades with itself. Where an incoming order would meet a resting one of the same
   member, what is left of the incoming one is cancelled ("cancel newest"); the resting one stays.
4. An order trades before its expiry and before its book closes, not at that second or after.
5. A refused event changes nothing but the clock, and its reason is told. The same order placed
   again is no second order.

The rules are those usual on exchanges; price-time priority and the continuous auction as in
EPEX SPOT's and Nord Pool's public descriptions of intraday trading. No crossed orders remain.
"""
