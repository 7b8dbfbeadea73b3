"""Members of a book in a table: the same rules as where they are listed, every fault by its row."""

import polars as pl
import pytest

from gridpact.app.books.folder import Book
from gridpact.app.books.rules_file import read_rules
from gridpact.base.errors import BadInput

LISTED = """\
  - {id: bakery, role: consumer, supplier: power}
  - id: school
    suppliers:
      - {supplier: power, until: 2026-03-02}
      - {supplier: green, from: 2026-03-02}
"""
TABLE = """\
id,point,role,from,until,supplier,deposit,prepayment
bakery,,consumer,,,power,,
school,,,,2026-03-02,power,,
school,,,2026-03-02,,green,,
"""
NAMED = ("members:\n" + LISTED, "members: many.csv\n")


def faults(lane, table, *changes):
    lane.write(NAMED, *changes, many=table)
    with pytest.raises(BadInput) as refused:
        read_rules(lane.folder / "rules.yaml")
    return [
        f"{each.file.rpartition('/')[2]}:{each.line}: {each.where}: {each.problem}"
        for each in refused.value.faults
    ]


@pytest.mark.parametrize("kind", ["csv", "parquet"])
def test_a_table_makes_the_rules_that_a_list_makes(lane, kind):
    listed = read_rules(lane.write()).rules
    path = lane.write((NAMED[0], f"members: many.{kind}\n"), many=TABLE)
    if kind == "parquet":
        frame = pl.read_csv(lane.folder / "many.csv", try_parse_dates=True)
        assert frame["from"].dtype == pl.Date
        frame.write_parquet(lane.folder / "many.parquet")
    found = read_rules(path)
    assert found.rules == listed
    assert found.rules.digest == listed.digest
    assert found.files[-1] == f"many.{kind}"


def test_a_table_goes_with_the_book(lane, tmp_path):
    path = lane.write(NAMED, many=TABLE)
    book = Book.create(tmp_path / "book", path)
    assert (book.folder / "many.csv").read_text() == TABLE
    assert [member.id for member in book.rules().rules.members] == ["bakery", "school"]


def test_all_that_a_member_has_is_read(lane):
    row = "bakery,DE01,producer,2026-03-01,2026-04-01,power,120.50 EUR,30 EUR"
    rules = read_rules(lane.write(NAMED, many=f"{TABLE.splitlines()[0]}\n{row}\n")).rules
    text = "  - {id: bakery, point: DE01, role: producer, from: 2026-03-01, until: 2026-04-01, "
    text += "supplier: power, deposit: 120.50 EUR, prepayment: 30 EUR}\n"
    assert rules == read_rules(lane.write((LISTED, text))).rules


def test_every_fault_is_told_by_its_row(lane):
    rows = [
        "id,role,supplier,from,until,size",
        "bakery,consumer,power,,,1",
        "ba kery,consumer,power,,,1",
        ",consumer,power,,,1",
        "grid,consumer,power,,,1",
        "school,janitor,power,,,1",
        "church,consumer,grid,2026-03-01,2026-02-30,1",
        "mill,janitor,power,,,1",
    ]
    told = faults(lane, "\n".join(rows) + "\n")
    assert sorted(told) == [
        "many.csv:1: size: no column is called so here",
        "many.csv:3: id: 'ba kery' is not a name",
        "many.csv:4: id: is missing",
        "many.csv:5: id: grid is a party as well",
        "many.csv:6: role: 'janitor' is none of those there are",
        "many.csv:7: supplier: grid is no supplier",
        "many.csv:7: until: '2026-02-30' is not a day",
        "many.csv:8: role: 'janitor' is none of those there are",
    ]


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        (["a,p,power", "b,q,power", "a,p,green"], "many.csv:4: id: a is there already"),
        (["a,p,power", "a,p,green"], "many.csv:3: from: a is there already"),
        (["a,p,power", "b,p,power"], "many.csv:0: point: p is of a and of b"),
        (["a,b,power", "b,q,power"], "many.csv:0: point: b is of b and of a"),
        ([], "many.csv:0: : there are no members"),
    ],
)
def test_what_is_there_twice_or_not_at_all_is_told(lane, rows, said):
    text = "\n".join(["id,point,supplier", *rows]) + "\n"
    assert said in faults(lane, text)


def test_another_member_in_a_row_for_a_supplier_is_told(lane):
    rows = "id,role,supplier,from,until\na,consumer,power,,2026-03-02\na,,green,2026-03-02,\n"
    assert faults(lane, rows)[0] == "many.csv:3: id: a is another than in the row before"


def test_tables_that_are_no_tables_are_told(lane):
    assert sorted(faults(lane, "name\nbakery\n")) == [
        "many.csv:1: id: there is no such column",
        "many.csv:1: name: no column is called so here",
    ]
    lane.write((NAMED[0], "members: none.parquet\n"))
    with pytest.raises(BadInput, match=r"none\.parquet"):
        read_rules(lane.folder / "rules.yaml")


def test_a_contract_and_a_group_take_their_members_from_a_table(lane):
    changes = [
        ("  - name: power\n", "  - name: power\n    members: some.csv\n"),
        ("groups: [{name: all, responsible: power}]",
         "groups: [{name: all, responsible: power, members: some.csv}]"),
    ]  # fmt: skip
    found = read_rules(lane.write(*changes, some="id\nschool\n"))
    assert found.rules.clauses[0].members == ("school",)
    assert found.rules.groups[0].members == ("school",)
    assert found.tables == ("some.csv", "some.csv")
    lane.write(*changes, some="id\nschool\nchurch\n")
    with pytest.raises(BadInput, match="there is no member 'church'"):
        read_rules(lane.folder / "rules.yaml")
