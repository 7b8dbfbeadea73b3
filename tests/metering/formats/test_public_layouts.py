"""Files laid out as others have published them: what surrounds the values, not only the values."""

from gridpact.base.slots import iso

CHANGED = """\
Identifiant PRM;Type de donnees;Date de debut;Date de fin;Grandeur physique;Grandeur metier;\
Etape metier;Unite;Pas en minutes
30000000000001;Courbe de charge;07/12/2018;08/12/2018;Energie active;Consommation;Comptage Brut;W;

Horodate;Valeur
2018-12-07T01:00:00+01:00;
2018-12-07T02:00:00+01:00;600
2018-12-07T03:00:00+01:00;660
2018-12-07T03:10:00+01:00;270
2018-12-07T03:20:00+01:00;264
2018-12-07T03:30:00+01:00;6
"""
BOM = "\ufeff"
LONG = """\
Identifiant PRM;Type de donnees;Date de debut;Date de fin;Grandeur physique;Grandeur metier;\
Etape metier;Unite
30000000000001;Courbe de charge;2026-01-05;2026-01-06;Energie active;Production;Comptage Brut;W
Horodate;Valeur
2026-01-05T00:30:00+01:00;1200
2026-01-05T01:00:00+01:00;800
"""
SPANISH = """\
CUPS;Fecha;Hora;Consumo_kWh;Metodo_obtencion
ES0021000000000001AA;05/01/2026;1;0,125;R
ES0021000000000001AA;05/01/2026;2;0,250;R
ES0021000000000001AA;05/01/2026;3;;
ES0021000000000001AA;05/01/2026;4;1;E
"""


def test_a_curve_from_hours_to_ten_minutes_with_values_left_empty(readings, rows, faults):
    """A column of minutes without a value, an empty line, and hours before a meter was changed."""
    assert "several lengths: 600 s, 3600 s" in faults(CHANGED, "", "curve.csv")[0][2]
    found = readings(CHANGED, "step_s: 600", "curve.csv")
    assert iso(found.intervals.slots.start) == "2018-12-07T00:00:00Z"
    assert rows(found) == {
        "30000000000001 withdrawal": "100 100 100 100 100 100 110 110 110 110 110 110 45 44 1"
    }


def test_a_stamp_is_the_end_of_its_interval(readings, rows):
    """The first stamp of a day is half an hour after it begins; BOM, CRLF, days as ISO 8601."""
    found = readings(BOM + LONG.replace("\n", "\r\n"), "", "curve.csv")
    assert iso(found.intervals.slots.start) == "2026-01-04T23:00:00Z"
    assert rows(found) == {"30000000000001 injection": "600 400"}


def test_the_older_spanish_layout_names_hours_by_their_end(readings, rows):
    found = readings(SPANISH, "", "consumos.csv")
    assert iso(found.intervals.slots.start) == "2026-01-04T23:00:00Z"
    assert rows(found) == {"ES0021000000000001AA withdrawal": "125 250 . 1000"}
    assert found.intervals.quality[0].tolist() == [1, 1, 0, 3]
