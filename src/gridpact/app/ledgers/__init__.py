"""Ledgers on their own, of authorities or of a run: begun, looked into, proved from, acted on."""
