"""Where documents come from: one module a kind of source, all yielding the same two values."""
