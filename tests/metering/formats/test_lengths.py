"""Lengths of intervals where a file does not say them: told, or asked for by line and point."""

LONG = "time: t\npoint_column: p\nvalue_column: v\nunit: Wh"


def table(minutes, every):
    """A long table of point a every quarter of an hour, and of b at some minutes."""
    rows = [(15 * row, "a") for row in range(every)] + [(minute, "b") for minute in minutes]
    return "t,p,v\n" + "".join(
        f"2025-03-01T{minute // 60:02}:{minute % 60:02}Z,{point},5\n"
        for minute, point in sorted(rows)
    )


def test_a_point_with_gaps_everywhere_has_the_others_length(readings, rows):
    found = readings(table([0, 105, 135, 240], 17), LONG)  # 105 minutes is no length of a slot
    expected = " ".join("5" if 15 * row in (0, 105, 135, 240) else "." for row in range(17))
    assert rows(found)["b withdrawal"] == expected


def test_rows_off_the_grid_are_told_and_no_others(faults):
    told = faults(table([0, 15, 37, 45, 67, 75, 97, 120], 17), LONG)
    assert {problem for _, _, problem in told} == {"the interval is not on the file's 900 s grid"}
    assert len(told) == 3


def test_one_reading_of_a_point_is_named(faults):
    ((line, where, problem),) = faults(table([60], 9), LONG)
    assert (line, where) == (7, "t")
    assert problem == "b has one withdrawal reading, whose length is not told"


def test_a_table_of_one_row_is_asked_for_another(faults):
    assert faults("t,a\n2025-03-01T00:00Z,5\n", "time: t") == [
        (2, "t", "the length of the intervals cannot be told of one row")
    ]
