"""What a proof says, in words."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta

from gridpact.base.units import Ints
from gridpact.ledger.keys import Contract
from gridpact.ledger.leaves import LeafBody, decode
from gridpact.ledger.proofs.model import Opened, ProofFile

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_NANO = 10**9


def told(proof: ProofFile) -> Iterator[str]:
    """Yield lines: whose, what, when and how much is proved, and how it is on the ledger.

    Amounts are in the community's currency, which neither leaf nor entry names.
    """
    block, leaf = proof.block, proof.leaf
    if leaf is not None and isinstance(leaf.what, Opened):
        yield from _opened(decode(leaf.what.body))
    elif leaf is not None:
        yield f"contract with terms {leaf.what.data().hex()}"
    yield f"under the entry {proof.entry.decode()}" if leaf else f"entry {proof.entry.decode()}"
    yield f"entry {proof.index} of {block.size}, in the ledger up to block {block.height}"
    yield f"of {instant(block.at)}, root {block.tree_root.hex()}"
    if isinstance(block.authority, Contract):
        yield f"taken by {block.authority} in transaction 0x{block.signature[32:].hex()}"
    else:
        yield f"signed by {block.authority}"


def instant(at_s: int) -> str:
    """Write an instant [s since the epoch] in UTC, or as seconds where no calendar has it."""
    try:
        return (_EPOCH + timedelta(seconds=at_s)).strftime("%Y-%m-%dT%H:%M:%SZ")
    except OverflowError:
        return f"second {at_s}"


def _opened(body: LeafBody) -> Iterator[str]:
    yield f"{body.kind} of {body.subject} in {body.period}"
    shape = body.values.shape
    tell = _SHAPES.get((body.kind, len(shape), shape[0] if len(shape) > 1 else 1))
    if tell is None:
        yield from (f"  values {','.join(map(str, body.values.ravel().tolist()))}",)
    else:
        yield from tell(body.values)


def _readings(values: Ints) -> Iterator[str]:
    withdrawal, injection, estimated = (sum(row) for row in values.tolist())
    yield f"  withdrawal {withdrawal} Wh, injection {injection} Wh"
    yield f"  {estimated} of {values.shape[1]} slots estimated"


def _counted(values: Ints) -> Iterator[str]:
    withdrawal, injection, *known = values.tolist()
    yield f"  withdrawal {sum(withdrawal)} Wh, injection {sum(injection)} Wh"
    yield f"  known in {sum(map(min, *known))} of {values.shape[1]} slots"


def _planned(values: Ints) -> Iterator[str]:
    slots = values.tolist()
    bought, sold = sum(max(each, 0) for each in slots), sum(max(-each, 0) for each in slots)
    yield f"  planned over {len(slots)} slots: withdrawal {bought} Wh, injection {sold} Wh"


def _executed(values: Ints) -> Iterator[str]:
    told, stored, curtailed, starts, heard, done, solar, used = values.tolist()
    ordered = f"curtailment {sum(curtailed)} Wh, {sum(starts)} appliances to start"
    yield f"  ordered: storage {sum(stored)} Wh, {ordered}"
    yield f"  delivered: storage {sum(done)} Wh, solar {sum(solar)} Wh, appliances {sum(used)} Wh"
    yield f"  a schedule in force in {sum(told)} of {len(told)} slots, all reported in {sum(heard)}"


def _lines(values: Ints) -> Iterator[str]:
    for number, (nano, minor, energy) in enumerate(values[:3].T.tolist(), 1):
        amount = f"{'-' * (nano < 0)}{abs(nano) // _NANO}.{abs(nano) % _NANO:09d}"
        yield f"  line {number}: {amount}, billed {minor} minor units, {energy} Wh"


_SHAPES: dict[tuple[str, int, int], Callable[[Ints], Iterator[str]]] = {
    ("readings", 2, 3): _readings,
    ("readings", 2, 4): _counted,
    ("schedules", 1, 1): _planned,
    ("executions", 2, 8): _executed,
    ("statements", 2, 3): _lines,
    ("statements", 2, 9): _lines,
}
"""How leaves are told by kind, number of axes and rows: those of runs, and those of books."""
