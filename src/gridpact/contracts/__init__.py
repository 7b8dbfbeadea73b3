"""The contract algebra: one value, three readings (cash flows, obligations, needs)."""
