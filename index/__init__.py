"""The index: a corpus on disk, and every exact match of a text found in it."""
