"""One file per mechanism, each a pure function over columns."""
