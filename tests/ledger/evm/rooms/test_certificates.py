"""Certificates: each rule as in Python (state/holdings.py), read by ERC-1155 and ERC-1888."""

import functools
import operator
import re
from pathlib import Path

from eth_abi import encode
from eth_utils import keccak, to_checksum_address

import gridpact.ledger.evm
from gridpact.ledger.evm.signing import demonstration_key
from gridpact.ledger.evm.words import id_of
from gridpact.ledger.kinds.certificates import (
    CertificateCancelled,
    CertificateExpired,
    CertificateIssued,
    CertificateTransferred,
    CertificateWithdrawn,
)
from gridpact.ledger.kinds.participants import (
    ParticipantAuthorised,
    ParticipantSuspended,
    WalletBound,
)

GO = CertificateIssued("go/1", "roof-1", "ada", "2026-06", "solar", 1000)
ID = int.from_bytes(id_of("go/1"), "big")
ERC1155 = (
    "safeTransferFrom(address,address,uint256,uint256,bytes)",
    "safeBatchTransferFrom(address,address,uint256[],uint256[],bytes)",
    "balanceOf(address,uint256)",
    "balanceOfBatch(address[],uint256[])",
    "setApprovalForAll(address,bool)",
    "isApprovedForAll(address,address)",
)
ERC1888 = (
    "issue(address,bytes,uint256,uint256,bytes)",
    "batchIssue(address,bytes[],uint256[],uint256[],bytes[])",
    "safeTransferAndClaimFrom(address,address,uint256,uint256,bytes,bytes)",
    "safeBatchTransferAndClaimFrom(address,address,uint256[],uint256[],bytes,bytes[])",
    "claimedBalanceOf(address,uint256)",
    "claimedBalanceOfBatch(address[],uint256[])",
    "getCertificate(uint256)",
)


def wallet(name):
    return "0x" + demonstration_key(23, name).address.hex()


def shown(twin, *names):
    return [twin.ask("Certificates", "balanceOf", wallet(name), ID) for name in names]


def transfers(twin):
    return [
        (values["_from"], values["_to"], values["_value"])
        for name, values in twin.chain.events(twin.latest, "Certificates")
        if name == "TransferSingle"
    ]


def test_a_certificate_is_issued_moved_and_ended_and_wallets_see_it(twin):
    nobody = "0x" + "00" * 20
    assert twin.do("auth-a", GO) == ""
    assert transfers(twin) == [(nobody, wallet("ada"), 1000)]
    assert twin.do("ada", CertificateTransferred("go/1", "ada", "bob", 300)) == ""
    assert transfers(twin) == [(wallet("ada"), wallet("bob"), 300)]
    assert shown(twin, "ada", "bob") == [700, 300]
    assert twin.do("bob", CertificateCancelled("go/1", "bob", 100, "2026-06")) == ""
    assert transfers(twin) == [(wallet("bob"), nobody, 100)]
    assert twin.do("auth-b", CertificateExpired("go/1", "bob", 200)) == ""
    assert twin.do("auth-b", CertificateWithdrawn("go/1", "ada", 50)) == ""
    assert shown(twin, "ada", "bob") == [650, 0]
    assert twin.ask("Certificates", "issued", id_of("go/1"))[4:] == (1000, 350)
    claimed = [
        twin.ask("Certificates", "claimedBalanceOf", wallet(name), ID) for name in ("ada", "bob")
    ]
    assert claimed == [0, 100]
    assert twin.ask("Certificates", "total") == 650
    assert twin.ask("Certificates", "rows") == 3  # an issue, a holding, a claim


