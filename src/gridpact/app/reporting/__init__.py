"""Reports of a book: what a period came to, for its community and for those it deals with."""
