"""What is told of an invoice line, level by level. Energy is in Wh, money in nano-¤ or minor units.

Each level adds up to the one above, and ``checks`` say whether it does.
"""

from __future__ import annotations

import msgspec

from gridpact.settlement.invoices.document import Item, TaxTotal


class Check(msgspec.Struct, frozen=True):
    """One step that was computed again; ``told`` says what does not hold."""

    name: str
    good: bool
    told: str = ""


class Stated(msgspec.Struct, frozen=True, kw_only=True):
    """The document that has the line; ``what`` is its kind in words.

    ``refers`` is the document that it corrects, and ``explains`` the invoice whose line is
    explained, another one only for a credit note: that takes back what the invoice stated.
    """

    number: str
    what: str
    owner: str
    seller: str
    buyer: str
    currency: str
    period: str
    issued_s: int
    due_s: int
    refers: str
    explains: str
    run: int
    items: tuple[Item, ...]
    taxes: tuple[TaxTotal, ...]
    net_minor: int
    tax_minor: int
    total_minor: int


class Booked(msgspec.Struct, frozen=True):
    """What one run booked for the statement line: all of it at first, then what differed."""

    run: int
    kind: str
    as_of_s: int
    energy_wh: int
    nano: int
    minor: int


class Statement(msgspec.Struct, frozen=True):
    """The line of the run that the invoice line states, from payer to payee over its span.

    ``booked`` adds up to it. ``nano`` was rounded once to ``minor``, by the rule ``rounding``.
    """

    name: str
    category: str
    payer: str
    payee: str
    first_s: int
    end_s: int
    energy: str
    energy_wh: int
    nano: int
    minor: int
    rounding: str
    booked: tuple[Booked, ...]


class Terms(msgspec.Struct, frozen=True):
    """The clause that the line is settled by: words, and the hash of the contract (keccak-256)."""

    clause: str
    words: tuple[str, ...]
    hash: str


class Key(msgspec.Struct, frozen=True):
    """The sharing key, its file's SHA-256, and the member's role and share where it has one."""

    key: str
    words: str
    digest: str
    role: str
    share_ppm: int | None


class Divided(msgspec.Struct, frozen=True):
    """What the sharing key divided in a slot: over and needed by all, and shared."""

    over_wh: int
    needed_wh: int
    shared_wh: int


class Value(msgspec.Struct, frozen=True):
    """A value that a reading has or had: its mark, the rule behind that, and how it came.

    ``known_s`` is when it became known, ``file`` and ``sha256`` are of what was imported then.
    """

    wh: int
    mark: str
    rule: str
    known_s: int
    version: int
    file: str
    sha256: str


class Signature(msgspec.Struct, frozen=True):
    """How a device signed a reading: place in its file, sequence, key, and the reading before."""

    record: int
    sequence: int
    device: str
    previous: str
    signature: str
    sound: bool


class Reading(msgspec.Struct, frozen=True):
    """What a register counted in one slot of the store, or of ``file``.

    ``value`` is what the run knew, None for what a file says without more; ``replaced`` are the
    values before it, the last one first, and ``since`` those that were told later.
    """

    register: str
    slot_s: int
    step_s: int
    wh: int
    file: str
    value: Value | None = None
    replaced: tuple[Value, ...] = ()
    since: tuple[Value, ...] = ()
    signed: Signature | None = None


class Slot(msgspec.Struct, frozen=True):
    """One slot: the energy that is counted, its amount, and what it was made of.

    ``why`` says why it is shown. ``price_nano`` is the amount for a kWh, None without energy;
    ``series`` are the owner's [Wh], ``prices`` those that the terms read.
    """

    start_s: int
    why: str
    energy_wh: int
    nano: int
    price_nano: int | None
    series: dict[str, int]
    prices: dict[str, int]
    shared: Divided | None
    readings: tuple[Reading, ...]


class Change(msgspec.Struct, frozen=True):
    """A slot in which the run before came to something else."""

    start_s: int
    run_before: int
    energy_before_wh: int
    energy_wh: int
    nano_before: int
    nano: int


class Source(msgspec.Struct, frozen=True):
    """Where the run had its readings from, with the digest that the run was made of.

    ``digest_now`` is that of what is there today, ``""`` where it was not computed.
    """

    kind: str
    where: str
    digest: str
    digest_now: str


class Entry(msgspec.Struct, frozen=True):
    """An entry of the book's journal, bound to the one before by its hash."""

    number: int
    kind: str
    at_s: int
    hash: str
    previous: str


class Explanation(msgspec.Struct, frozen=True, kw_only=True):
    """An invoice line explained; ``line`` is its name, such as ``grid-co-000001/1``.

    ``slots`` are some of ``slot_count``, which add up to ``slot_energy_wh`` and ``slot_nano``.
    ``kept_wh`` is the owner's energy by source that the run kept for its period. ``lacking`` says
    what cannot be told any more, such as readings that were forgotten. ``entries`` end with the
    last one of the journal.
    """

    line: str
    minor_nano: int
    timezone: str
    step_s: int
    document: Stated
    item: Item
    statement: Statement
    terms: Terms
    key: Key | None
    slot_count: int
    slot_energy_wh: int | None
    slot_nano: int | None
    slots: tuple[Slot, ...]
    changes: tuple[Change, ...]
    change_count: int
    members: int
    kept_wh: dict[str, int]
    source: Source
    entries: tuple[Entry, ...]
    run_hash: str
    checks: tuple[Check, ...]
    lacking: tuple[str, ...]

    @property
    def verified(self) -> bool:
        """Whether everything that could be computed again is as it was booked."""
        return all(check.good for check in self.checks)


class Taxed(msgspec.Struct, frozen=True):
    """Tax at one rate: lines of the document, their sum, and its share, rounded once.

    ``nano`` is the exact tax; ``booked`` what each run booked for it.
    """

    rate_ppm: int
    items: tuple[Item, ...]
    base_minor: int
    nano: int
    minor: int
    booked: tuple[Booked, ...]


class TaxExplanation(msgspec.Struct, frozen=True, kw_only=True):
    """The tax of a document explained; ``line`` is its name, such as ``grid-co-000001/tax``."""

    line: str
    minor_nano: int
    rounding: str
    document: Stated
    tax: str
    rates: tuple[Taxed, ...]
    entries: tuple[Entry, ...]
    run_hash: str
    checks: tuple[Check, ...]

    @property
    def verified(self) -> bool:
        """Whether everything that was computed again is as it was booked."""
        return all(check.good for check in self.checks)
