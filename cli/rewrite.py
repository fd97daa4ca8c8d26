"""Changes a user's own file: all at once, keeping its permissions, or not at all."""

from pathlib import Path

from sc2_attrib.attribution.atomic_file import replace_bytes


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
    replace_bytes(target, after, keeps_mode=before is not None)