REFUSED = [
    ("lane", CertificateIssued("go/2", "roof-2", "ada", "2026", "wind", 1), "not for you"),
    ("auth-a", CertificateIssued("go/1", "roof-2", "ada", "2026", "wind", 1), "taken"),
    ("auth-a", CertificateIssued("go/2", "roof-1", "bob", "2026-06", "wind", 1), "certified"),
    ("auth-a", CertificateIssued("go/2", "roof-2", "zoe", "2026", "wind", 1), "may not act"),
    ("auth-a", CertificateIssued("go/2", "roof-2", "ada", "2026", "wind", 0), "energy"),
    ("bob", CertificateTransferred("go/1", "ada", "bob", 1), "not for you"),
    ("auth-a", CertificateTransferred("go/1", "ada", "bob", 1), "not for you"),
    ("ada", CertificateTransferred("go/1", "ada", "bob", 1001), "too little"),
    ("ada", CertificateTransferred("go/2", "ada", "bob", 1), "never issued"),
    ("ada", CertificateTransferred("go/1", "ada", "zoe", 1), "may not act"),
    ("ada", CertificateTransferred("go/1", "ada", "bob", 0), "too little"),
    ("bob", CertificateCancelled("go/1", "ada", 1, "x"), "not for you"),
    ("bob", CertificateCancelled("go/1", "bob", 1, "x"), "too little"),
    ("auth-a", CertificateCancelled("go/1", "ada", 1, "x"), "not for you"),
    ("ada", CertificateExpired("go/1", "ada", 1), "not for you"),
    ("lane", CertificateWithdrawn("go/1", "ada", 1), "not for you"),
    ("auth-a", CertificateWithdrawn("go/1", "ada", 1001), "too little"),
    ("auth-a", CertificateExpired("go/2", "ada", 1), "never issued"),
]


def test_what_python_refuses_the_contract_refuses(twin):
    assert twin.do("auth-a", GO) == ""
    for by, entry, why in REFUSED:
        assert why in twin.do(by, entry), (by, entry)


def test_who_may_is_as_in_python(twin):
    assert twin.do("auth-a", ParticipantAuthorised("bob", "issuer")) == ""
    assert twin.do("bob", GO) == ""
    assert twin.do("lane", CertificateTransferred("go/1", "ada", "ada", 1000)) == ""
    assert twin.do("lane", CertificateTransferred("go/1", "ada", "bob", 400)) == ""
    assert twin.do("auth-a", ParticipantSuspended("ada")) == ""
    assert "may not act" in twin.do("lane", CertificateTransferred("go/1", "ada", "bob", 1))
    assert twin.do("lane", CertificateCancelled("go/1", "ada", 600, "2026")) == ""
    assert twin.do("bob", CertificateExpired("go/1", "bob", 400)) == ""
    assert not twin.ask("Certificates", "valid", ID)
    assert [twin.ask("Certificates", "holds", id_of(each)) for each in ("ada", "bob")] == [
        False
    ] * 2


def test_balances_follow_to_another_wallet_and_events_add_up(twin):
    other = demonstration_key(23, "ada's second")
    twin.do("auth-a", GO)
    assert twin.do("ada", WalletBound("ada", other.address)) == ""
    assert shown(twin, "ada") == [1000]
    # anybody may have it shown where it belongs; it is told as a transfer
    receipt = twin.chain.must(
        twin.chain.rooms["Certificates"],
        "Certificates",
        "rehome",
        id_of("go/1"),
        id_of("ada"),
        by=3,
    )
    ((name, values),) = twin.chain.events(receipt, "Certificates")
    moved = ("0x" + other.address.hex(), wallet("ada"), 1000)
    assert (name, values["_to"], values["_from"], values["_value"]) == ("TransferSingle", *moved)
    assert shown(twin, "ada", "ada's second") == [0, 1000]
    # and a change of what is held does it by itself
    twin.do("ada", WalletBound("ada", demonstration_key(23, "ada").address))
    twin.do("ada", CertificateTransferred("go/1", "ada", "bob", 300))
    assert shown(twin, "ada", "ada's second", "bob") == [700, 0, 300]


