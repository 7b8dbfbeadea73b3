"""Invoices and credit notes as values, made from the lines of settlement runs."""
