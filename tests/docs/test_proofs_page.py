"""The page on proofs: its example runs and prints what is shown, its sizes are in range."""

import json

from gridpact.ledger.proofs import files


def test_the_example_prints_what_is_shown(read_page):
    page = read_page("proofs.md")
    ((code, shown),) = page.examples
    space = {}
    assert page.run(code, space) == shown
    parts = json.loads(space["data"])
    table = page.text.partition("## Making")[0]
    assert all(f"`{name}`" in table for name in ("leaf", "entry", "block"))
    assert set(parts) == {"gridpact", "leaf", "entry", "block"}


def test_the_page_names_each_form_of_a_leaf(read_page):
    text = read_page("proofs.md").text
    for form in ("opened", "terms"):
        first = files.schema()["$defs"][form]["required"][0]
        assert f"`{first}`" in text


def test_the_page_on_privacy_names_every_hash_and_store(read_page):
    from gridpact.app.books.erasing import KeptBook
    from gridpact.app.people.erasing import PeopleFile
    from gridpact.app.readings.erasing import ReadingsStore
    from gridpact.ledger.identity.credentials import OPEN
    from gridpact.ledger.privacy.needles import HASHES
    from gridpact.ledger.spaces.erasure import CustodyCopy, SpaceFolder

    text = read_page("privacy.md").text
    for store in (SpaceFolder, CustodyCopy, PeopleFile, ReadingsStore, KeptBook):
        assert f"| `{store.__name__}` |" in text
    assert all(name.split()[0].partition("-")[0] in text for name in HASHES)
    assert ", ".join(f"`{name}`" for name in OPEN) in text
