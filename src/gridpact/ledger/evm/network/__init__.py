"""Networks of validators: who runs which node, their configuration, and a test network here."""
