"""The fleet engine: very many assets under shared limits, scheduled to a proven gap."""
