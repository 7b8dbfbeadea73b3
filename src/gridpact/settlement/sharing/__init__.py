"""Sharing keys: who gets how much of what members produce together, in each slot, to the Wh.

A key is a value (:mod:`.keys`) that :func:`~gridpact.settlement.sharing.keys.share` reads over
columns of energy. :mod:`.files` reads and writes the coefficients that operators exchange.
"""
