"""Faulty sentences: the column, what was found or expected, and what to write instead."""

import pytest

from gridpact.base.errors import BadInput
from gridpact.scheduling.needs.grammar.parse import parse, pointed

FAULTY = [
    # units
    ("zone PL <= 400 kw 18:00-20:00", 16, "found 'kw'", "write 400 kW"),
    ("battery >= 5 kwh at 06:30", 14, "found 'kwh'", "write 5 kWh"),
    ("battery >= 5 kW at 06:30", 17, "power lasts", "kWh for what is stored"),
    ("zone PL <= 400 kWh", 19, "found the end", "18:00-20:00"),
    ("zone PL <= 400 18:00-20:00", 16, "expected a unit", "a unit after 400"),
    ("battery >= 5 kWh per day", 18, "found 'per'", "write"),
    ("battery keeps up 3 kWh for 15 min all day", 20, "unit of energy", "write 3 kW"),
    ("car charge at 7 kWh until 20:00", 17, "unit of energy", "write 7 kW"),
    ("battery throughput <= 3 MW per year", 25, "unit of power", "write 3 MWh"),
    ("battery throughput <= 3 MWh per day", 33, "expected year", "write year"),
    ("heat 20..22 K 06:00-22:00", 13, "found 'K'", "write"),
    ("car >= 80 per cent by 07:30", 11, "expected a unit", "write"),
    ("heat runs >= 20 mins", 17, "found 'mins'", "write 20 min"),
    ("tank 120 litres at 40 C at 06:30", 10, "found 'litres'", "write"),
    # numbers
    ("battery >= 5,5 kWh at 06:30", 12, "decimal comma", "write 5.5"),
    ("heat 20,5..22 C 06:00-22:00", 6, "decimal comma", "write 20.5"),
    ("car cost <= 2,50 all day", 13, "decimal comma", "write 2.50"),
    ("battery >= 5.0005 kWh at 06:30", 12, "finer than 1 Wh", "round"),
    ("washing 0.0001 h 09:00-17:00", 9, "finer than 1 s", "round"),
    ("battery >= -5 kWh at 06:30", 12, "negative", "write 5 kWh"),
    ("zone PL <= -400 kW all day", 12, "negative", "takes or gives"),
    ("battery -20..80% at 06:30", 9, "negative", "write 20 %"),
    ("car cost <= -1 all day", 13, "negative", "write 1"),
    ("heat 22..20 C 06:00-22:00", 6, "22 is above 20", "write 20..22"),
    ("battery >= kWh at 06:30", 12, "expected a number", "a number"),
    ("zone PL 2..5 kW all day", 9, "range of power", "one sentence with >="),
    ("zone PL >= 0 kW all day", 9, "asks for nothing", "above 0"),
    ("heat starts <= 1.5 all day", 16, "finer than 1 start", "round"),
    ("battery 5 kWh at 06:30", 9, "least or the most", ">= 5 kWh or <= 5 kWh"),
    # signs
    ("battery > 5 kWh at 06:30", 9, "no sign here", "write >="),
    ("battery =< 5 kWh at 06:30", 9, "no sign here", "write <="),
    ("battery = 5 kWh at 06:30", 9, "no sign here", ">= or <="),
    ("heat runs <= 20 min", 11, "expected >=", "write >="),
    ("battery cycles >= 1 per day", 16, "expected <=", "write <="),
    # times
    ("car >= 80% by 24:00", 15, "24:00", "write 00:00"),
    ("zone PL <= 4 kW 18:00-24:00", 23, "24:00", "write 00:00"),
    ("car >= 80% by 7.30", 15, "found '7.30'", "write 07:30"),
    ("car >= 80% by 7", 15, "found '7'", "write 07:00"),
    ("car >= 80% by 7 pm", 15, "'7 pm'", "write 19:00"),
    ("car >= 80% by 12:30 am", 15, "'12:30 am'", "write 00:30"),
    ("car >= 80% by 25:10", 15, "hours go from 00 to 23", "07:30"),
    ("car >= 80% by 07:60", 15, "minutes", "07:30"),
    ("car >= 80% 07:30", 12, "expected at or by", "at or by"),
    ("car >= 80%", 11, "found the end", "at or by"),
    ("car >= 80% befor 07:30", 12, "found 'befor'", "write"),
    ("zone PL <= 4 kW 18:00", 22, "found the end", "the time it ends"),
    ("zone PL <= 4 kW at 18:00", 17, "found 'at'", "18:00-20:00"),
    ("car stop until 2026-13-01T00:00Z", 16, "no month 13", "23 April 2026"),
    # dates
    ("car >= 80% by 07:30 on 5/6", 24, "5 June or 6 May", "5 June or 6 May"),
    ("car >= 80% by 07:30 on 5/6/2026", 24, "could be", "5 June 2026 or 6 May 2026"),
    ("car >= 80% by 07:30 on 13/6", 24, "by numbers alone", "write 13 June"),
    ("car >= 80% by 07:30 on 5.6.2026", 24, "could be", "5 June 2026 or 6 May 2026"),
    ("car >= 80% by 07:30 on 2026/06/05", 24, "could be", "5 June 2026 or 6 May 2026"),
    ("car >= 80% by 07:30 on 31 April", 24, "April has no such day", "a day that it has"),
    ("car >= 80% by 07:30 on 29 February 2027", 24, "February 2027 has no such", "a day"),
    ("car >= 80% by 07:30 on 23 Aprl", 27, "found 'Aprl'", "write 23 April"),
    ("car >= 80% by 07:30 on April 23", 24, "found 'April'", "write 23 April"),
    ("car >= 80% by 07:30 on 23 April 26", 33, "year of four digits", "2026"),
    ("car >= 80% by 07:30 on Mondey", 24, "found 'Mondey'", "write Monday"),
    ("car >= 80% by 07:30 on", 23, "found the end", "a date or weekdays"),
    ("car quiet all day on Mon,Mon", 26, "comes twice", "once"),
    ("car quiet all day from 9 May until 5 May", 36, "is before", "later date last"),
    ("car quiet all day on 2026-02-30", 22, "has no such day", "a day that it has"),
    # words
    ("", 1, "found the end", "an asset"),
    ("car", 4, "found the end", ">= 80% or quiet"),
    ("car quit 22:00-06:00", 5, "found 'quit'", "write quiet"),
    ("car quiet 22:00-06:00 please", 23, "found 'please'", "the end"),
    ("car quiet 22:00-06:00, whish", 24, "found 'whish'", "write wish"),
    ("car quiet 22:00-06:00, cost <= 1", 24, "found 'cost'", "an option"),
    ("car quiet 22:00-06:00, wish, need", 30, "says again", "leave it out"),
    ("zone <= 400 kW all day", 6, "expected a name", "a name"),
    ("zone PL,PL <= 400 kW all day", 9, "comes twice", "once"),
    ('tag "red quiet all day', 5, "not closed", 'close it with "'),
    ("car ; quiet all day", 5, "means nothing here", "leave it out"),
    ("car takes >= 80% by 07:30", 11, "neither taken nor given", "leave takes"),
    ("battery keeps up 1 kW and up 2 kW for 1 h all day", 27, "comes twice", "once"),
    ("quiet 22:00-06:00", 1, "found 'quiet'", "an asset"),
    ("a" * 1001, 1001, "1001 characters", "1000"),
]


@pytest.mark.parametrize(
    ("text", "column", "problem", "fix"), FAULTY, ids=[case[0][:40] for case in FAULTY]
)
def test_what_is_wrong_is_told_at_its_column(text, column, problem, fix, said):
    with pytest.raises(BadInput) as refused:
        parse(text, said.context)
    (fault,) = refused.value.faults
    assert fault.where == f"column {column}"
    assert problem in fault.problem
    assert fix in fault.fix
    *_, mark = pointed(text, fault).splitlines()
    assert mark == " " * (column - 1) + "^"


def test_faults_of_the_value_point_nowhere(said):
    with pytest.raises(BadInput) as refused:
        parse("car >= 120% by 07:30", said.context)
    (fault,) = refused.value.faults
    assert pointed("car >= 120% by 07:30", fault) == ""
