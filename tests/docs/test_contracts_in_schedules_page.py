"""The page of contracts in schedules: its code runs, and prints what is shown."""


def test_examples_print_what_the_page_shows(read_page):
    page, space = read_page("contracts-in-schedules.md"), {}
    assert len(page.examples) == 2
    for code, shown in page.examples:
        assert page.run(code, space) == shown
    lines = page.examples[0][1].splitlines()
    assumed, settled = (line.split()[-2] for line in lines[-2:])
    assert assumed == settled
