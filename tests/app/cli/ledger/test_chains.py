"""Ledgers that are to be on a chain whose node does not answer."""

NOWHERE = "http://127.0.0.1:9"


def test_a_run_whose_ledger_was_not_deployed_goes_on_with_no_other(lane, tmp_path):
    assert lane("contract key new w.key")[0] == 0
    (tmp_path / "day.yaml").write_text(
        "gridpact: 1\ngenerate: {homes: 2, pv_percent: 50}\n"
        f"ledger: {{kind: evm, node: '{NOWHERE}', chain: 7, account: w.key}}\n"
    )
    for line in ("run day.yaml --out day", "run --resume day"):
        code, _, err = lane(line)
        assert (code, f"node {NOWHERE} does not answer" in err) == (3, True)
    assert sorted(path.name for path in (tmp_path / "day").iterdir()) == [
        ".lock",
        "run.json",
        "scenario.yaml",
    ]


def test_a_ledger_that_cannot_be_deployed_leaves_no_folder(lane, tmp_path):
    assert lane("contract key new w.key")[0] == 0
    where = f"--node {NOWHERE} --chain 7 --as a=w.key"
    code, _, err = lane(f"ledger deploy far --name far {where}")
    assert (code, f"node {NOWHERE} does not answer" in err) == (3, True)
    assert lane(f"ledger deploy far --name far {where} --finality maybe")[0] == 2
    assert not (tmp_path / "far").exists()
