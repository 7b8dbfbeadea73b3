"""Networks of validators on this machine: keys, and processes of nodes."""
