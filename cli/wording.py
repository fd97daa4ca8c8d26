"""Numbers as people read them, and lines of names and values under each other."""

from collections.abc import Iterable

_UNITS = ("bytes", "kB", "MB", "GB", "TB", "PB")


def sized(n_bytes: float) -> str:
    """Write a size in decimal units with three digits: 12.3 MB."""
    size, unit = float(n_bytes), 0
    while size >= 999.5 and unit < len(_UNITS) - 1:
        size, unit = size / 1000, unit + 1
    if unit == 0:
        return f"{n_bytes:.0f} {_UNITS[0]}"
    return f"{size:.{2 if size < 9.995 else 1 if size < 99.95 else 0}f} {_UNITS[unit]}"


def counted(n: int, noun: str, plural: str | None = None) -> str:
    """Write a number with its noun: 1 file, 1,234 files."""
    return f"{n:,} {noun if n == 1 else plural or noun + 's'}"


def listed(facts: Iterable[tuple[str, str]]) -> str:
    """Write names and values in two columns, a line each."""
    rows = list(facts)
    width = max((len(name) for name, _ in rows), default=0)
    return "".join(f"{name:{width}}  {value}\n" for name, value in rows)
