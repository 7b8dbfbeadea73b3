"""gridpact."""
