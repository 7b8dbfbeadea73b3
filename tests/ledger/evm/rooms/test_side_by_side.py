"""Random blocks go to the rules in Python and to the contracts; both take or refuse alike.

The front contract is called at once, so nothing that Python refuses is kept from it.
"""

import importlib.util
from pathlib import Path

import hypothesis.strategies as st
import msgspec
import pytest
from hypothesis import settings
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    rule,
    run_state_machine_as_test,
)

from gridpact.contracts.canonical import keccak256
from gridpact.ledger.evm.signing import SCHEME, demonstration_key
from gridpact.ledger.kinds import (
    assets,
    certificates,
    founding,
    money,
    participants,
    patches,
    roots,
    terms,
)
from gridpact.ledger.state.admission import Admission
from gridpact.ledger.state.rights import RIGHTS
from gridpact.ledger.state.snapshot import TABLES, frozen, thawed

_PLACE = Path(__file__).with_name("reading.py")
_SPEC = importlib.util.spec_from_file_location("gridpact_test_reading", _PLACE)
READING = importlib.util.module_from_spec(_SPEC)
_SPEC.loader.exec_module(READING)

PEOPLE = ("ada", "bob", "cyd")
WALLETS = {name: demonstration_key(23, name).wallet for name in PEOPLE}
FORMS = [keccak256(word) for word in (b"forward", b"option")]
HASH = [bytes([number] * 32) for number in (1, 2)]
somebody = st.sampled_from((*PEOPLE * 4, "lane", "auth-c", "eve"))
person = st.sampled_from(PEOPLE)
role = st.sampled_from(("prosumer", "operator", "inspector", "dso", "issuer"))
amount = st.sampled_from((*(1, 2, 5, 40, 100) * 4, 0, -1, 2**63 - 1, 2**63))
name = st.sampled_from([f"n{number}" for number in range(1, 7)])
token = st.sampled_from(("eur", "kwh"))
period = st.sampled_from(("2026", "2026-03", "2026-03-01", "2026-04-02", "2026-030"))
digest = st.sampled_from(HASH)
instant = st.sampled_from((0, 5, -(2**63) + 1, 2**63 - 1))


@st.composite
def positions(draw):
    who = draw(st.lists(person, min_size=1, max_size=3, unique=True))
    paid = [draw(st.integers(-30, 30)) for _ in who]
    if draw(st.integers(0, 4)) < 4:  # mostly to zero
        paid[-1] -= sum(paid)
    return tuple(sorted(zip(who, paid, strict=True)))


@st.composite
def committed(draw):
    parties = sorted(draw(st.lists(person, min_size=2, max_size=2, unique=True)))
    form, signed = draw(st.sampled_from(FORMS)), draw(digest)
    by = parties if draw(st.integers(0, 4)) < 4 else parties[::-1]
    rows = tuple((each, WALLETS[hand].sign(signed)) for each, hand in zip(parties, by, strict=True))
    return terms.AgreementCommitted(
        draw(name), draw(st.sampled_from((1, 1, 1, 2))), form, HASH[0], signed, rows
    )


def key_of(who):
    return demonstration_key(23, who).public.raw


KINDS = {
    founding.AuthorityAdded: (
        st.sampled_from(("auth-d", "auth-a", "ada")),
        st.sampled_from((key_of("auth-d"), key_of("auth-a"), bytes(32), HASH[0])),
    ),
    founding.AuthorityRemoved: (st.sampled_from(("auth-c", "auth-d", "ada")),),
    founding.QuorumSet: (st.sampled_from((1, 2, 3, 4, 0)),),
    participants.ParticipantAuthorised: (somebody, role),
    participants.RoleWithdrawn: (person, role),
    participants.ParticipantSuspended: (somebody,),
    participants.ParticipantReinstated: (person,),
    participants.ParticipantBarred: (somebody,),
    participants.KeyBound: (somebody, st.sampled_from((key_of("ada"), bytes(32), HASH[0]))),
    participants.WalletBound: (somebody, st.sampled_from([w.address for w in WALLETS.values()])),
    participants.SubjectErased: (somebody,),
    assets.AssetAttested: (name, somebody, name, digest, instant),
    assets.AttestationEnded: (name, digest, name),
    terms.FormCertified: (st.sampled_from(FORMS), name),
    terms.FormWithdrawn: (st.sampled_from(FORMS),),
    terms.TermsCommitted: (name, st.sampled_from((0, 3)), digest),
    terms.AgreementSigned: (name, st.just(1), digest, digest),
    terms.AgreementEnded: (name, instant, name),
    roots.RootAnchored: (
        st.sampled_from(roots.ANCHORED), somebody, period, st.sampled_from((0, 3)), digest,
    ),
    roots.PeriodClosed: (somebody, period),
    money.NetSettled: (period, st.just("EUR"), positions()),
    money.TokensMinted: (token, somebody, amount, name),
    money.TokensBurnt: (token, somebody, amount, name),
    money.TokensTransferred: (token, somebody, somebody, amount),
    certificates.CertificateIssued: (name, name, somebody, period, name, amount),
    certificates.CertificateTransferred: (name, somebody, somebody, amount),
    certificates.CertificateCancelled: (name, somebody, amount, name),
    certificates.CertificateExpired: (name, somebody, amount),
    certificates.CertificateWithdrawn: (name, somebody, amount),
    patches.PatchProposed: (name, digest),
    patches.PatchApproved: (name, st.sampled_from(patches.STEPS)),
    patches.PatchActivated: (name,),
    patches.PatchUndone: (name,),
}  # fmt: skip
ENTRIES = {kind: st.builds(kind, *fields) for kind, fields in KINDS.items()}
ENTRIES[terms.AgreementCommitted] = committed()
_LIKELY = (
    money.TokensMinted, money.TokensTransferred, certificates.CertificateIssued,
    certificates.CertificateTransferred, certificates.CertificateCancelled, terms.FormCertified,
    terms.AgreementCommitted, money.NetSettled, money.TokensBurnt,
)  # fmt: skip
KIND = st.one_of(st.sampled_from(_LIKELY), st.sampled_from(tuple(ENTRIES)))
SIGNERS = ("auth-a", "lane", "ada", "bob", "auth-c", "eve")


