"""A file that is replaced whole: a reader meets the old text or the new one, never a part."""

import os
from pathlib import Path


def replace_file(path: Path, text: str) -> None:
    """Put `text` in the place of a file, all at once; a device or pipe is written to."""
    if path.exists() and not path.is_file():
        path.write_text(text, encoding="utf-8")
        return
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        with temporary.open("w", encoding="utf-8", newline="") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)
