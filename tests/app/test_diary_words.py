"""Reasons of entries of diaries in words."""

import pytest

from gridpact.app.diaries.words import why_words


@pytest.mark.parametrize(
    ("kind", "name", "told"),
    [
        ("limit", "need-6", "limit need-6"),
        ("limit", "need-7", "wish need-7"),
        ("need", "need-7", "wish need-7"),
        ("need", "need-8", "need need-8, since withdrawn"),
        ("limit", "need-9", "wish need-9, since withdrawn"),
        ("limit", "", "a limit of the grid"),
    ],
)
def test_a_reason_says_whether_it_is_a_wish_and_still_stands(kind, name, told):
    wishes, withdrawn = {"need-7", "need-9"}, {"need-8", "need-9"}
    assert why_words(kind, name, wishes, withdrawn) == told
