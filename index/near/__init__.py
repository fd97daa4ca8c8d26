"""Edited copies: code with renamed names or changed lines, found and aligned."""
