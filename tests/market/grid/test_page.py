"""The page on grids: its clearing runs and prints what it shows."""


def test_the_cleared_market_is_what_the_page_shows(read_page):
    page = read_page("grid.md")
    code, shown = page.examples[0]
    assert page.run(code) == shown
    assert shown
