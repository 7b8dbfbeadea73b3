"""A book: one community's money in a folder that a treasurer keeps."""
