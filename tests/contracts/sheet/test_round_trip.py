"""Every contract is read back from its sheet, and no other text is."""

from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from gridpact.contracts.canonical import to_bytes
from gridpact.contracts.errors import IllFormed
from gridpact.contracts.legs import legs
from gridpact.contracts.needs import needs
from gridpact.contracts.sheet import from_term_sheet, term_sheet

quick = settings(
    deadline=None,
    max_examples=200,
    suppress_health_check=list(HealthCheck),
)


def settled(contract):
    """Tell whether terms could be settled: only such have a sheet."""
    try:
        legs(contract), needs(contract)
    except IllFormed:
        return False
    return True


@quick
@given(data=st.data())
def test_the_sheet_of_any_contract_reads_back_to_the_same_bytes(every, data):
    contract = data.draw(every.contracts())
    assume(settled(contract))
    text = term_sheet(contract, data.draw(st.sampled_from(["", "Park sells to bakery", "1. 'x'"])))
    assert to_bytes(from_term_sheet(text)) == to_bytes(contract)
    assert to_bytes(from_term_sheet(" ".join(text.split(" ")))) == to_bytes(contract)
