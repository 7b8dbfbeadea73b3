"""What a contract is worth to a party over scenario paths; ``docs/valuation.md`` tells all.

::

    report      value_report: one call, every open choice taken by its author
    value       value: present values and their measures, all choices made
    measures    expectation, quantiles, value at risk, expected shortfall of a sample
    present     receipts of a party, discount factors, deliveries marked to the market
    bounds      least and greatest value, whatever is decided
    choices     which open choices can be valued, and how (rights: limited exercises)
    slotwise    choices slot by slot, with or without notice
    swing       limited exercises on paths (payoffs, regression)
    dual        upper bounds of limited exercises
    tree        limited exercises on a lattice, exactly
    lattice     recombining lattices of a price
    onefactor   a random price for examples and tests
"""
