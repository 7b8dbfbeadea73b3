"""The example of the page on market analytics runs, and prints what the page shows."""


def test_the_example_prints_what_the_page_shows(read_page):
    page = read_page("market-analytics.md")
    ((code, shown),) = page.examples
    assert page.run(code) == shown
    assert shown
