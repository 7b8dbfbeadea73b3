"""Who is behind members and parties: names, addresses, bank accounts, tax numbers."""
