"""A tamper-evident record of what was agreed, measured and settled."""
