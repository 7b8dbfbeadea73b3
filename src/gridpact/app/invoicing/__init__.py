"""Invoices of a book: issued into its journal, and shown to people."""
