"""A file that is replaced whole: a reader meets the old text or the new one, never a part."""

import os
import shutil
from pathlib import Path


def replace_file(path: Path, text: str) -> None:
    """Put `text` in the place of a file, all at once; a device or pipe is written to."""
    if path.exists() and not path.is_file():
        path.write_text(text, encoding="utf-8")
        return
    replace_bytes(path, text.encode())


def replace_bytes(path: Path, content: bytes, *, keeps_mode: bool = False) -> None:
    """Put `content` in the place of a file; with `keeps_mode` it has the permissions of the old."""
    temporary = path.with_name(f".{path.name[:200]}.{os.getpid()}")
    try:
        temporary.unlink(missing_ok=True)  # what a killed process left is not written through
        with temporary.open("xb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        if keeps_mode:
            shutil.copymode(path, temporary)
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)
