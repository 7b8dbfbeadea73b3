import msgspec
import pytest
from eth_account import Account as Signer
from eth_account.messages import encode_typed_data

from gridpact.base.errors import LedgerDamaged, StoreError
from gridpact.contracts.canonical import keccak256
from gridpact.ledger.acts import drafted
from gridpact.ledger.entries import canonical
from gridpact.ledger.evm.artifacts import contract
from gridpact.ledger.evm.batches import packed, unpacked
from gridpact.ledger.evm.following import sealer_of
from gridpact.ledger.evm.node import NodeDown, NodeLies
from gridpact.ledger.evm.outbox import Outbox
from gridpact.ledger.evm.signing import act_message, signed
from gridpact.ledger.evm.words import id_of, operations_hash
from gridpact.ledger.kinds.founding import LedgerFounded
from gridpact.ledger.kinds.money import TokensMinted
from gridpact.ledger.kinds.participants import KeyBound, ParticipantAuthorised
from gridpact.ledger.merkle import Tree, leaf_hash, verify_consistency, verify_inclusion
from gridpact.ledger.port import Receipt, Refused

ADMIT = ParticipantAuthorised("ada", "prosumer")
AT = 1_000


class Around:
    """A node that lies where a test replaces one of its answers."""

    def __init__(self, node, **lies):
        self.node = node
        for name, lie in lies.items():
            setattr(self, name, lie)

    def __getattr__(self, name):
        return getattr(self.node, name)


@pytest.fixture
def begun(lane, chains):
    """Makes an act of auth-a's, on a ledger that it founded."""
    lane.rewind()
    founder = chains.key_of("auth-a")
    names = [("auth-a", founder.public.raw), ("auth-b", chains.key_of("auth-b").public.raw)]
    with lane.ledger() as ledger:
        assert isinstance(
            ledger.commit("found", [LedgerFounded(tuple(names), 1, 300)], AT), Receipt
        )
        genesis = ledger.genesis

    def act(sequence, *entries):
        draft = drafted(("auth-a",), entries, sequence=sequence, at=AT, why="as decided")
        return [signed(draft, genesis, "auth-a", founder, entries), *entries]

    return act


def test_the_root_on_chain_is_that_of_the_entries(lane, begun):
    block = begun(1, ADMIT, ParticipantAuthorised("bob", "dso"))
    with lane.ledger() as ledger:
        receipt = ledger.commit("one", block, AT)
        entries = ledger.entries()
        assert entries[1:] == block
        tree = Tree([leaf_hash(canonical(each)) for each in entries])
        said = lane.node.call(lane.deployed.front, contract("Ledger").data("head"))
        height, size, root, hash_ = contract("Ledger").returned("head", said)
        assert (height, size, root, hash_) == (2, 4, tree.root(), receipt.block_hash)
        assert ledger.verify(ledger.head()) == ledger.head()
        assert sealer_of(ledger.block(2)) == lane.sender("auth-a").account.address
        proof, growth = ledger.prove(2), ledger.prove_growth(1)
        assert verify_inclusion(proof.leaf, 2, 4, proof.path, root)
        assert verify_consistency(1, tree.root(1), 4, root, growth.path)


def test_wallets_show_what_is_signed(lane, begun, chains):
    """The digest is EIP-712's, as eth_account makes it from the types."""
    act, entry = begun(1, ADMIT)
    bytes32 = "bytes32"
    kinds = {
        "signers": bytes32, "sequence": "uint64", "at": "int64",
        "why": bytes32, "digest": bytes32, "operations": bytes32,
    }  # fmt: skip
    domain = {
        "name": "gridpact ledger", "version": "1", "chainId": lane.node.chain,
        "verifyingContract": lane.deployed.front,
    }  # fmt: skip
    message = {
        "signers": keccak256(id_of("auth-a")),
        "sequence": 1, "at": AT, "why": id_of("as decided"), "digest": act.digest,
        "operations": operations_hash([entry]),
    }  # fmt: skip
    types = {"Act": [{"name": name, "type": kind} for name, kind in kinds.items()]}
    made = encode_typed_data(domain, types, message)
    own = Signer.sign_message(made, chains.secret_of("auth-a"))
    with lane.ledger() as ledger:
        digest = act_message(ledger.genesis, act, [entry])
    assert own.message_hash == digest
    assert act.signatures[0][:32] == own.r.to_bytes(32, "big")


def test_a_key_counts_once(lane, begun):
    block, other = begun(1, ADMIT), begun(2, ParticipantAuthorised("bob", "dso"))
    with lane.ledger() as ledger:
        first = ledger.commit("one", block, AT)
        assert ledger.commit("one", block, AT + 50) == first
        assert "was used for other entries, in block 2" in ledger.commit("one", other, AT).reason
        assert ledger.head().height == 2
        assert isinstance(ledger.commit("two", other, AT), Receipt)


def test_what_was_journalled_before_a_crash_is_sent_once(lane, begun):
    """The process ends after the journal, before any node saw the transaction."""
    block, box = begun(1, ADMIT), Outbox(":memory:")
    sender = lane.sender("auth-a")

    def down(_):
        raise NodeDown("gone")

    sender.outbox, sender.node = box, Around(lane.node, send=down)
    with lane.ledger() as ledger, pytest.raises(NodeDown):
        ledger.commit("one", block, AT)
    sender.node = lane.node
    with lane.ledger() as ledger:
        assert ledger.head().height == 1
        known = ledger.kept("one")
        first = ledger.commit("one", block, AT + 5)
        assert known == first
        assert ledger.commit("one", block, AT + 9) == first
        assert (first.height, ledger.head().height, ledger.block(2).at) == (2, 2, AT)


