"""``market grid`` with an AC power flow, here by sweeps: limits are kept or explained, and paid."""

import pytest

VILLAGE = ("village.yaml", "orders.csv", "--baseline", "baseline.csv")
WITH_OFFERS = (*VILLAGE, "--offers", "offers.csv")
HEAD = "provider,node,direction,slot,slots,power [kW],price [ct/kWh]"


def offer(folder, *rows):
    (folder / "offers.csv").write_text("\n".join([HEAD, *rows, ""]), encoding="utf-8")


def test_what_is_relieved_is_kept_and_paid(swept, told):
    """The cheaper bakery does nothing for the side cable: only the battery behind it does."""
    found = told(*WITH_OFFERS)
    assert (found["verified"], found["kept"], found["remark"]) == (True, True, "")
    (limit,) = found["limits"]
    assert (limit["kind"], limit["element"], limit["fate"]) == ("current", "side", "relieved")
    assert limit["bound"] == 30_000 < limit["before"]
    assert 29_990 <= limit["after"] <= 30_000
    (call,) = found["called"]
    assert (call["provider"], call["node"], call["line"]) == ("school-battery", "school", 3)
    energy = round(call["power_w"] / 4)
    assert received(found) == {
        "school-battery": energy * 280_000,
        "energy from outside": -energy * 120_000,  # at the price of the slack in that slot
        "the grid operator": -energy * 160_000,
    }


def received(found):
    """What each party receives; together that is nothing."""
    accounts = {each["party"]: each["receives_nano"] for each in found["accounts"]}
    assert sum(accounts.values()) == 0
    return accounts


def test_energy_outside_has_the_price_that_is_said(swept, told):
    found = told(*WITH_OFFERS, "--outside", "-5 ct/kWh")
    energy = round(found["called"][0]["power_w"] / 4)
    assert received(found)["energy from outside"] == energy * 50_000


def test_what_is_not_kept_is_explained(swept, told, called):
    """Half of a kW is all that is offered behind the cable: what is missing has its price."""
    offer(swept, "school-battery,school,up,2026-12-07T10:00,2,0.5,28")
    found = told(*WITH_OFFERS, code=1)
    (limit,) = found["limits"]
    assert (limit["fate"], limit["exhausted"]) == ("overrun", ["school-battery (line 2)"])
    assert limit["why"] == "all offers together do not suffice"
    assert 0 < limit["after"] - limit["bound"] < limit["before"] - limit["bound"]
    assert limit["lacking_w"] > 0
    # 28 ct/kWh for a quarter of an hour
    assert limit["would_cost_nano"] == pytest.approx(limit["lacking_w"] * 280_000 / 4, rel=1e-3)
    assert received(found)["school-battery"] == 125 * 280_000
    done = called("market", "grid", *WITH_OFFERS)
    text = " ".join(done.out.split())
    assert done.code == 1
    assert "✗ side, 2026-12-07T10:00: current beyond by" in text
    assert "bought in full: school-battery (line 2)" in text
    assert f"{limit['lacking_w']:,} W of relief are missing" in text


def test_without_offers_nothing_is_called_or_paid(swept, told, called):
    found = told(*VILLAGE, code=1)
    (limit,) = found["limits"]
    assert (limit["fate"], limit["why"]) == ("overrun", "no offer reaches it")
    assert limit["before"] == limit["after"]
    assert (found["called"], set(received(found).values())) == ([], {0})
    assert "no offer reaches it" in " ".join(called("market", "grid", *VILLAGE).out.split())


def test_relief_that_is_worth_less_than_it_costs_is_not_bought(swept, told):
    found = told(*WITH_OFFERS, "--relief", "6 ct/kW", code=1)  # a kW costs 28 ÷ 4 = 7 ct
    (limit,) = found["limits"]
    assert limit["why"] == "the offers left over cost more than relief is worth"
    # the bakery helps a little: what it leaves raises the voltage, which lowers the current
    assert limit["left"] == ["bakery (line 2)", "school-battery (line 3)"]
    assert told(*WITH_OFFERS, "--relief", "8 ct/kW")["kept"]


def test_a_voltage_outside_its_band_is_told_in_percent(swept, called, told):
    grid = swept / "village.yaml"
    text = grid.read_text("utf-8").replace("low: 92 %", "low: 97.5 %")
    grid.write_text(text.replace("rating: 30 kVA", "rating: 60 kVA"), encoding="utf-8")
    found = told(*VILLAGE, code=1)
    kinds = {(each["kind"], each["element"]) for each in found["limits"]}
    assert ("low voltage", "school") in kinds
    assert all(each["before"] < each["bound"] == 975_000 for each in found["limits"])
    out = " ".join(called("market", "grid", *VILLAGE).out.split())
    assert "voltage of school 2026-12-07T10:00 97.5000 %" in out
    assert told(*WITH_OFFERS)["kept"]


def test_a_collapse_is_told(swept, called, told):
    base = "node,slot,slots,fed_in [kWh]\nschool,2026-12-07T10:00,1,-900\n"
    (swept / "baseline.csv").write_text(base + "school,2026-12-07T10:15,1,0\n", encoding="utf-8")
    found = told(*WITH_OFFERS, code=1)
    assert (found["kept"], found["unsolved"]) == (False, ["2026-12-07T10:00:00Z"])
    out = called("market", "grid", *WITH_OFFERS).out
    assert "✗ 2026-12-07T10:00: the power flow has no solution" in out
    assert "limit is kept wherever there is a solution" in out


def test_where_the_slack_has_no_price_one_must_be_said(swept, told, refused):
    """A full cable keeps the slack apart, and nobody orders there."""
    rows = ["member,node,side,slot,quantity [kWh],limit [ct/kWh]"]
    rows += ["farm,,sell,2026-12-07T10:00,9,8", "bakery,square,buy,2026-12-07T10:00,1,30"]
    rows += ["bakery,square,buy,2026-12-07T10:15,1,30"]
    (swept / "orders.csv").write_text("\n".join([*rows, ""]), encoding="utf-8")
    base = "node,slot,slots,fed_in [kWh],power_factor\n"
    base += "station,2026-12-07T10:00,2,-40,100 %\nschool,2026-12-07T10:00,2,-7.5,90 %\n"
    (swept / "baseline.csv").write_text(base, encoding="utf-8")
    told_off = refused(*WITH_OFFERS)
    assert "the market has no price at the slack in 2026-12-07T10:15:00Z" in told_off
    assert "--outside '12 ct/kWh'" in told_off
    found = told(*WITH_OFFERS, "--outside", "12 ct/kWh")
    assert received(found)["energy from outside"] < 0


def test_people_read_who_pays_whom(swept, called):
    done = called("market", "grid", *WITH_OFFERS)
    lines = [" ".join(line.split()) for line in done.out.splitlines()]
    assert done.code == 0
    at = lines.index("AC power flow of 2 slots")
    assert lines[at + 1] == "limit slot bound cleared in the end"
    assert lines[at + 2].startswith("current of side 2026-12-07T10:00 30,000 VA 31,")
    assert lines[at + 3] == "✓ every other limit is kept"
    assert lines[-1] == "together 0 ¤"
    assert any(line.startswith("school-battery 3 school 2026-12-07T10:00 +9") for line in lines)


def test_where_every_limit_is_kept_that_is_said(swept, called):
    grid = swept / "village.yaml"
    text = grid.read_text("utf-8").replace("rating: 30 kVA", "rating: 60 kVA")
    grid.write_text(text, encoding="utf-8")
    done = called("market", "grid", *VILLAGE)
    assert (done.code, done.out.splitlines()[-1]) == (0, "✓ every limit is kept")
