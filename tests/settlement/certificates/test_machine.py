"""The state machine explored at random, against a model that knows every certificate by itself."""

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from gridpact.settlement.certificates.issuing import Metered, Terms, issue
from gridpact.settlement.certificates.moving import Use, Wanted, cancel, transfer, withdraw
from gridpact.settlement.certificates.operations import (
    Device,
    Refused,
    Span,
    canonical,
    decoded,
)
from gridpact.settlement.certificates.regimes import EU, UK, tradable_until, usable_until
from gridpact.settlement.certificates.register import Register, folded
from gridpact.settlement.certificates.stock import Stock, stocks

DAY, MWH = 86400, 1_000_000
MONTHS = [1767225600, 1769904000, 1772323200, 1775001600]  # 1 January to 1 April 2026, UTC
PARTIES = ("school", "bakery", "power-co")
OWNERS = {"roof": "school", "mill": "bakery"}


def made(name):
    return Device(
        id=name, owner=OWNERS[name], point=name, source={"roof": "solar", "mill": "wind"}[name],
        technology="any", site="lane", country="DE", capacity_w=30_000, support="none",
        commissioned="2021-05-01",
    )  # fmt: skip


class Certificate:
    """One certificate of the model."""

    def __init__(self, device, month, size, owner):
        self.device, self.month, self.size, self.owner = device, month, size, owner
        self.fate, self.corrected = "", False


