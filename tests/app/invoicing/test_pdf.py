"""PDF bills: their text is the bill's, in every language; what PDF/A-3 asks for is there."""

import io
import re

import msgspec
import pypdf
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gridpact.app.invoicing.locales import LOCALES, _words
from gridpact.app.invoicing.pages import page
from gridpact.app.invoicing.pdf import blocks
from gridpact.app.invoicing.pdf.bills import bill_pdf, invoice_pdf
from gridpact.app.invoicing.pdf.drawing import BOTTOM, TOP, Drawing, wrap
from gridpact.app.invoicing.pdf.file import Attached
from gridpact.app.invoicing.pdf.fonts import REGULAR, fonts
from gridpact.app.people.people_file import People, Person

MADE_S = 1_775_000_000


def read(data):
    return pypdf.PdfReader(io.BytesIO(data), strict=True)


def text_of(data):
    """All text, without the breaks that a reader puts in."""
    return squeezed(" ".join(each.extract_text() for each in read(data).pages))


def squeezed(text):
    return re.sub(r"\s+", "", text)


def texts(value):
    """Every text of a view."""
    if isinstance(value, str):
        return [value]
    if isinstance(value, dict):
        return [text for name, each in value.items() if name != "colour" for text in texts(each)]
    return [text for each in value for text in texts(each)] if isinstance(value, list) else []


@pytest.mark.parametrize("language", ["en", "de", "fr", "nl", "es"])
def test_the_text_is_what_the_bill_shows_as_the_page_does(bill, language):
    view = bill.view(language)
    found, html = text_of(bill_pdf(view, MADE_S)), squeezed(page(view))
    html = html.replace("&amp;", "&").replace("&#39;", "'")
    hidden = {view.page, view.no_energy, *(sheet.number for sheet in view.sheets), language}
    for each in texts(msgspec.to_builtins(view)):
        if each and each not in hidden:
            assert squeezed(each) in found, each
            assert squeezed(each) in html, each


def test_amounts_are_those_of_the_documents(bill):
    found = text_of(bill_pdf(bill.view("de"), MADE_S))
    for minor in (122590, 1190, 123780, 23518, 147298, 1481):
        assert f"{minor // 100:,}".replace(",", ".") + f",{minor % 100:02}" in found
    owed = 147298 - 147298 - 1481
    assert bill.bill.owed_minor == owed
    assert squeezed(f"{(owed - 500 + 2700) / 100:.2f} EUR").replace(".", ",") in found
    assert "4.321,098" in found
    assert "0,2837" in found


def test_an_invoice_shows_itself_and_the_figures(bill):
    view = bill.view()
    found = text_of(invoice_pdf(view, 1, MADE_S))
    for shown in (*view.sheets[1].rows, *view.registers, *view.compared, *view.sheets[1].sums):
        for each in shown:
            assert squeezed(each) in found
    assert view.sheets[1].title.replace(" ", "") in found
    assert "power-000040" not in found


def test_long_bills_go_on_over_pages_with_the_head_of_the_table(bill):
    document = bill.bill.documents[1]
    items = tuple(msgspec.structs.replace(document.items[0], id=n) for n in range(1, 121))
    long = msgspec.structs.replace(
        bill.bill, documents=(msgspec.structs.replace(document, items=items),)
    )
    view = bill.view(made=long)
    reader = read(invoice_pdf(view, 0, MADE_S))
    count = len(reader.pages)
    assert count >= 3
    for number, each in enumerate(reader.pages, start=1):
        assert squeezed(f"page {number} of {count}") in squeezed(each.extract_text())
    assert text_of(invoice_pdf(view, 0, MADE_S)).count(squeezed("EUR each")) == count - 1


def test_no_sums_are_on_a_page_without_a_line_that_they_are_of():
    rows = [["Number", "EUR"], *([str(number), "1.00"] for number in range(3))]
    some = [("Net", "3.00"), ("Total", "3.00 EUR")]
    turned = set()
    for first in range(int(TOP), int(BOTTOM)):
        drawing = Drawing(fonts(frozenset()))
        drawing.y = float(first)
        blocks.table(drawing, rows, sums_below=len(some))
        page = len(drawing.pages(""))
        blocks.sums(drawing, some)
        assert len(drawing.pages("")) == page
        assert drawing.y <= BOTTOM
        turned.add(page)
    assert turned == {1, 2}


