"""A till: one party's ends of payment channels, over one journal.

Every update is on disk before it is given away, and before it counts as received. So after a crash
no number is signed twice for different amounts, and nothing that was received is forgotten.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from gridpact.agreements.addresses import address_of, recovered
from gridpact.agreements.keys import WalletKey
from gridpact.base.errors import BadInput, Fault, JournalDamaged
from gridpact.ledger.evm.channel_journal import GIVEN, OPENED, TAKEN, Journal, Record
from gridpact.ledger.evm.channels import Channel, Declined, Signed, Update, faults_of
from gridpact.ledger.evm.typed import Domain

_LAST = (1 << 64) - 1


@dataclass
class _End:
    """One party's end of a channel."""

    channel: Channel
    is_first: bool
    latest: Update
    given: Signed | None = None
    taken: Signed | None = None
    other: bytes = b""

    def own(self, update: Update) -> int:
        return update.first if self.is_first else update.second

    def note(self, letter: bytes, signed: Signed) -> None:
        """Let an update that is on disk stand."""
        self.latest = signed.update
        if letter == GIVEN:
            self.given = signed
        else:
            self.taken = signed


class Till:
    """Pays and receives over any number of channels with one key; one process at a time."""

    def __init__(self, path: Path, key: WalletKey, domain: Domain) -> None:
        """Open or begin the journal at ``path``; JournalDamaged where it is another's or broken."""
        self._key, self._separator = key, domain.separator
        self._ends: dict[bytes, _End] = {}
        self._journal = Journal(path)
        try:
            for number, record in enumerate(self._journal.records):
                self._replay(number, record)
        except JournalDamaged:
            self._journal.close()
            raise

    def open(self, channel: Channel) -> None:
        """Note a channel that this key is a party of; BadInput with all that is wrong with it."""
        wrong = faults_of(channel)
        if self._key.address not in (channel.first_key, channel.second_key):
            wrong.append(("neither party has this key", "name one of its parties' keys"))
        if wrong:
            where = channel.salt.hex()
            raise BadInput(
                Fault("channel", 0, where, f"not so: {each}", "mend it") for each in wrong
            )
        if channel.id not in self._ends:
            self._journal.keep([Record(OPENED, channel.to_bytes())])
            self._add(channel)

    def pay(self, payments: Mapping[bytes, int]) -> list[Signed] | list[Declined]:
        """Sign updates that pay units over channels, by their ids; all or none.

        Everything signed is on disk when this returns, with one fsync.
        """
        pairs = payments.items()
        wrong = [Declined(at, why) for at, units in pairs if (why := self._lacks(at, units))]
        if wrong:
            return wrong
        made = [self._paid(self._ends[at], units) for at, units in payments.items()]
        self._keep(GIVEN, made)
        return made

    def receive(self, given: Sequence[Signed]) -> list[Signed | Declined]:
        """Take updates that others signed, each by itself; those taken are on disk then."""
        found = list[Signed | Declined]()
        taken = dict[bytes, Signed]()
        for each in given:
            before = taken.get(each.update.channel)
            why = self._flaw(each, before.update if before else None)
            found.append(Declined(each.update.channel, why) if why else each)
            if not why:
                taken[each.update.channel] = each
        self._keep(TAKEN, [each for each in found if isinstance(each, Signed)])
        return found

    def channels(self) -> Iterator[Channel]:
        """Yield the channels of this till."""
        return (end.channel for end in self._ends.values())

    def balance(self, channel: bytes) -> int:
        """Return what this party gets as things stand; KeyError for a channel not known."""
        end = self._ends[channel]
        return end.own(end.latest)

    def latest(self, channel: bytes) -> Update:
        """Return the update that stands, whoever signed it; KeyError for a channel not known."""
        return self._ends[channel].latest

    def given(self, channel: bytes) -> Signed | None:
        """Return the last update given away, to give it again where it may have been lost."""
        return self._ends[channel].given

    def shown(self, channel: bytes) -> Signed | None:
        """Return the last update that the other signed: to leave with, or to answer with."""
        return self._ends[channel].taken

    def closing(self, channel: bytes) -> tuple[Update, bytes]:
        """Sign that the channel ends as things stand; the update and the signature [65 bytes].

        Pay and receive nothing more over the channel after this.
        """
        latest = self._ends[channel].latest
        return latest, self._key.sign(latest.closing(self._separator))

    def close(self) -> None:
        """Release the journal."""
        self._journal.close()

    def _lacks(self, at: bytes, units: int) -> str:
        """Say why units cannot be paid; empty where they can."""
        end = self._ends.get(at)
        if end is None:
            return "is no channel of this till"
        if units <= 0:
            return f"{units} units are no payment"
        if units > end.own(end.latest):
            return f"has {end.own(end.latest)} units left, not {units}"
        return "has used up its numbers" if end.latest.sequence >= _LAST else ""

    def _paid(self, end: _End, units: int) -> Signed:
        before, own = end.latest, -units if end.is_first else units
        made = Update(before.channel, before.sequence + 1, before.first + own, before.second - own)
        return Signed(made, self._key.sign(made.digest(self._separator)))

    def _flaw(self, given: Signed, before: Update | None) -> str:
        """Say why an update is not taken; empty where it is."""
        update = given.update
        end = self._ends.get(update.channel)
        if end is None:
            return "is no channel of this till"
        latest = before or end.latest
        if not latest.sequence < update.sequence <= _LAST:
            return f"number {update.sequence} is not above {latest.sequence}"
        total = end.channel.total
        if min(update.first, update.second) < 0 or update.first + update.second != total:
            return f"its units are not the {total} that were paid in"
        if end.own(update) < end.own(latest):
            return f"it leaves {end.own(update)} units of {end.own(latest)}"
        return "" if self._signed_by_other(end, given) else "is not signed by the other party"

    def _signed_by_other(self, end: _End, given: Signed) -> bool:
        """Check a signature by the key that the contract would find, v included."""
        key = recovered(given.update.digest(self._separator), given.signature)
        if key is None:
            return False
        found = key.format()
        if end.other == b"":
            expected = end.channel.second_key if end.is_first else end.channel.first_key
            end.other = found if address_of(key.format(compressed=False)) == expected else b""
        return end.other == found

    def _keep(self, letter: bytes, made: Sequence[Signed]) -> None:
        self._journal.keep([Record(letter, each.to_bytes()) for each in made])
        for each in made:
            self._ends[each.update.channel].note(letter, each)

    def _add(self, channel: Channel) -> None:
        is_first = channel.first_key == self._key.address
        self._ends[channel.id] = _End(channel, is_first, channel.begun())

    def _replay(self, number: int, record: Record) -> None:
        """Take a record of the journal as it was taken at the time."""
        if record.letter == OPENED:
            channel = Channel.from_bytes(record.body)
            if self._key.address not in (channel.first_key, channel.second_key):
                raise self._foreign(number)
            return self._add(channel)
        signed = Signed.from_bytes(record.body)
        end = self._ends.get(signed.update.channel)
        if end is None or signed.update.sequence <= end.latest.sequence:
            raise self._foreign(number)
        return end.note(record.letter, signed)

    def _foreign(self, number: int) -> JournalDamaged:
        return JournalDamaged(f"{self._journal.path}: record {number} is not of this key")
