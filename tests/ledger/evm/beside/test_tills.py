"""Tills: what is refused, and what is on disk before it counts. No chain is asked."""

from itertools import pairwise

import pytest
from eth_account import Account
from eth_account.messages import encode_typed_data
from hypothesis import given, settings
from hypothesis import strategies as st

from gridpact.agreements.keys import WalletKey
from gridpact.base.errors import BadInput, JournalDamaged, StoreError
from gridpact.ledger.evm.channel_journal import Journal
from gridpact.ledger.evm.channels import NAME, Channel, Declined, Signed, Update
from gridpact.ledger.evm.tills import Till
from gridpact.ledger.evm.typed import Domain

KEYS = [WalletKey(bytes([number]) * 32) for number in (1, 2, 3)]
DOMAIN = Domain(NAME, 1_337, b"\x11" * 20)
IDS = [bytes([number]) * 32 for number in range(5)]
CHANNEL = Channel(IDS[1], IDS[2], KEYS[0].address, KEYS[1].address, IDS[3], 60, 40, 600, IDS[0])
OTHER = Channel(IDS[1], IDS[2], KEYS[0].address, KEYS[1].address, IDS[3], 60, 40, 600, IDS[4])


@pytest.fixture
def tills(tmp_path):
    found = [Till(tmp_path / f"{at}", KEYS[at], DOMAIN) for at in (0, 1)]
    for till in found:
        till.open(CHANNEL)
        till.open(CHANNEL)  # a second time changes nothing
    yield found
    for till in found:
        till.close()


def signed(update, key=KEYS[0], domain=DOMAIN):
    return Signed(update, key.sign(update.digest(domain.separator)))


def test_what_is_signed_is_what_a_wallet_would_sign():
    """Against eth-account, on its own reading of the types."""
    update = Update(CHANNEL.id, 7, 50, 50)
    kinds = [("channel", "bytes32"), ("sequence", "uint64")]
    kinds += [("first", "uint256"), ("second", "uint256")]
    document = {
        "domain": {
            "name": NAME,
            "version": "1",
            "chainId": DOMAIN.chain,
            "verifyingContract": "0x" + DOMAIN.contract.hex(),
        },
        "primaryType": "Update",
        "types": {
            "EIP712Domain": [
                {"name": "name", "type": "string"},
                {"name": "version", "type": "string"},
                {"name": "chainId", "type": "uint256"},
                {"name": "verifyingContract", "type": "address"},
            ],
            "Update": [{"name": name, "type": kind} for name, kind in kinds],
        },
        "message": dict(zip(update._fields, update, strict=True)),
    }
    theirs = Account.sign_message(encode_typed_data(full_message=document), b"\x01" * 32)
    assert signed(update).signature == theirs.signature


def test_what_one_pays_the_other_has(tills):
    one, other = tills
    for units in (10, 20, 30):
        (made,) = one.pay({CHANNEL.id: units})
        assert other.receive([made]) == [made]
    assert (one.balance(CHANNEL.id), other.balance(CHANNEL.id)) == (0, 100)
    assert one.pay({CHANNEL.id: 1}) == [Declined(CHANNEL.id, "has 0 units left, not 1")]
    (back,) = other.pay({CHANNEL.id: 100})
    assert one.receive([back]) == [back]
    assert one.latest(CHANNEL.id) == Update(CHANNEL.id, 4, 100, 0)
    assert (one.shown(CHANNEL.id), other.shown(CHANNEL.id)) == (back, made)
    assert other.given(CHANNEL.id) == back


@pytest.mark.parametrize(
    ("given_", "reason"),
    [
        (signed(Update(CHANNEL.id, 5, 50, 50)), "number 5 is not above 5"),
        (signed(Update(CHANNEL.id, 4, 40, 60)), "number 4 is not above 5"),
        (signed(Update(CHANNEL.id, 6, 50, 51)), "not the 100 that were paid in"),
        (signed(Update(CHANNEL.id, 6, 0, 101)), "not the 100 that were paid in"),
        (Signed(Update(CHANNEL.id, 6, -1, 101), bytes(65)), "not the 100 that were paid in"),
        (signed(Update(CHANNEL.id, 6, 56, 44)), "it leaves 44 units of 45"),
        (signed(Update(OTHER.id, 6, 50, 50)), "is no channel of this till"),
        (signed(Update(CHANNEL.id, 6, 50, 50), KEYS[1]), "not signed by the other"),
        (signed(Update(CHANNEL.id, 6, 50, 50), KEYS[2]), "not signed by the other"),
        (signed(Update(CHANNEL.id, 6, 50, 50), KEYS[0], Domain(NAME, 1, b"\x11" * 20)), "signed"),
        (signed(Update(CHANNEL.id, 6, 50, 50), KEYS[0], Domain(NAME, 1_337, b"\x12" * 20)), "sig"),
        (Signed(Update(CHANNEL.id, 6, 50, 50), bytes(65)), "not signed by the other"),
        (Signed(Update(CHANNEL.id, 6, 50, 50), b""), "not signed by the other"),
    ],
)
def test_what_is_no_payment_is_declined_and_changes_nothing(tills, given_, reason):
    one, other = tills
    for _ in range(5):
        other.receive(one.pay({CHANNEL.id: 1}))
    before = other.latest(CHANNEL.id), other.shown(CHANNEL.id)
    (found,) = other.receive([given_])
    assert isinstance(found, Declined)
    assert reason in found.reason
    assert (other.latest(CHANNEL.id), other.shown(CHANNEL.id)) == before


