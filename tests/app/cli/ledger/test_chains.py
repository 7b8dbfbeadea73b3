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


def test_a_log_binds_no_address_that_could_not_sign_there(lane):
    assert lane("contract key new w.key")[0] == 0
    by = "--as auth-a=a.key --why joined"
    code, _, err = lane(f"member authorise lane-ledger op --role operator --key w.address {by}")
    assert code == 2
    assert "is an address of a chain, and this is a log. Fix: name a file that 'gridpact a" in err
    assert lane(f"authority add lane-ledger auth-c=w.address {by} --as auth-b=b.key")[0] == 2
    members = lane("member list lane-ledger --json", reads=True)
    assert [each["member"] for each in members] == ["lane"]


def test_a_deployment_that_was_cut_off_says_how_to_go_on(lane, tmp_path):
    (tmp_path / "half").mkdir()
    (tmp_path / "half/outbox.db").touch()
    code, _, err = lane("ledger status half")
    assert code == 2
    assert "deployed in part only. Fix: give 'gridpact ledger deploy' again" in err
