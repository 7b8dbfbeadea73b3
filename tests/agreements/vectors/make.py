"""Make wallets.json: what eth-account says of agreements drawn at random.

eth-account needs an older pycryptodome than gridpact is locked to, so this runs in an environment
of its own: ``pip install eth-account coincurve msgspec numpy PyYAML tzdata``, then
``PYTHONPATH=src python tests/agreements/vectors/make.py``. The test beside it compares digests,
signatures and addresses with what is kept here; both signers are deterministic (RFC 6979).
"""

import json
import random
from hashlib import sha256
from pathlib import Path

from eth_account import Account
from eth_account.messages import _hash_eip191_message, encode_typed_data

from gridpact.agreements.addresses import checksummed
from gridpact.agreements.documents import Conditions, propose
from gridpact.agreements.files import to_text
from gridpact.agreements.keys import WalletKey
from gridpact.agreements.model import Ending
from gridpact.agreements.typed_data import digest, typed_data
from gridpact.base.slots import Slots
from gridpact.contracts.observables import Const, Series
from gridpact.contracts.terms import sale

SEED = 20260615
CASES = 24
NAMES = ("solar-park", "bakery", "dso", "supplier", "Prosumer_7", "a", "x" * 127)


def drawn(case, before):
    """Return keys, a document and how to end it, all drawn from the case's number."""
    dice = random.Random(f"{SEED}/{case}")  # noqa: S311 - repeatable, not secret
    names = dice.sample(NAMES, dice.randint(2, 5))
    keys = {name: sha256(f"key {case} {name}".encode()).digest() for name in names}
    addresses = {name: WalletKey(key).address for name, key in keys.items()}
    step = dice.choice([300, 900, 1800, 3600, 86_400])
    slots = Slots(dice.randrange(10**5) * 86_400, step, dice.randint(1, 10**5))
    terms = sale(
        Series("load", "Wh"),
        Const(dice.randint(-(10**9), 10**9), "micro/kWh"),
        *names[:2],
        "energy",
        "EUR",
    )
    conditions = Conditions(
        offer_until=slots.start - dice.randrange(slots.start + 1),
        termination_notice_s=dice.choice([-1, 0, 86_400, 2**63 - 1]),
        authority=dice.choice(["", "authority"]),
        amends=before if dice.random() < 0.4 else None,
        version=dice.choice([2, 3, 2**31]) if dice.random() < 0.3 else 0,
    )  # fmt: skip
    document = propose(terms, f"case-{case}", addresses, slots, conditions)
    agreement = document.agreement
    ending = Ending(
        id=agreement.id, version=agreement.version, agreement=digest(agreement), at=slots.end
    )
    return keys, document, ending


def judged(signed, keys):
    """Return what eth-account says of a digest and its signatures, after it checked ours."""
    message = encode_typed_data(full_message=typed_data(signed))
    found = {}
    for name, key in keys.items():
        made = Account.sign_message(message, key)
        ours = WalletKey(key)
        assert Account.recover_message(message, signature=ours.sign(digest(signed))) == (
            Account.from_key(key).address
        )
        assert checksummed(ours.address) == Account.from_key(key).address
        found[name] = "0x" + bytes(made.signature).hex()
    return {
        "typed_data": typed_data(signed),
        "digest": "0x" + bytes(_hash_eip191_message(message)).hex(),
        "signatures": found,
    }


def main():
    cases, before = [], None
    for case in range(CASES):
        keys, document, ending = drawn(case, before)
        before = document.agreement
        cases.append(
            {
                "keys": {name: "0x" + key.hex() for name, key in keys.items()},
                "addresses": {name: Account.from_key(key).address for name, key in keys.items()},
                "document": json.loads(to_text(document)),
                "agreement": judged(document.agreement, keys),
                "ending": judged(ending, keys),
            }
        )
    text = json.dumps(cases, indent=1, sort_keys=True)
    (Path(__file__).parent / "wallets.json").write_text(text + "\n", encoding="ascii")


if __name__ == "__main__":
    main()
