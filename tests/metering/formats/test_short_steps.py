"""Power and small energy at short steps: sums are right to the Wh, whatever the layout."""

import io
from fractions import Fraction

import numpy as np
import polars as pl
import pytest

from gridpact.base.slots import iso

START = 1_748_736_000  # 2025-06-01T00:00:00Z
DAY = 86400


def stamps(step, count, shift=0):
    return [iso(START + shift + step * row) for row in range(count)]


def wide(watts, step):
    rows = zip(stamps(step, len(watts)), watts, strict=True)
    return "t,home\n" + "".join(f"{at},{each}\n" for at, each in rows), "time: t"


def long(watts, step):
    rows = zip(stamps(step, len(watts)), watts, strict=True)
    text = "t,p,v\n" + "".join(f"{at},home,{each}\n" for at, each in rows)
    return text, "time: t\npoint_column: p\nvalue_column: v"


def marked(watts, step):
    """A long table with marks, which takes the slow way."""
    text, mapping = long(watts, step)
    lines = text.splitlines()
    whole = "\n".join([lines[0] + ",q", *(f"{line},W" for line in lines[1:])]) + "\n"
    return whole, mapping + "\nquality_column: q\nqualities: {W: measured}"


def ended(watts, step):
    """A wide table whose stamps end intervals, with texts among its numbers."""
    rows = zip(stamps(step, len(watts), step), watts, strict=True)
    text = "t,home,note\n" + "".join(f"{at},{each},x\n" for at, each in rows)
    return text, "time: t\nstamp: end\ncolumns: [{column: home, point: home}]"


def parquet(kind):
    def made(watts, step):
        table = io.BytesIO()
        series = pl.Series("home", watts).cast(kind)
        pl.DataFrame({"t": stamps(step, len(watts)), "home": series}).write_parquet(table)
        return table.getvalue(), "format: parquet\ntime: t"

    return made


LAYOUTS = [wide, long, marked, ended, parquet(pl.Float64), parquet(pl.Float32)]


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize(
    ("watts", "step", "total"), [(100, 15, 2400), (80, 60, 1920), (25, 60, 600), (0.3, 900, 7)]
)
@pytest.mark.parametrize("target", [0, 900, 3600])
def test_constant_power_for_a_day(readings, layout, watts, step, total, target):
    content, mapping = layout([watts] * (DAY // step), step)
    found = readings(content, f"{mapping}\nunit: W\nstep_s: {target}").intervals
    assert found.wh.sum() == total
    even = Fraction(watts * 1000) / 1000 * found.slots.step / 3600
    assert np.abs(found.wh - float(even)).max() < 1


@pytest.mark.parametrize("layout", LAYOUTS)
def test_every_slot_is_right_to_the_wh(readings, layout):
    watts = np.random.default_rng(3).integers(0, 4000, DAY // 60).tolist()
    content, mapping = layout(watts, 60)
    found = readings(content, f"{mapping}\nunit: W\nstep_s: 900").intervals
    sums = np.cumsum(found.wh[0]).tolist()
    exact = [Fraction(sum(watts[: 15 * (row + 1)]), 60) for row in range(96)]
    assert sums == [round(each) for each in exact]


def test_energy_finer_than_a_watt_hour(readings):
    content, mapping = wide(["0.0004"] * 96, 900)
    assert readings(content, mapping).intervals.wh.sum() == 38  # 38.4


def test_a_value_that_is_missing_carries_nothing(readings, rows):
    text = "t,a\n2025-06-01T00:00Z,0.0004\n2025-06-01T00:15Z,\n2025-06-01T00:30Z,0.0004\n"
    assert rows(readings(text, "time: t")) == {"a withdrawal": "0 . 1"}


def test_columns_of_several_channels_carry_apart(readings, rows):
    text = "t,a,b\n2025-06-01T00:00Z,0.0004,0.0004\n2025-06-01T00:15Z,0.0004,0.0001\n"
    assert rows(readings(text, "time: t")) == {"a withdrawal": "0 1", "b withdrawal": "0 0"}


def feed(values, step, unit, power):
    """Write a feed of one block of intervals."""
    each = "".join(
        f"<IntervalReading><timePeriod><duration>{step}</duration><start>{START + step * row}"
        f"</start></timePeriod><value>{value}</value></IntervalReading>\n"
        for row, value in enumerate(values)
    )
    return (
        (
            '<?xml version="1.0"?>\n<feed xmlns="http://www.w3.org/2005/Atom">'
            '<entry><link rel="self" href="U/UsagePoint/1/MeterReading/1"/><content><MeterReading/>'
            '</content></entry><entry><link rel="self" href="R/1"/><content><ReadingType>'
            f"<powerOfTenMultiplier>{power}</powerOfTenMultiplier><uom>{unit}</uom></ReadingType>"
            '</content></entry><entry><link rel="self" href="U/UsagePoint/1/MeterReading/1/'
            f'IntervalBlock/1"/><content><IntervalBlock xmlns="http://naesb.org/espi">{each}'
            "</IntervalBlock></content></entry></feed>\n"
        )
        .replace("<MeterReading/>", '<MeterReading xmlns="http://naesb.org/espi"/>')
        .replace("<ReadingType>", '<ReadingType xmlns="http://naesb.org/espi">')
    )


@pytest.mark.parametrize(
    ("value", "step", "unit", "power", "total"),
    [(25, 60, 38, 0, 600), (100, 15, 38, 0, 2400), (400, 900, 72, -3, 38)],
)
def test_green_button(readings, value, step, unit, power, total):
    content = feed([value] * (DAY // step), step, unit, power)
    assert readings(content, "step_s: 900", "feed.xml").intervals.wh.sum() == total


def test_enedis(readings):
    head = "Identifiant PRM;Type de donnees;Grandeur physique;Grandeur metier;Unite\n"
    curve = "".join(f"{at};1\n" for at in stamps(600, 144, 600))
    text = f"{head}30000000000001;Courbe de charge;Energie active;Consommation;W\nHorodate;Valeur\n"
    assert readings(text + curve).intervals.wh.sum() == 24


def test_datadis(readings):
    rows = "".join(f"ES1;2025/06/{day:02};{hour:02}:00;0,0004;Real\n"
                   for day in (2, 3) for hour in range(1, 25))  # fmt: skip
    found = readings("cups;fecha;hora;consumo_kWh;metodoObtencion\n" + rows).intervals
    assert found.wh.sum() == 1 + 10 + 9  # 0.8 of the first day of UTC, 9.6, 8.8


def test_registers_of_telegrams_are_exact_at_any_step(readings):
    def telegram(row):
        return f"/KFM5KAIFA\n0-0:96.1.1(6D)\n1-0:1.8.0({row // 1000:06}.{row % 1000:03}*kWh)\n!\n"

    text = "".join(telegram(row // 3) for row in range(8641))
    mapping = "first_at: 2025-06-01T00:00:00+00:00\nstep_s: 3600"
    found = readings(text, mapping, "p1.txt").intervals
    assert found.wh.tolist() == [[120] * 24]
