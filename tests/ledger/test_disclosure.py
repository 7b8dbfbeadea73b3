"""From a member's own statement to the authority's signature, with nothing but what they hold."""

import numpy as np

from gridpact.ledger import leaves as lv
from gridpact.ledger.chain import check_seal
from gridpact.ledger.entries import canonical
from gridpact.ledger.kinds.roots import RootAnchored
from gridpact.ledger.local import LocalLedger
from gridpact.ledger.merkle import Tree, leaf_hash, verify_inclusion

MEMBERS = [f"m{place}" for place in range(11)]


def test_a_member_traces_a_statement_to_the_signature(authority, some_entries):
    secrets = lv.demonstration_secrets(7, MEMBERS)
    statements = np.arange(11 * 3, dtype=np.int64).reshape(11, 3)
    tree = Tree(map(leaf_hash, lv.leaves("statements", "2026-06", MEMBERS, secrets, statements)))
    anchor = RootAnchored("statements", "community", "2026-06", len(tree), tree.root())
    with LocalLedger(":memory:", authority) as ledger:
        ledger.commit("before", some_entries, 10)
        ledger.commit("statements/2026-06", [*some_entries, anchor], 20)
        ledger.commit("after", some_entries, 30)
        proof, block, path = ledger.prove(8), ledger.block(3), tree.inclusion(5)

    own = lv.encode(lv.LeafBody("statements", "m5", "2026-06", statements[5]))
    leaf = leaf_hash(lv.leaf(lv.salt(secrets["m5"], "statements", "m5", "2026-06"), own))
    assert verify_inclusion(leaf, 5, anchor.count, path, anchor.root)
    assert proof.leaf == leaf_hash(canonical(anchor))
    assert verify_inclusion(proof.leaf, proof.index, proof.size, proof.path, block.tree_root)
    assert block.size == proof.size
    check_seal(block, authority.public)
