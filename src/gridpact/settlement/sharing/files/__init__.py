"""Files of coefficients, as organisers and network operators exchange them.

:mod:`.monthly` has tables by slot under named layouts, :mod:`.spanish` the text file of Spanish
collective self-consumption. Every fault of a file is told with its line and column before anything
is made of it.
"""
