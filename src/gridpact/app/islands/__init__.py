"""Microgrids on their own as people write them: a file, its plan, its frontier, its loss."""
