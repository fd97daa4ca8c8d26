"""Find where generated code comes from, and under which licence."""

__version__ = "0.1.0.dev0"