def test_it_goes_on_from_what_was_kept(lane, begun, tmp_path):
    block = begun(1, ADMIT)
    with lane.ledger(storage=tmp_path / "kept.db") as ledger:
        ledger.commit("one", block, AT)
    with lane.ledger(None, storage=tmp_path / "kept.db") as reader:
        assert reader.head().height == 2
        assert reader.state().participants.rows["ada"].roles == ("prosumer",)
        assert reader.verify().size == 3
        assert "for reading" in reader.commit("two", begun(2, ADMIT), AT).reason
    chain = Around(lane.node, chain=5)
    with pytest.raises(StoreError, match="give another"):
        type(reader)(chain, lane.deployed.front, tmp_path / "kept.db")


@pytest.fixture
def told(lane, begun):
    """A ledger of two blocks, and how to open it through a node that lies."""
    with lane.ledger() as ledger:
        ledger.commit("one", begun(1, ADMIT), AT)
        head = ledger.head()

    def through(**lies):
        return type(ledger)(Around(lane.node, **lies), lane.deployed.front)

    return head, through


def changed_batch(transaction, old, new):
    return msgspec.structs.replace(transaction, data=transaction.data.replace(old, new))


def test_a_node_that_shows_another_entry_is_named(lane, told):
    def transaction(hash_):
        return changed_batch(lane.node.transaction(hash_), b'"prosumer"', b'"operator"')

    _, through = told
    words = r"entry 2 \(block 2\): contracts took other words"
    with through(transaction=transaction) as ledger, pytest.raises(LedgerDamaged, match=words):
        ledger.head()


def test_a_node_that_shows_another_root_is_named(lane, told):
    def logs(*asked):
        for log in lane.node.logs(*asked):
            wrong = bytearray(log.data)
            wrong[4 * 32 + 5] ^= 1  # after time, place of the key, first and count
            yield msgspec.structs.replace(log, data=bytes(wrong))

    _, through = told
    words = "block 1: its entries do not give its tree root"
    with through(logs=logs) as ledger, pytest.raises(LedgerDamaged, match=words):
        ledger.verify()


def test_a_node_that_hides_blocks_is_found(lane, told):
    def logs(*asked):
        return iter(list(lane.node.logs(*asked))[:1])

    head, through = told
    with through(logs=logs) as ledger:
        assert ledger.head().height == 1
        with pytest.raises(LedgerDamaged, match="cut short: block 1 is last, 2 was seen"):
            ledger.verify(head)
        with pytest.raises(NodeLies, match="the contract says block 2"):
            ledger.verify()


def test_a_node_that_tells_of_another_sealer_is_found(lane, told):
    def transaction(hash_):
        return msgspec.structs.replace(lane.node.transaction(hash_), sender=bytes(20))

    _, through = told
    words = "block 1: its event is not that"
    with through(transaction=transaction) as ledger, pytest.raises(LedgerDamaged, match=words):
        ledger.head()


def test_what_was_final_must_stay(lane, begun, tmp_path):
    with lane.ledger(storage=tmp_path / "kept.db") as ledger:
        ledger.commit("one", begun(1, ADMIT), AT)
    lane.rewind()
    words = "block 2 was final and is not on the chain"
    kept = lane.ledger(storage=tmp_path / "kept.db")
    with kept, pytest.raises(LedgerDamaged, match=words):
        kept.head()


def test_an_authority_that_writes_other_words_than_bodies_is_found(lane, begun, chains):
    """Contracts see words alone; whoever reads the bodies sees both."""
    says, does = ParticipantAuthorised("ada", "dso"), ParticipantAuthorised("ada", "operator")
    key = chains.key_of("auth-a")
    act = drafted(("auth-a",), [says], sequence=1, at=AT, why="as decided")
    with lane.ledger() as ledger:
        act = signed(act, ledger.genesis, "auth-a", key, [does])
        pieces = [*unpacked(packed([act, does]))]
    body = canonical(says)
    batch = (
        packed([act]) + len(body).to_bytes(3, "big") + len(pieces[1][1].words).to_bytes(3, "big")
    )
    batch += b"\0" + body + bytes([pieces[1][1].kind]) + pieces[1][1].words
    data = contract("Ledger").data("commit", b"crooked", AT, batch)
    assert lane.sender("auth-a").run("crooked", lane.deployed.front, data, 5_000_000).ok
    with (
        lane.ledger() as ledger,
        pytest.raises(LedgerDamaged, match=r"entry 2 \(block 2\): contracts"),
    ):
        ledger.state()


def test_what_a_chain_cannot_take_is_refused_before(lane, begun):
    many = [ParticipantAuthorised(f"p{number}", "prosumer") for number in range(129)]
    with lane.ledger() as ledger:
        said = ledger.commit("many", begun(1, *many), AT)
        assert isinstance(said, Refused)
        assert [each.where for each in said.faults] == ["act.count"]
        said = ledger.commit("key", begun(1, KeyBound("ada", bytes(range(32)))), AT)
        assert [each.where for each in said.faults] == ["key_bound.key"]
        long = [ParticipantAuthorised("p" + "x" * 50 + str(n), "prosumer") for n in range(120)]
        said = ledger.commit("long", begun(1, *long), AT)
        assert [each.where for each in said.faults] == ["size"]
        assert ledger.rehearse("one", begun(1, ADMIT), AT) is None
        mint = TokensMinted("eur", "ada", 1, "d")
        assert "is not for auth-a" in ledger.rehearse("one", begun(1, mint), AT).reason
