"""What telegrams and national files may hold beyond the golden ones."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from gridpact.base.slots import iso
from gridpact.metering.formats.telegrams import crc16

AMSTERDAM, PARIS, MADRID = (ZoneInfo(f"Europe/{city}") for city in ("Amsterdam", "Paris", "Madrid"))
NOON = datetime(2026, 6, 15, 10, 0, tzinfo=UTC)


def telegram(at, wh, meter="M1", register="1-0:1.8.1"):
    local = at.astimezone(AMSTERDAM)
    season = "S" if local.utcoffset() == timedelta(hours=2) else "W"
    lines = (
        "/ABC5\\1", "", "1-3:0.2.8(42)", f"0-0:1.0.0({local.strftime('%y%m%d%H%M%S')}{season})",
        f"0-0:96.1.1({meter.encode().hex()})",
        f"{register}({wh // 1000:06d}.{wh % 1000:03d}*kWh)", "!",
    )  # fmt: skip
    body = "\r\n".join(lines).encode()
    return body + f"{crc16(body):04X}\r\n".encode()


def test_telegrams_of_every_ten_seconds_stand_for_the_edges_after_them(readings, rows):
    seconds = range(3, 3600, 10)  # 10:00:03, 10:00:13, …: no telegram at an edge
    stream = b"".join(telegram(NOON + timedelta(seconds=s), 1000 + s) for s in seconds)
    found = readings(stream, "", "p1.txt")
    assert iso(found.intervals.slots.start) == "2026-06-15T10:15:00Z"
    assert rows(found) == {"M1 withdrawal": "900 900 900"}
    assert (found.displays.reading_wh - 1000).tolist() == [3, 893, 3593]
    assert found.displays.at_s.tolist()[1:] == [
        int((NOON + timedelta(minutes=minutes)).timestamp()) for minutes in (15, 60)
    ]


def test_telegrams_in_any_order_and_twice(readings, rows):
    stream = [telegram(NOON + timedelta(minutes=15 * k), 100 * k) for k in (3, 0, 2, 1, 3)]
    assert rows(readings(b"".join(stream), "", "p1.txt")) == {"M1 withdrawal": "100 100 100"}


def test_a_meter_that_was_exchanged(readings, rows, faults):
    stream = [telegram(NOON + timedelta(minutes=15 * k), 5000 + 100 * k) for k in range(3)]
    stream += [telegram(NOON + timedelta(minutes=15 * k), 7 * k, "M2") for k in range(3, 6)]
    found = readings(b"".join(stream), "points: {M1: home, M2: home}", "p1.txt")
    assert rows(found) == {"home withdrawal": "100 100 . 7 7"}
    assert found.displays.meter == ("M1", "M1", "M2", "M2")
    same = b"".join(stream).replace(b"4d32", b"4d31")
    assert len(faults(same, "", "p1.txt")) == 3  # the checksum covers the name


def test_one_register_and_line_ends_of_another_system(readings, rows):
    stream = b"".join(
        telegram(NOON + timedelta(minutes=15 * k), k, register="1-0:2.8.0") for k in range(3)
    )
    assert rows(readings(stream, "", "a.txt")) == {"M1 injection": "1 1"}
    assert rows(readings(stream.replace(b"\r\n", b"\n"), "", "a.txt")) == {"M1 injection": "1 1"}


def test_a_meter_without_a_name_and_another_clock(readings, rows, faults):
    stream = [telegram(NOON + timedelta(minutes=15 * k), 100 * k, "") for k in range(3)]
    assert "names no metering point" in faults(b"".join(stream), "", "p1.txt")[0][2]
    how = "points: {'': home}\ntimezone: Europe/Helsinki"
    found = readings(b"".join(stream), how, "p1.txt")
    assert rows(found) == {"home withdrawal": "100 100"}
    assert iso(found.intervals.slots.start) == "2026-06-15T09:00:00Z"
    assert "no time zone" in faults(b"".join(stream), "timezone: Mars", "p1.txt")[0][2]


def consumer(stamps, side="Consommation", prm="30000000000001"):
    head = (
        "Identifiant PRM;Type de donnees;Date de debut;Date de fin;Grandeur physique;"
        "Grandeur metier;Etape metier;Unite"
    )
    values = f"{prm};Courbe de charge;01/01/2026;02/01/2026;Puissance active;{side};Comptage Brut;W"
    lines = [f"{at.astimezone(PARIS).isoformat()};{watt}" for at, watt in stamps]
    return "\n".join([head, values, "Horodate;Valeur", *lines]) + "\n"


def test_blocks_of_both_sides_and_of_what_is_no_curve(readings, rows):
    ends = [NOON + timedelta(minutes=30 * k) for k in range(1, 4)]
    text = consumer([(at, 1000) for at in ends])
    text += consumer([(at, 300) for at in ends], "Production")
    text += consumer([(ends[0], 9)]).replace("Courbe de charge", "Puissance maximale quotidienne")
    found = readings(text)
    assert rows(found) == {
        "30000000000001 injection": "150 150 150",
        "30000000000001 withdrawal": "500 500 500",
    }


def test_a_curve_that_changes_its_interval(readings, rows, faults):
    ends = [NOON + timedelta(minutes=30 * k) for k in range(1, 5)]
    ends += [ends[-1] + timedelta(minutes=10 * k) for k in range(1, 7)]
    text = consumer([(at, 600) for at in ends])
    assert "several lengths: 600 s, 1800 s" in faults(text)[0][2]
    found = readings(text, "step_s: 1800")
    assert rows(found) == {"30000000000001 withdrawal": "300 300 300 300 300 300"}
    assert found.intervals.quality[0].tolist() == [1] * 6


def test_stamps_at_the_beginning_by_request(readings):
    ends = [(NOON + timedelta(minutes=30 * k), 2) for k in range(1, 4)]
    late = readings(consumer(ends), "stamp: start")
    assert iso(late.intervals.slots.start) == "2026-06-15T10:30:00Z"
    assert iso(readings(consumer(ends)).intervals.slots.start) == "2026-06-15T10:00:00Z"


def hours(day, labels, values):
    lines = [
        f'"ES1";"{day}";"{label}";"{wh / 1000:.3f}";Real;;;'.replace(".", ",")
        for label, wh in zip(labels, values, strict=True)
    ]
    head = "cups;fecha;hora;consumo_kWh;metodoObtencion;energiaVertida_kWh;energiaGenerada_kWh;x"
    return "\n".join([head, *lines]) + "\n"


@pytest.mark.parametrize("clock", [False, True])
def test_the_long_day_by_the_clock_or_counted(readings, rows, clock):
    counted = [f"{hour:02d}:00" for hour in range(1, 26)]
    named = [f"{hour:02d}:00" for hour in (1, 2, 3, *range(3, 25))]
    found = readings(hours("2026/10/25", named if clock else counted, range(25)))
    assert iso(found.intervals.slots.start) == "2026-10-24T22:00:00Z"
    assert rows(found) == {"ES1 withdrawal": " ".join(map(str, range(25)))}


@pytest.mark.parametrize("clock", [False, True])
def test_the_short_day_by_the_clock_or_counted(readings, rows, clock):
    named = [f"{hour:02d}:00" for hour in (1, 2, *range(4, 25))]
    counted = [f"{hour:02d}:00" for hour in range(1, 24)]
    found = readings(hours("2026/03/29", named if clock else counted, range(23)))
    assert iso(found.intervals.slots.start) == "2026-03-28T23:00:00Z"
    assert rows(found) == {"ES1 withdrawal": " ".join(map(str, range(23)))}


def test_quarters_of_an_hour(readings, rows):
    labels = [f"{minute // 60:02d}:{minute % 60:02d}" for minute in range(15, 135, 15)]
    found = readings(hours("2026/06/15", labels, range(8)))
    assert found.intervals.slots.step == 900
    assert rows(found) == {"ES1 withdrawal": "0 1 2 3 4 5 6 7"}


def test_an_hour_that_the_clock_skipped(faults):
    found = faults(hours("2026/03/29", ["01:00", "03:00", "24:00"], range(3)))
    assert found == [(3, "hora", "this local time never occurred")]


ESPI = """<?xml version="1.0"?>
<feed xmlns="http://www.w3.org/2005/Atom">
<entry><link rel="self" href="/UsagePoint/9"/><content>
<e:UsagePoint xmlns:e="http://naesb.org/espi"/></content></entry>
<entry><link rel="self" href="/ReadingType/1"/><content>
<e:ReadingType xmlns:e="http://naesb.org/espi">
<e:accumulationBehaviour>{accumulation}</e:accumulationBehaviour><e:uom>{unit}</e:uom>
<e:powerOfTenMultiplier>{power}</e:powerOfTenMultiplier></e:ReadingType></content></entry>
<entry><content><e:IntervalBlock xmlns:e="http://naesb.org/espi">{readings}
</e:IntervalBlock></content></entry>
</feed>
"""


def espi(values, accumulation=4, unit=72, power=0, duration=900):
    start = int(NOON.timestamp())
    each = "".join(
        f"\n<e:IntervalReading><e:timePeriod><e:duration>{duration}</e:duration>"
        f"<e:start>{start + 900 * row}</e:start></e:timePeriod><e:value>{value}</e:value>"
        "</e:IntervalReading>"
        for row, value in enumerate(values)
    )
    return ESPI.format(accumulation=accumulation, unit=unit, power=power, readings=each)


def test_green_button_power_registers_and_what_is_no_electricity(readings, rows, faults):
    assert rows(readings(espi([400, 2, 6], unit=38))) == {"9 withdrawal": "100 0 2"}
    assert rows(readings(espi([4, 2], power=3))) == {"9 withdrawal": "4000 2000"}
    found = readings(espi([100, 130, 190], accumulation=1, duration=0))
    assert rows(found) == {"9 withdrawal": "30 60"}
    assert found.displays.reading_wh.tolist() == [100, 190]
    short = espi([4, 2]).replace("<e:duration>900</e:duration>", "")
    assert faults(short)[0][1:] == ("duration", "the reading has no duration")
    told = short.replace("<e:uom>", "<e:intervalLength>900</e:intervalLength><e:uom>")
    assert rows(readings(told)) == {"9 withdrawal": "4 2"}
    assert "no readings" in faults(espi([1, 2], unit=169))[0][2]
    assert faults(espi([1, 2], duration=0))[0][1] == "duration"
    assert "power of ten" in faults(espi([1, 2], power=40))[0][2]
    assert "too large" in faults(espi([10**17]))[0][2]
