"""``gridpact export settlement``: the XML against UFTP's schema, written down here as facts.

Names, order, required attributes and types of FlexSettlement are those of UFTP-agr-dso.xsd and
UFTP-common.xsd of the Shapeshifter specification 3, but for two slips of that schema, in which the
message description is followed: PowerDeficiency is spelt whole, and there is an OrderReference.
"""

import json
import re
import shutil
import xml.etree.ElementTree as ET
from decimal import Decimal
from pathlib import Path

import pytest

from gridpact.app.cli.commands import run_command

CASE = Path(__file__).parents[2] / "cases" / "delivery" / "ten_of_ten"
UUID = r"[0-9A-Fa-f]{8}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{12}"
DOMAIN = r"([a-z0-9]+(-[a-z0-9]+)*\.)+[a-z]{2,}"
DATE, AMOUNT, POSITIVE = r"\d{4}-\d\d-\d\d", r"-?\d+(\.\d{1,4})?", r"\+?0*[1-9]\d*"
ADDRESS = r"(ea1\.[0-9]{4}-[0-9]{2}\..{1,244}:.{1,244}|ean\.[0-9]{12,34})"
WHOLE, TEXT = r"[-+]?\d+", r".*"
# element → (its attributes: pattern, required), and (child, least number), in their order
SCHEMA = {
    "FlexSettlement": (
        {
            "Version": (r"\d+\.\d+\.\d+", True), "SenderDomain": (DOMAIN, True),
            "RecipientDomain": (DOMAIN, True), "MessageID": (UUID, True),
            "TimeStamp": (r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)?", True),
            "ConversationID": (UUID, True), "Result": (r"Accepted|Rejected", True),
            "RejectionReason": (TEXT, False), "PeriodStart": (DATE, True),
            "PeriodEnd": (DATE, True), "Currency": (r"[A-Z]{3}", True),
        },
        (("FlexOrderSettlement", 1), ("ContractSettlement", 1)),
    ),
    "FlexOrderSettlement": (
        {
            "Period": (DATE, True), "ContractID": (TEXT, False), "OrderReference": (TEXT, False),
            "D-PrognosisMessageID": (UUID, False), "BaselineReference": (TEXT, False),
            "CongestionPoint": (ADDRESS, True),
            "Price": (AMOUNT, True), "Penalty": (AMOUNT, False), "NetSettlement": (AMOUNT, True),
        },
        (("ISP", 1),),
    ),
    "FlexOrderSettlement/ISP": (
        {
            "Start": (POSITIVE, True), "Duration": (POSITIVE, False),
            "BaselinePower": (WHOLE, True), "OrderedFlexPower": (WHOLE, True),
            "ActualPower": (WHOLE, True), "DeliveredFlexPower": (WHOLE, True),
            "PowerDeficiency": (WHOLE, False),
        },
        (),
    ),
    "ContractSettlement": ({"ContractID": (TEXT, False)}, (("Period", 1),)),
    "ContractSettlement/Period": ({"Period": (DATE, True)}, (("ISP", 1),)),
    "Period/ISP": (
        {
            "Start": (POSITIVE, True), "Duration": (POSITIVE, False),
            "ReservedPower": (WHOLE, True), "RequestedPower": (WHOLE, False),
            "AvailablePower": (WHOLE, False), "OfferedPower": (WHOLE, False),
            "OrderedPower": (WHOLE, False),
        },
        (),
    ),
}  # fmt: skip
RESERVED = """reservations:
  - contract: contract-1
    congestion_point: ean.871234567890123456
    first: 2026-06-22
    last: 2026-06-30
    days: working
    hours: "17:00-20:00"
    power_w: -1000
    limit_w: 0
"""
TO = ("--sender", "dso.example.org", "--recipient", "agr.example.org")


def problems(node, above=""):
    """What the schema does not allow of an element and those in it."""
    kind = node.tag if node.tag in SCHEMA else f"{above}/{node.tag}"
    if kind not in SCHEMA:
        return [f"{kind} is not known"]
    attributes, children = SCHEMA[kind]
    found = [f"{kind} has no {name}" for name in node.attrib if name not in attributes]
    for name, (pattern, required) in attributes.items():
        if name not in node.attrib:
            found += [f"{kind} lacks {name}"] if required else []
        elif not re.fullmatch(pattern, node.attrib[name]):
            found.append(f"{kind} {name} is {node.attrib[name]!r}")
    order = [name for name, _ in children]
    places = [order.index(child.tag) if child.tag in order else -1 for child in node]
    if -1 in places or places != sorted(places):
        found.append(f"{kind} has children out of order")
    found += [
        f"{kind} has too few {name}"
        for name, least in children
        if sum(child.tag == name for child in node) < least
    ]
    return found + [problem for child in node for problem in problems(child, node.tag)]


@pytest.fixture
def place(tmp_path, monkeypatch, capsys):
    """A case in a folder of its own, and the command run in it."""
    monkeypatch.chdir(tmp_path)
    shutil.copy(CASE / "readings.csv", tmp_path)

    def run(*words, change=("", ""), reserved=RESERVED):
        text = (CASE / "orders.yaml").read_text("utf-8").replace(*change)
        (tmp_path / "orders.yaml").write_text(text + reserved, "utf-8")
        command = ("export", "settlement", "readings.csv", "--orders", "orders.yaml", *TO, *words)
        code = run_command([str(word) for word in command])
        told = capsys.readouterr()
        return code, told.out, told.err

    return run


