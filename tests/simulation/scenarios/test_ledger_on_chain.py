"""A scenario that says where its ledger is."""

import msgspec
import pytest
import yaml

from gridpact.base.errors import BadInput
from gridpact.simulation.scenarios import load
from gridpact.simulation.scenarios.model import OnChain

PLAIN = {"gridpact": 1, "generate": {"homes": 3}}
WHERE = {"node": "http://localhost:8545", "chain": 4711, "account": "account.key"}


def written(tmp_path, **more):
    path = tmp_path / "lane.yaml"
    path.write_text(yaml.safe_dump({**PLAIN, **more}))
    return path


def test_a_log_is_what_is_kept_unless_a_chain_is_named(tmp_path):
    assert load(written(tmp_path)).on_chain is msgspec.UNSET
    assert load(written(tmp_path, ledger={"kind": "log"})).on_chain is msgspec.UNSET
    found = load(written(tmp_path, ledger={"kind": "evm", **WHERE}))
    assert found.on_chain == OnChain("http://localhost:8545", 4711, "account.key")


def test_everything_that_is_missing_or_does_not_fit_is_told(tmp_path):
    agreed = [{"terms": "a.yaml", "sign": ["home-01"]}]
    with pytest.raises(BadInput) as caught:
        load(written(tmp_path, ledger={"kind": "evm", "node": "http://x:1"}, agreements=agreed))
    told = str(caught.value)
    assert "ledger.chain: is missing" in told
    assert "ledger.account: is missing" in told


@pytest.mark.parametrize("wrong", [{"node": "localhost"}, {"chain": 0}, {"account": ""}])
def test_what_no_node_has_is_refused(tmp_path, wrong):
    with pytest.raises(BadInput, match=f"ledger.{next(iter(wrong))}"):
        load(written(tmp_path, ledger={"kind": "evm", **WHERE, **wrong}))