def fitting(kind):
    """Signers who may mostly do it."""
    right = RIGHTS[kind]
    if right.quorum:
        return ("auth-a", "auth-b")
    return ("auth-a",) if right.authority else ("lane",)


class SideBySide(RuleBasedStateMachine):
    twin = empty = None  # set by the tests below

    @initialize()
    def begin(self):
        twin, (snapshot, state, blocks) = self.twin, type(self).empty
        twin.chain.tester.revert_to_snapshot(snapshot)
        type(self).empty = twin.chain.tester.take_snapshot(), state, blocks
        twin.admission = Admission(twin.genesis, thawed(state), SCHEME)
        twin.blocks, self.before = blocks, rows_of(twin.state)

    @rule(data=st.data())
    def offer(self, data):
        """Offer an act over one to three entries, now and then by others than may."""
        kind = data.draw(KIND)
        entries = data.draw(st.lists(ENTRIES[kind], min_size=1, max_size=1 + (kind in _LIKELY)))
        if data.draw(st.integers(0, 5)) == 5:
            entries.append(data.draw(ENTRIES[data.draw(KIND)]))
        by = fitting(kind)
        if data.draw(st.integers(0, 5)) == 5:
            by = tuple(data.draw(st.lists(st.sampled_from(SIGNERS), min_size=1, max_size=2)))
        self.twin.do(by, *entries)

    @rule(data=st.data(), apart=st.sampled_from((0, 300, -300, 301, -301)))
    def offer_otherwise(self, data, apart):
        """Offer an act of another time, or one that was changed after it was signed."""
        entry = data.draw(ENTRIES[money.TokensMinted])
        act, entry = self.twin.act("lane", entry, at=1_000_000 + apart)
        changes = ({}, {"sequence": act.sequence + 1}, {"digest": HASH[0]}, {"why": "another"})
        changed = data.draw(st.sampled_from(changes))
        self.twin.hand_in(msgspec.structs.replace(act, **changed), entry)

    @invariant()
    def tells_the_same_state(self):
        """Rows that changed are on the chain as they are here."""
        now = rows_of(self.twin.state)
        changed = {place for place, row in now.items() if self.before.get(place) != row}
        changed |= self.before.keys() - now.keys()
        self.before = now
        assert list(READING.differences(self.ask, self.twin.state, changed)) == []

    def teardown(self):
        """All rows are, also those that nothing has changed."""
        everything = rows_of(self.twin.state)
        assert list(READING.differences(self.ask, self.twin.state, everything)) == []
        _, size, _, _ = self.ask("Ledger", "head")
        assert size == self.twin.state.size

    def ask(self, room, function, *arguments):
        to = self.twin.chain.front if room == "Ledger" else None
        return self.twin.chain.ask(room, function, *arguments, to=to)


def rows_of(state):
    return {(name, key): row for name in TABLES for key, row in getattr(state, name).rows.items()}


def side_by_side(twin, examples, steps):
    minted = [money.TokensMinted("eur", each, 500, f"start/{each}") for each in PEOPLE]
    issued = [certificates.CertificateIssued("n1", "roof", "ada", "2025", "solar", 900)]
    certified = [terms.FormCertified(form, "form") for form in FORMS]
    assert twin.do("lane", *minted) == twin.do("auth-a", *issued, *certified) == ""
    SideBySide.twin = twin
    SideBySide.empty = twin.chain.tester.take_snapshot(), frozen(twin.state), twin.blocks
    how = settings(deadline=None, max_examples=examples, stateful_step_count=steps)
    run_state_machine_as_test(SideBySide, settings=how)


def test_contracts_take_and_refuse_what_the_rules_do(twin):
    side_by_side(twin, 5, 10)


@pytest.mark.slow
def test_contracts_take_and_refuse_what_the_rules_do_for_long(twin):
    side_by_side(twin, 5, 60)


def test_every_kind_is_offered():
    assert set(ENTRIES) == set(RIGHTS)
