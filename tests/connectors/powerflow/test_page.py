"""The page on grids: its verification and redispatch run and print what it shows."""

import pytest

from gridpact.connectors.powerflow import installed

if not installed():
    pytest.skip(
        "needs the extra: pip install 'gridpact[grid]', see docs/grid.md", allow_module_level=True
    )


def test_the_worked_example_is_what_the_page_shows(read_page):
    page, space = read_page("grid.md"), {}
    printed = [page.run(code, space) for code, _ in page.examples]
    assert printed == page.of("text")
    assert len(printed) == 2
