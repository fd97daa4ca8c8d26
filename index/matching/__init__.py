"""From the grams of a text to every exact match: seeds, chains, comparison, hot runs, sources."""
