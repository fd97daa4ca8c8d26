"""Progress on stderr, where somebody watches; the work itself knows nothing of bars.

Each function yields what the work reports to, and nothing is drawn, or even imported, where
progress is off.
"""

import contextlib
from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING, TypeVar

from sc2_attrib.cli.session import Session, When
from sc2_attrib.cli.wording import counted, sized

if TYPE_CHECKING:
    from rich.progress import Progress

    from sc2_attrib.index.extension import BuildProgress

T = TypeVar("T")


@contextlib.contextmanager
def build_progress(
    session: Session, expected_bytes: int | None
) -> Iterator[Callable[["BuildProgress"], None] | None]:
    """Show a build phase by phase: how much is done, how fast it goes, how long it will take.

    The text that is read is counted in bytes, what is sorted after that in postings.
    """
    if not session.shows_progress:
        yield None
        return
    with _bar(session, tells_time_left=True) as bar:
        task = bar.add_task("reading", total=expected_bytes, detail="")
        phase = "reading"

        def show(progress: "BuildProgress") -> None:
            nonlocal phase
            total = progress.total or (expected_bytes if progress.phase == "reading" else None)
            if progress.phase != phase:
                phase = progress.phase
                bar.reset(task, description=phase, total=total)
            speed = bar.tasks[0].speed
            bar.update(
                task, total=total, completed=progress.done, detail=_done_so_far(progress, speed)
            )

        yield show


def _done_so_far(progress: "BuildProgress", speed: float | None) -> str:
    documents = counted(progress.n_documents, "document")
    if progress.phase != "reading":
        return documents
    rate = f", {sized(speed)}/s" if speed else ""
    return f"{sized(progress.done)}{rate}, {documents}"


@contextlib.contextmanager
def waiting(session: Session, description: str) -> Iterator[None]:
    """Show that something takes its time."""
    if not session.shows_progress:
        yield
        return
    with _bar(session) as bar:
        bar.add_task(description, total=None, detail="")
        yield


@contextlib.contextmanager
def step_progress(
    session: Session, description: str
) -> Iterator[Callable[[int, int], None] | None]:
    """Show work that counts its steps: what is yielded takes the steps done and those in all."""
    if not session.shows_progress:
        yield None
        return
    with _bar(session) as bar:
        task = bar.add_task(description, total=None, detail="")

        def show(done: int, total: int) -> None:
            bar.update(task, completed=done, total=total, detail=f"{done:,} of {total:,}")

        yield show


@contextlib.contextmanager
def token_progress(session: Session, total: int) -> Iterator[Callable[[int, float], None]]:
    """Show completions: what is yielded takes those done so far and the tokens a second."""
    if not session.shows_progress:
        yield lambda done, rate: None
        return
    with _bar(session) as bar:
        task = bar.add_task("completing", total=total, detail="")

        def show(done: int, rate: float) -> None:
            detail = f"{done:,} of {total:,}, {rate:,.0f} tokens/s"
            bar.update(task, completed=done, detail=detail)

        yield show


def bytes_progress(
    session: Session, steps: Iterable[int], description: str, total: int
) -> Iterator[int]:
    """Pass steps on, which are numbers of bytes, showing how many of the total are done."""
    if not session.shows_progress:
        yield from steps
        return
    with _bar(session) as bar:
        task = bar.add_task(description, total=total, detail="")
        done = 0
        for step in steps:
            done += step
            bar.update(task, completed=done, detail=f"{sized(done)} of {sized(total)}")
            yield step


def counting(session: Session, items: Iterable[T], description: str) -> Iterator[T]:
    """Pass items on, showing how many there were so far."""
    if not session.shows_progress:
        yield from items
        return
    with _bar(session) as bar:
        task = bar.add_task(description, total=None, detail="")
        for n, item in enumerate(items, start=1):
            bar.update(task, completed=n, detail=f"{n:,}")
            yield item


def _bar(session: Session, *, tells_time_left: bool = False) -> "Progress":
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        Progress,
        TextColumn,
        TimeElapsedColumn,
        TimeRemainingColumn,
    )

    console = Console(
        stderr=True,
        no_color=session.no_color or None,
        force_terminal=session.progress is When.ALWAYS or None,
    )
    left = (TextColumn("left"), TimeRemainingColumn()) if tells_time_left else ()
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.fields[detail]}"),
        TimeElapsedColumn(),
        *left,
        console=console,
        transient=True,
    )
