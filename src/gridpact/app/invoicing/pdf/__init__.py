"""Bills and invoices as PDF files that keep: fonts embedded, colours of their own (PDF/A-3b)."""