class Machine(RuleBasedStateMachine):
    def __init__(self):
        super().__init__()
        self.register, self.at = Register(), MONTHS[-1]
        self.model, self.measured, self.regime = {}, {}, EU

    @rule(days=st.sampled_from([0, 1, 40, 200]))
    def time_passes(self, days):
        self.at += days * DAY

    @precondition(lambda self: not self.register.operations)
    @rule(regime=st.sampled_from([EU, UK]))
    def choose_a_regime(self, regime):
        self.regime = regime

    @rule(
        device=st.sampled_from(["roof", "mill"]),
        months=st.sets(st.integers(0, 2), min_size=1),
        energies=st.tuples(*[st.integers(0, 4 * MWH)] * 3),
        size=st.sampled_from([MWH, MWH // 4, MWH // 10]),
    )
    def claim(self, device, months, energies, size):
        size = MWH if self.regime is UK else size
        order = sorted(months)
        metered = Metered(
            [MONTHS[m] for m in order], [MONTHS[m + 1] for m in order],
            [energies[m] for m in order], self.at, "",
        )  # fmt: skip
        terms = Terms(regime=self.regime, timezone="UTC", country="DE", issuer="lane", size_wh=size)
        done = issue(self.register, self._name(), self.at, made(device), terms, metered)
        late = any(self.at >= usable_until(self.regime, MONTHS[m + 1], "UTC") for m in order)
        if late:
            assert isinstance(done, Refused)
        if isinstance(done, Refused):
            assert late or all(self.measured.get((device, m)) == energies[m] for m in order)
            return
        before = self._claimed(device) - self._certified(device)
        self._applied(done)
        for month in order:
            self.measured[device, month] = energies[month]
        for row in done.rows:
            self._take_row(device, row, size)
        after = self._claimed(device) - self._certified(device)
        assert after < size, "a whole certificate was not issued"
        if len(order) == 1:
            self._check_taken_back(device, done.rows[0], before, after)

    def _check_taken_back(self, device, row, before, after):
        """What was certified too much goes back as far as its owner has it, and nothing more."""
        month = MONTHS.index(row.start_s)
        left = any(
            (one.device, one.month, one.owner) == (device, month, OWNERS[device])
            and self._live(serial)
            for serial, one in self.model.items()
        )
        owed = -min(before, 0)
        assert not left or -after <= owed
        if row.withdrawn:
            spans = [s for span in row.withdrawn for s in range(span.first, span.end)]
            assert after < max(self.model[s].size for s in spans)

    def _claimed(self, device):
        return sum(
            wh if self.regime is EU else (wh + MWH // 2) // MWH * MWH
            for (name, _), wh in self.measured.items()
            if name == device
        )

    def _certified(self, device):
        mine = (one for one in self.model.values() if one.device == device)
        return sum(one.size for one in mine if not one.corrected)

    def _take_row(self, device, row, size):
        month = MONTHS.index(row.start_s)
        for span in row.withdrawn:
            for serial in range(span.first, span.end):
                each = self.model[serial]
                assert (each.device, each.month, each.fate) == (device, month, "")
                assert each.owner == OWNERS[device]
                each.fate, each.corrected = "withdrawn", True
        for serial in range(row.first, row.first + row.count):
            assert serial not in self.model
            self.model[serial] = Certificate(device, month, size, OWNERS[device])

    @rule(
        party=st.sampled_from(PARTIES),
        other=st.sampled_from(PARTIES),
        tenths=st.integers(1, 40),
        source=st.sampled_from(["", "solar"]),
    )
    def move_energy(self, party, other, tenths, source):
        wanted = Wanted(holder=party, wh=tenths * MWH // 10, source=source)
        done = transfer(self.register, self._name(), self.at, wanted, other)
        if not isinstance(done, Refused):
            self._applied(done)
            assert self._size(done.spans) == tenths * MWH // 10
            self._move(done.spans, party, other)

    @rule(party=st.sampled_from(PARTIES), other=st.sampled_from(PARTIES), data=st.data())
    def move_serials(self, party, other, data):
        span = self._span(data)
        done = transfer(
            self.register, self._name(), self.at, Wanted(holder=party, spans=(span,)), other
        )
        allowed = party != other and all(
            self._live(serial, moving=True) and self.model[serial].owner == party
            for serial in range(span.first, span.end)
        )
        assert isinstance(done, Refused) != allowed
        if allowed:
            self._applied(done)
            self._move(done.spans, party, other)

    @rule(party=st.sampled_from(PARTIES), data=st.data())
    def use_up(self, party, data):
        span = self._span(data)
        use = Use("bakery", "consumption", MONTHS[0], MONTHS[1])
        done = cancel(
            self.register, self._name(), self.at, Wanted(holder=party, spans=(span,)), use
        )
        allowed = all(
            self._live(serial) and self.model[serial].owner == party
            for serial in range(span.first, span.end)
        )
        assert isinstance(done, Refused) != allowed
        if allowed:
            self._applied(done)
            self._finish(done.spans, "cancelled")

    @rule(data=st.data())
    def take_out(self, data):
        span = self._span(data)
        done = withdraw(self.register, self._name(), self.at, (span,), "issued in error")
        allowed = all(self._live(serial) for serial in range(span.first, span.end))
        assert isinstance(done, Refused) != allowed
        if allowed:
            self._applied(done)
            self._finish(done.spans, "withdrawn")

    @invariant()
    def every_certificate_is_as_in_the_model(self):
        found = {}
        for each in self.register.holdings(self.at):
            for serial in range(each.piece.span.first, each.piece.span.end):
                assert serial not in found
                found[serial] = (
                    each.lot.device.id, each.lot.start_s, each.lot.size_wh,
                    each.piece.owner, each.status,
                )  # fmt: skip
        assert found == {
            serial: (one.device, MONTHS[one.month], one.size, one.owner, self._status(one))
            for serial, one in self.model.items()
        }

    @invariant()
    def no_energy_carries_two_certificates(self):
        """Σ certified ≤ Σ measured, but for what had left its owner before a correction."""
        for device in OWNERS:
            balance = self.register.account(device).balance_wh
            assert self._certified(device) + balance == self._claimed(device)

    @invariant()
    def the_journal_gives_the_same_register(self):
        told = [decoded(canonical(each)) for each in self.register.operations.values()]
        again = folded(told)
        assert list(again.holdings(self.at)) == list(self.register.holdings(self.at))

    @invariant()
    def what_there_was_is_what_became_of_it(self):
        """Opening and flows are closing, in one span and in two, and closing is the model's."""
        begin, end = MONTHS[-1] - DAY, self.at + 1
        whole = stocks(self.register, begin, end)
        assert not any(stock.difference for stock in whole.values())
        left = {}
        for serial, one in self.model.items():
            if self._live(serial):
                key = (one.owner, made(one.device).source)
                left[key] = left.get(key, 0) + one.size
        assert {key: stock.closing for key, stock in whole.items() if stock.closing} == left
        halfway = (begin + end) // 2
        first, second = (
            stocks(self.register, begin, halfway),
            stocks(self.register, halfway, end),
        )
        for key, stock in whole.items():
            parts = [half.get(key, Stock()) for half in (first, second)]
            assert parts[0].closing == parts[1].opening
            for name in ("issued", "received", "given", "cancelled", "withdrawn", "expired"):
                assert getattr(stock, name) == sum(getattr(part, name) for part in parts)
                assert not any(part.difference for part in parts)

    def _applied(self, operation):
        self.register.apply(operation)

    def _name(self):
        return f"op-{len(self.register.operations)}"

    def _span(self, data):
        first = data.draw(st.integers(1, len(self.model) + 2))
        return Span(first, first + data.draw(st.integers(1, 4)))

    def _size(self, spans):
        return sum(self.model[s].size for span in spans for s in range(span.first, span.end))

    def _move(self, spans, party, other):
        for span in spans:
            for serial in range(span.first, span.end):
                one = self.model[serial]
                assert (one.owner, one.fate) == (party, "")
                one.owner = other

    def _finish(self, spans, fate):
        for span in spans:
            for serial in range(span.first, span.end):
                assert self.model[serial].fate == ""
                self.model[serial].fate = fate

    def _status(self, one):
        end = MONTHS[one.month + 1]
        if one.fate:
            return one.fate
        if self.at >= usable_until(self.regime, end, "UTC"):
            return "expired"
        return "locked" if self.at >= tradable_until(self.regime, end, "UTC") else "held"

    def _live(self, serial, moving=False):
        known = serial in self.model and self._status(self.model[serial])
        return known == "held" or (known == "locked" and not moving)


Machine.TestCase.settings = settings(deadline=None, max_examples=60, stateful_step_count=14)
TestMachine = Machine.TestCase