def test_energy_over_time_has_a_key_of_what_there_is(bill):
    parts = [msgspec.structs.replace(part, injected_wh=0) for part in bill.bill.parts]
    taken = bill.view(made=msgspec.structs.replace(bill.bill, parts=tuple(parts)))
    assert [key.name for key in taken.chart.keys] == ["Withdrawn"]
    assert [key.name for key in bill.view().chart.keys] == ["Withdrawn", "Injected"]


def test_names_beyond_latin_are_shown_and_what_cannot_be_is_a_sign(bill):
    people = {"bakery": Person("Αρτοποιείο Пекарня \u0007\U0001f35e"), "lane": Person("Lane")}
    view = bill.view(people=People("", "lane", people))
    found = text_of(bill_pdf(view, MADE_S))
    assert "ΑρτοποιείοПекарня" in found
    assert "\ufffd\ufffd" in found


def test_what_pdf_a_asks_for_is_there(bill):
    xml = Attached("factur-x.xml", "the invoice", b"<invoice/>")
    data = invoice_pdf(bill.view(), 1, MADE_S, xml)
    assert data == invoice_pdf(bill.view(), 1, MADE_S, xml)
    reader = read(data)
    root = reader.trailer["/Root"]
    assert len(reader.trailer["/ID"]) == 2
    assert reader.attachments["factur-x.xml"] == [b"<invoice/>"]
    (related,) = root["/AF"]
    assert related.get_object()["/AFRelationship"] == "/Alternative"
    metadata = root["/Metadata"].get_data().decode()
    for told in ("<pdfaid:part>3<", "<pdfaid:conformance>B<", "<fx:ConformanceLevel>EN 16931<"):
        assert told in metadata
    resources = reader.pages[0]["/Resources"]
    assert resources["/ColorSpace"]["/C"][0] == "/CalRGB"
    for font in resources["/Font"].values():
        (below,) = font["/DescendantFonts"]
        assert below.get_object()["/FontDescriptor"]["/FontFile2"].get_data()[:4] == b"\0\1\0\0"
        assert "/ToUnicode" in font
    for each in reader.pages:  # no colour of a device, no glyph without a width
        content = each.get_contents().get_data().decode()
        assert not re.search(r" (rg|RG|g|G|k|K)\b", content)
        assert content.startswith("q 0.02 0 0 0.02 0 0 cm /C cs")


def test_embedded_glyphs_are_as_wide_as_is_said(bill):
    from fontTools.ttLib import TTFont

    font = read(bill_pdf(bill.view(), MADE_S)).pages[0]["/Resources"]["/Font"]["/F1"]
    below = font["/DescendantFonts"][0].get_object()
    embedded = TTFont(io.BytesIO(below["/FontDescriptor"]["/FontFile2"].get_data()))
    glyphs = below["/CIDToGIDMap"].get_data()
    listed = below["/W"]
    said = {int(code): int(width[0]) for code, width in zip(listed[::2], listed[1::2], strict=True)}
    order = embedded.getGlyphOrder()
    for text in "Bäckerei Łąka 1.234,50 €–…":
        glyph = order[int.from_bytes(glyphs[2 * ord(text) : 2 * ord(text) + 2], "big")]
        assert glyph != ".notdef"
        width = embedded["hmtx"][glyph][0] * 1000 / embedded["head"].unitsPerEm
        assert said[ord(text)] == pytest.approx(width, abs=0.51)


@settings(deadline=None)
@given(st.text("ab d", max_size=60), st.floats(10, 200))
def test_wrapped_lines_fit_and_lose_nothing(text, width):
    font = fonts()[REGULAR]
    lines = wrap(text, font, 9, width)
    assert "".join(lines).replace(" ", "") == text.replace(" ", "")
    assert all(font.width(line, 9) <= width or len(line) == 1 for line in lines)


def test_every_language_says_everything():
    for name, told in _words().items():
        assert {*told} == {*LOCALES}, name
        puts = {tuple(sorted(re.findall(r"\{(\w+)\}", text))) for text in told.values()}
        assert len(puts) == 1, name
