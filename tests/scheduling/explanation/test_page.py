"""The page on explanations: its example runs and prints what it shows."""


def test_the_example_prints_what_is_shown(read_page):
    page = read_page("explanation.md")
    ((code, shown),) = page.examples
    assert page.run(code) == shown