def test_a_signature_that_the_contract_would_not_take_is_declined(tills):
    """The contract finds the key from v too, and takes the lower s alone."""
    from gridpact.agreements.addresses import ORDER

    one, other = tills
    (right,) = one.pay({CHANNEL.id: 1})
    r, s, v = right.signature[:32], right.signature[32:64], right.signature[64]
    high = (ORDER - int.from_bytes(s, "big")).to_bytes(32, "big")
    for wrong in (r + s + bytes([55 - v]), r + high + bytes([55 - v]), r + s + b"\x00"):
        assert isinstance(other.receive([right._replace(signature=wrong)])[0], Declined)
    assert other.receive([right]) == [right]


def test_payments_over_many_channels_are_all_made_or_none(tills):
    one, _ = tills
    one.open(OTHER)
    assert len(one.pay({CHANNEL.id: 5, OTHER.id: 61})) == 1
    assert one.pay({IDS[0]: 1}) == [Declined(IDS[0], "is no channel of this till")]
    assert one.pay({CHANNEL.id: 0}) == [Declined(CHANNEL.id, "0 units are no payment")]
    assert one.balance(CHANNEL.id) == one.balance(OTHER.id) == 60
    assert len(one.pay({CHANNEL.id: 5, OTHER.id: 60})) == 2


def test_of_updates_that_come_together_each_is_held_against_the_one_before(tills):
    one, other = tills
    made = [one.pay({CHANNEL.id: 1})[0] for _ in range(3)]
    found = other.receive([made[0], made[2], made[1], made[2]])
    assert found[:2] == [made[0], made[2]]
    assert [isinstance(each, Declined) for each in found[2:]] == [True, True]


def test_an_update_is_on_disk_before_it_is_given_and_before_it_counts(tills, monkeypatch):
    one, other = tills
    (made,) = one.pay({CHANNEL.id: 1})
    kept = []

    def full(self, records):
        kept.extend(records)
        raise StoreError("disk full")

    monkeypatch.setattr(Journal, "keep", full)
    with pytest.raises(StoreError):
        one.pay({CHANNEL.id: 1})
    with pytest.raises(StoreError):
        other.receive([made])
    assert [record.letter for record in kept] == [b"G", b"T"]
    assert (one.balance(CHANNEL.id), other.balance(CHANNEL.id)) == (59, 40)


def test_after_a_crash_everything_given_and_taken_still_stands(tmp_path):
    """Cut the journal at every byte: what stands is what whole records say, in their order."""
    path = tmp_path / "till"
    till = Till(path, KEYS[0], DOMAIN)
    till.open(CHANNEL)
    ends = [(path.stat().st_size, CHANNEL.begun())]
    for units in (1, 2):
        till.pay({CHANNEL.id: units})
        ends.append((path.stat().st_size, till.latest(CHANNEL.id)))
    till.receive([signed(Update(CHANNEL.id, 9, 80, 20), KEYS[1])])
    ends.append((path.stat().st_size, till.latest(CHANNEL.id)))
    given_ = till.given(CHANNEL.id)
    till.close()
    whole, cut = path.read_bytes(), tmp_path / "cut"
    for (_, before), (end, after) in pairwise(ends):
        for length, expected in ((end - 1, before), (end - 60, before), (end, after)):
            cut.write_bytes(whole[:length])
            again = Till(cut, KEYS[0], DOMAIN)
            assert again.latest(CHANNEL.id) == expected
            again.close()
    again = Till(path, KEYS[0], DOMAIN)
    assert again.given(CHANNEL.id) == given_
    (more,) = again.pay({CHANNEL.id: 1})
    assert more.update == Update(CHANNEL.id, 10, 79, 21)
    again.close()


@settings(max_examples=40)
@given(place=st.floats(0, 1, exclude_max=True), change=st.integers(1, 255))
def test_a_journal_that_was_changed_is_refused(tmp_path_factory, place, change):
    path = tmp_path_factory.mktemp("till") / "till"
    till = Till(path, KEYS[0], DOMAIN)
    till.open(CHANNEL)
    till.pay({CHANNEL.id: 1})
    till.close()
    data = bytearray(path.read_bytes())
    data[int(place * len(data))] ^= change
    path.write_bytes(data)
    with pytest.raises(JournalDamaged):
        Till(path, KEYS[0], DOMAIN)
    assert path.read_bytes() == data


def test_anothers_journal_is_refused(tmp_path, tills):
    tills[0].close()
    with pytest.raises(JournalDamaged, match="not of this key"):
        Till(tmp_path / "0", KEYS[2], DOMAIN)


def test_terms_that_the_contract_would_not_take_are_refused_with_every_fault(tmp_path):
    wrong = Channel(b"", IDS[2], KEYS[0].address, KEYS[0].address, IDS[3], -1, 0, 5, b"x")
    till = Till(tmp_path / "till", KEYS[2], DOMAIN)
    with pytest.raises(BadInput) as error:
        till.open(wrong)
    till.close()
    assert len(error.value.faults) == 6
