"""Answers to grid events: what each asset can give, who gives it, what is left to make up."""
