"""The index: a corpus turned into segments on disk, and every exact match of a text found in them."""
