"""What a book keeps of a member that is erased is said, by period and until when."""

from gridpact.app.books.erasing import KeptBook
from gridpact.app.books.folder import Book
from gridpact.app.books.settling import Asked, run_period
from gridpact.app.people.erasing import PeopleFile
from gridpact.app.people.people_file import read_people
from gridpact.ledger.spaces.erasure import Kept, Step, erase

LATER, PERIOD = 1_773_100_800, "2026-03-01..2026-03-02"
PEOPLE = """\
gridpact: people/1
holder: lane
people:
  lane: {name: Bakery Lane eG}
  bakery: {name: Ada Miller, email: ada@example.org, iban: DE89 3704 0044 0532 0130 00}
"""


def settled(lane):
    lane.write()
    book = Book.create(lane.folder, None)
    run_period(book, Asked(PERIOD, LATER, LATER))
    return KeptBook(lane.folder)


def test_lines_stay_as_long_as_law_asks(lane):
    book = settled(lane)
    rule = "books and invoices are kept for 10 years"
    kept = (Kept(f"lines and invoices of {PERIOD}", "2036-12-31", rule),)
    assert book.erase("bakery") == Step("book", 0, kept)
    assert book.erase("nobody") == Step("book", 0)
    assert KeptBook(lane.folder, years=8).kept("school")[0].until == "2034-12-31"


def test_with_a_book_the_name_on_its_invoices_stays_as_long(lane):
    book, path = settled(lane), lane.folder / "people.yaml"
    path.write_text(PEOPLE, encoding="utf-8")
    people = PeopleFile(path, book.kept("bakery"))
    done = erase("bakery", [people, book], lane.folder / "erasures")
    assert [(each.what, each.until) for each in done.kept] == [
        ("name", "2036-12-31"),
        (f"lines and invoices of {PERIOD}", "2036-12-31"),
    ]
    person = read_people(path).people["bakery"]
    assert (person.name, person.email, person.iban) == ("Ada Miller", "", "")