def test_who_has_no_wallet_is_shown_under_the_end_of_the_id(twin):
    twin.join("dee", "prosumer")
    twin.do("auth-a", CertificateIssued("go/1", "roof", "dee", "2026", "wind", 5))
    account = "0x" + id_of("dee")[-20:].hex()
    assert twin.ask("Certificates", "balanceOf", account, ID) == 5


def test_two_who_share_a_wallet_are_shown_together(twin):
    twin.do("auth-a", GO, WalletBound("bob", demonstration_key(23, "ada").address))
    twin.do("ada", CertificateTransferred("go/1", "ada", "bob", 400))
    assert shown(twin, "ada") == [1000]
    assert twin.ask("Certificates", "holding", id_of("go/1"), id_of("bob"))[0] == 400


def identifier(functions):
    """Interface id as ERC-165 has it: all selectors, exclusive or."""
    selectors = [int.from_bytes(keccak(text=each)[:4], "big") for each in functions]
    return functools.reduce(operator.xor, selectors).to_bytes(4, "big")


def test_interfaces_are_told_by_the_ids_of_the_standards(twin):
    assert identifier(ERC1155).hex() == "d9b67a26"  # as ERC-1155 states
    assert identifier(["supportsInterface(bytes4)"]).hex() == "01ffc9a7"  # as ERC-165 states
    for supported in (ERC1155, ERC1888, ["supportsInterface(bytes4)"]):
        assert twin.ask("Certificates", "supportsInterface", identifier(supported))
    for other in ("ffffffff", "80ac58cd", "00000000"):
        assert not twin.ask("Certificates", "supportsInterface", bytes.fromhex(other))


def test_what_the_standards_ask_is_answered(twin):
    twin.do("auth-a", GO)
    twin.do("ada", CertificateCancelled("go/1", "ada", 100, "2026-06"))
    room, ask = twin.chain.rooms["Certificates"], twin.ask
    ((_, claim),) = [
        each for each in twin.chain.events(twin.latest, "Certificates") if each[0] == "ClaimSingle"
    ]
    assert (claim["_claimSubject"], claim["_value"]) == (wallet("ada"), 100)
    assert claim["_claimData"] == id_of("2026-06")
    pairs = [wallet("ada"), wallet("bob")], [ID, ID]
    assert ask("Certificates", "balanceOfBatch", *pairs) == (900, 0)
    assert ask("Certificates", "claimedBalanceOfBatch", *pairs) == (100, 0)
    assert not ask("Certificates", "isApprovedForAll", wallet("ada"), wallet("bob"))
    issuer, topic, call, data = ask("Certificates", "getCertificate", ID)
    assert issuer == wallet("auth-a") == to_checksum_address(issuer).lower()
    assert topic == int.from_bytes(id_of("solar"), "big")
    assert data == id_of("roof-1") + id_of("2026-06") + id_of("solar")
    assert twin.chain.call(room, call) == encode(["bool"], [True])


ARGUMENTS = {
    "address": "0x" + "11" * 20,
    "uint256": 1,
    "bytes": b"x" * 40,
    "bool": True,
    "uint256[]": [1, 2],
    "bytes[]": [b"x", b"y"],
}
READ = ("balanceOf", "isApproved", "claimed", "getCertificate")


def test_a_wallet_is_told_that_moves_are_acts(twin):
    header = Path(gridpact.ledger.evm.__file__).parent / "contracts" / "Certificates.vy"
    said = header.read_text().partition('"""\nimport')[0]
    twin.do("auth-a", GO)
    for function in (*ERC1155, *ERC1888):
        if function.startswith(READ):
            continue
        types = re.findall(r"[a-z0-9]+(?:\[\])?", function.partition("(")[2])
        data = keccak(text=function)[:4] + encode(types, [ARGUMENTS[each] for each in types])
        found = twin.chain.why(twin.chain.rooms["Certificates"], data, by=2)
        assert "moves are acts" in found, function
        assert function.partition("(")[0] in said
