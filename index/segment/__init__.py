"""One immutable part of an index: its files, how they are written and how they are read."""
