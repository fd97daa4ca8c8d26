"""Keeps what a scan has checked, so that a scan that was cut short goes on where it was.

The file of `--resume` is JSON Lines. Its first line says what decides the answers: the program, the
index, the policy and the options; a scan in which one of them differs is refused. Each other line
is what came of one input, known by its kind, path and content and, of a diff, by the lines that
were added. So an input that has changed meanwhile is checked again. A line that was cut off by a
crash is dropped. Inputs that failed are not kept, and are tried again.

A scan that is complete deletes the file; after one that is not, the same command goes on.
"""

import fcntl
import json
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from sc2_attrib.attribution.check import CheckedInput, CheckInput
from sc2_attrib.attribution.ids import sha256
from sc2_attrib.attribution.result import InputStatus
from sc2_attrib.attribution.result_json import members
from sc2_attrib.attribution.text import readable_path
from sc2_attrib.cli.input_files import Input
from sc2_attrib.cli.walk import skipped
from sc2_attrib.index.errors import UnusableError, UsageError

if TYPE_CHECKING:
    from pydantic import TypeAdapter

SCHEMA = "sc2-attrib/progress/1"
ITSELF = "progress of this scan"

Check = Callable[[Iterable[Input]], Iterator[CheckedInput]]


class Progress:
    """What came of the inputs that were checked so far; each stands in the file once."""

    def __init__(self, file: BinaryIO, places: dict[str, int]) -> None:
        """Go on with a file whose whole lines begin at `places`, by what they are known by."""
        self._file, self._places = file, places

    @property
    def n_kept(self) -> int:
        """Count the inputs that need no check."""
        return len(self._places)

    def through(self, inputs: Iterable[Input], check: Check) -> Iterator[CheckedInput]:
        """Yield what came of each input in order; only what is not known is checked."""
        waiting: deque[str | None] = deque()  # keys of the inputs that were taken, in order

        def unknown() -> Iterator[Input]:
            for item in map(self._but_itself, inputs):
                waiting.append(_key(item))
                if waiting[-1] not in self._places:
                    yield item

        for checked in check(unknown()):
            yield from self._known(waiting)
            self._keep(waiting.popleft(), checked)
            yield checked
        yield from self._known(waiting)

    def _but_itself(self, item: Input) -> Input:
        """Skip the file itself, which may lie in a folder that is checked."""
        path = Path(item.path)
        if path.name != Path(self._file.name).name or not path.exists():
            return item
        is_other = not path.samefile(self._file.name)
        return item if is_other else skipped(item.path, ITSELF)

    def _known(self, waiting: deque[str | None]) -> Iterator[CheckedInput]:
        """Take the known inputs that are next."""
        while waiting and waiting[0] in self._places:
            yield self._read(self._places[str(waiting.popleft())])

    def _read(self, place: int) -> CheckedInput:
        from pydantic import ValidationError

        self._file.seek(place)
        try:
            return _adapter().validate_python(json.loads(self._file.readline())["checked"])
        except (ValueError, KeyError, TypeError, ValidationError) as error:
            raise _damaged(self._file.name, place) from error

    def _keep(self, key: str | None, checked: CheckedInput) -> None:
        if key is not None and checked.record.status is InputStatus.CHECKED:
            self._file.seek(0, 2)
            self._file.write(_line({"key": key, "checked": checked}))
            self._file.flush()


@contextmanager
def progress_in(path: Path, context: Mapping[str, object]) -> Iterator[Progress]:
    """Open the file of `--resume`, made if there is none.

    Args:
        path: the file.
        context: what decides the answers.

    Raises:
        UsageError: it is in use, no such file, or of a scan that would answer otherwise.
    """
    try:
        file = path.open("a+b")
    except OSError as error:
        raise UsageError(f"--resume {path}: {error.strerror}") from error
    with file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise UsageError(f"--resume {path}: another scan is using it") from error
        yield Progress(file, _places(file, _line({"schema": SCHEMA, "context": context})))


def _places(file: BinaryIO, head: bytes) -> dict[str, int]:
    """List where the lines of a file begin; drop one that was cut off."""
    file.seek(0)
    first = file.readline()
    if not first.endswith(b"\n") and head.startswith(first):
        file.truncate(0)
        file.write(head)
        return {}
    if first != head:
        raise UsageError(_difference(file.name, first, head))
    places: dict[str, int] = {}
    place = file.tell()
    for line in file:
        if not line.endswith(b"\n"):
            file.truncate(place)
            break
        places[_key_of(line, file.name, place)] = place
        place += len(line)
    return places


def _difference(name: object, found: bytes, wanted: bytes) -> str:
    """Say why a file is not to be gone on with."""
    try:
        before = json.loads(found)
        schema, context = before["schema"], dict(before["context"])
    except (ValueError, KeyError, TypeError):
        schema, context = None, {}
    if schema != SCHEMA:
        return f"--resume {name}: no file that a scan left; name another"
    now = json.loads(wanted)["context"]
    differs = [each for each in now if context.get(each) != now[each]]
    return (
        f"--resume {name}: left by a scan with another {' and another '.join(differs)}; scan as"
        " then, or delete it to begin anew"
    )


def _key(item: Input) -> str | None:
    """Name what decides the answer for an input; nothing for one that is not checked."""
    if not isinstance(item, CheckInput):
        return None
    path = readable_path(item.path)
    return json.dumps([item.kind, path, sha256(item.raw), item.added_lines])


def _key_of(line: bytes, name: object, place: int) -> str:
    """Read the key off the beginning of a line, without reading all of it."""
    try:
        key, _ = json.JSONDecoder().raw_decode(line.decode(), len('{"key": '))
    except ValueError as error:
        raise _damaged(name, place) from error
    return str(key)


def _damaged(name: object, place: int) -> UnusableError:
    return UnusableError(f"--resume {name}: damaged at byte {place}; delete it to begin anew")


def _line(value: object) -> bytes:
    return json.dumps(value, default=members).encode() + b"\n"


@cache
def _adapter() -> "TypeAdapter[CheckedInput]":
    from pydantic import TypeAdapter

    return TypeAdapter(CheckedInput)
