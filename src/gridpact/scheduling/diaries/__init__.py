"""Diaries: a schedule as dated instructions for each asset, why each is there, and who may refuse.

:mod:`.derivation` makes instructions of power profiles and profiles of instructions,
:mod:`.difference` compares revisions, :mod:`.reasons` and :mod:`.savings` say why and what for,
:mod:`.modes` what owners make of it. :mod:`.documents` and :mod:`.calendar_text` write diaries for
devices and for people.
"""
