"""Why not everything can be had: the smallest sets that clash, and what would do instead."""