def tree(name="settlement.xml"):
    return ET.fromstring(Path(name).read_bytes())  # noqa: S314 - written just now


def test_the_message_is_what_the_schema_asks_for(place):
    code, out, err = place("--sent-at", "2026-07-01T06:00")
    assert (code, err, "settlement.xml: 1 settled order" in out) == (0, "", True)
    root = tree()
    assert problems(root) == []
    assert (root.attrib["TimeStamp"], root.attrib["Result"]) == ("2026-07-01T06:00:00Z", "Accepted")
    assert (root.attrib["PeriodStart"], root.attrib["PeriodEnd"]) == ("2026-06-22", "2026-06-30")
    order, contract = root
    price, penalty, net = (Decimal(order.attrib[n]) for n in ("Price", "Penalty", "NetSettlement"))
    assert net == price - penalty
    assert [period.attrib["Period"] for period in contract] == [
        f"2026-06-{day}" for day in (22, 23, 24, 25, 26, 29, 30)
    ]
    assert all(len(period) == 3 for period in contract)
    ordered = {isp.attrib["Start"]: isp.attrib.get("OrderedPower") for isp in contract[1]}
    due = {isp.attrib["Start"]: isp.attrib["OrderedFlexPower"] for isp in order}
    assert {start: power for start, power in ordered.items() if power} == due
    assert {isp.attrib["ReservedPower"] for isp in contract.iter("ISP")} == {"-1000"}


def test_rows_are_those_of_the_check(place, capsys):
    place()
    run_command(["delivery", "check", "readings.csv", "--orders", "orders.yaml", "--json"])
    (order,) = json.loads(capsys.readouterr().out)["orders"]
    names = {"Start": "start", "BaselinePower": "baseline_power", "ActualPower": "actual_power"}
    for told, isp in zip(order["isps"], tree()[0], strict=True):
        assert {name: int(isp.attrib[name]) for name in names} == {
            name: told[field] for name, field in names.items()
        }


def test_identifiers_are_of_the_content_and_the_instant(place):
    for name, at in (("one", "T06:00"), ("two", "T06:00"), ("three", "T07:00")):
        assert place("--sent-at", f"2026-07-01{at}", "--out", f"{name}.xml")[0] == 0
    one, two, three = (Path(f"{name}.xml").read_bytes() for name in ("one", "two", "three"))
    assert one == two
    ids = {tree(f"{name}.xml").attrib["MessageID"] for name in ("one", "three")}
    assert len(ids) == 2
    assert one != three


def test_without_reservations_the_schema_lacks_a_contract_and_nothing_else(place):
    assert place(reserved="")[0] == 0
    assert problems(tree()) == ["FlexSettlement has too few ContractSettlement"]


def test_the_checker_finds_what_is_wrong(place):
    place()
    for at, (name, value) in (
        (".", ("Currency", "euro")), ("FlexOrderSettlement", ("Price", "1.00001")),
        ("FlexOrderSettlement/ISP", ("Start", "0")), (".", ("PoweDeficiency", "1")),
        ("FlexOrderSettlement", ("CongestionPoint", "ean.1")),
    ):  # fmt: skip
        root = tree()
        root.find(at).set(name, value)
        assert len(problems(root)) == 1, name
    root = tree()
    root[:] = reversed(root)
    assert problems(root) == ["FlexSettlement has children out of order"]


@pytest.mark.parametrize(
    ("words", "change", "told"),
    [
        (("--sender", "localhost"), ("", ""), "SenderDomain cannot be 'localhost'"),
        (("--uftp", "3"), ("", ""), "Version cannot be '3'"),
        ((), ("ean.", "point."), "CongestionPoint cannot be"),
        (("--out", "readings.csv"), ("", ""), "the file exists already"),
        ((), ("2026-06-23", "2026-07-23"), "no order could be settled"),
    ],
)
def test_what_cannot_be_written_is_told(place, words, change, told):
    code, _, err = place(*words, change=change)
    assert (code, told in err) == (2, True), err
    assert not Path("settlement.xml").exists()


def test_the_library_of_the_protocol_reads_it(place):
    """The Python library of Shapeshifter, where it is installed: make test-simbench does."""
    transport = pytest.importorskip(
        "shapeshifter_uftp.transport", reason="needs shapeshifter-uftp: make test-simbench"
    )
    place()
    found = transport.from_xml(Path("settlement.xml").read_bytes())
    (order,) = found.flex_order_settlements
    assert order.net_settlement == order.price - order.penalty
    rows = [(isp.start, isp.baseline_power, isp.power_deficiency) for isp in order.isps]
    assert rows == [
        tuple(int(isp.attrib[name]) for name in ("Start", "BaselinePower", "PowerDeficiency"))
        for isp in tree()[0]
    ]
    (contract,) = found.contract_settlements
    assert contract.contract_id == "contract-1"
    assert {isp.reserved_power for period in contract.periods for isp in period.isps} == {-1000}
