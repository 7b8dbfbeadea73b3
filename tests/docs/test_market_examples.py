"""Pages whose examples build on each other: all of them run, in order, and print what is shown."""

import pytest


@pytest.mark.parametrize("name", ["flexibility-markets.md", "joined-markets.md"])
def test_examples_print_what_the_page_shows(name, read_page):
    page, space = read_page(name), {}
    assert any(shown for _, shown in page.examples)
    for code, shown in page.examples:
        assert page.run(code, space) == shown
