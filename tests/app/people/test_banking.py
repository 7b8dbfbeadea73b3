"""Check digits of IBANs and creditors, of published examples and of every slip of one digit."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gridpact.app.people.banking import (
    bic_problem,
    creditor_problem,
    iban_problem,
    mandate_problem,
    vat_problem,
)

IBANS = (  # examples of the IBAN registry (ISO 13616)
    *("DE89370400440532013000", "FR1420041010050500013M02606", "NL91ABNA0417164300"),
    *("AT611904300234573201", "GB29NWBK60161331926819", "BE68539007547034", "NO9386011117947"),
)


@pytest.mark.parametrize("iban", IBANS)
def test_published_ibans_are_good(iban):
    assert iban_problem(iban) == ""


@settings(deadline=None)
@given(iban=st.sampled_from(IBANS), place=st.integers(0, 33), digit=st.sampled_from("0123456789"))
def test_one_wrong_digit_is_found(iban, place, digit):
    place = 2 + place % (len(iban) - 2)
    wrong = iban[:place] + digit + iban[place + 1 :]
    assert (iban_problem(wrong) == "") == (wrong == iban)


@pytest.mark.parametrize("iban", ["", "DE89", "de89370400440532013000", "DE8937040044053201300!"])
def test_what_is_no_iban_is_told(iban):
    assert iban_problem(iban) == "is no IBAN"


def test_bics_creditors_and_mandates():
    assert bic_problem("COBADEFFXXX") == bic_problem("COBADEFF") == ""
    assert bic_problem("COBADEFFX") == "is no BIC"
    assert creditor_problem("DE98ZZZ09999999999") == ""  # of the Bundesbank, for tests
    assert creditor_problem("DE98ABC09999999999") == ""  # the business code has no part in it
    assert "wrong check digits" in creditor_problem("DE97ZZZ09999999999")
    assert creditor_problem("9") == "identifies no creditor"
    assert mandate_problem("LANE-001") == ""
    assert mandate_problem("Straße") == "cannot refer to a mandate"


@pytest.mark.parametrize("number", ["DE123456788", "ATU12345678", "FRXX999999999", "EL123456789"])
def test_numbers_for_tax_have_their_country(number):
    assert vat_problem(number) == ""


@pytest.mark.parametrize(
    "number", ["123456788", "DE", "de123456788", "DEABCDEFGH", "DE12345678901234"]
)
def test_what_is_no_number_for_tax_is_told(number):
    assert "VAT" in vat_problem(number)
