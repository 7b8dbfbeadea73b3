"""Files of readings: one reader a format, each giving channels on slots and displays."""
