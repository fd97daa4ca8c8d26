"""Changes a user's own file: all at once, keeping its permissions, or not at all."""

import os
import shutil
from pathlib import Path


def rewrite(path: Path, before: bytes | None, after: bytes | None) -> None:
    """Put `after` in the place of `before`; None stands for no file. A link's target is written.

    Raises:
        OSError: it can't be written, or is not `before` any more.
    """
    target = path.resolve()
    now = target.read_bytes() if target.exists() else None
    if now != before:
        raise OSError(0, "it changed meanwhile; run this again")
    if after is None:
        target.unlink()
        return
    temporary = target.with_name(f".{target.name[:200]}.{os.getpid()}")
    try:
        with temporary.open("xb") as file:
            file.write(after)
            file.flush()
            os.fsync(file.fileno())
        if before is not None:
            shutil.copymode(target, temporary)
        temporary.replace(target)
    finally:
        temporary.unlink(missing_ok=True)
