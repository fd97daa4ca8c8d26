"""Entry point of `sc2-attrib`: the one place where a run ends, whatever ends it.

Nothing is imported up here but `sys`. All else is imported under the handler, so an interrupt
during an import, or a broken installation, ends in one line and the right exit code as well.
"""

import sys

INTERRUPTED = 130

# Starting makes a hundred thousand objects that stay, and a run makes few cycles: at Python's own
# threshold, 700, the collector looks for some 140 times before anything is checked.
OBJECTS_BETWEEN_COLLECTIONS = 100_000


def app() -> None:
    """Run the command line of this process, then exit with its code (docs/cli.md)."""
    try:
        code = _run(sys.argv[1:])
        _let_go_of_interrupts()
    except KeyboardInterrupt:
        code = INTERRUPTED
    _leave_memory_to_the_system()
    sys.exit(code)


def _run(arguments: list[str]) -> int:
    """Run one command; every error becomes a line on stderr and an exit code."""
    # Looked up before anything is parsed: a failing import or parse is to be debugged too.
    debug = "--debug" in arguments
    import gc
    import os

    gc.set_threshold(OBJECTS_BETWEEN_COLLECTIONS)
    # NumPy's linear algebra, which nothing here uses, would start a thread for each core.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    from sc2_attrib.cli import streams

    try:
        from sc2_attrib.cli import commands

        code = commands.run(arguments)
    except BrokenPipeError:  # only the parser's own output, such as --help, isn't protected
        code = 0
    except Exception as error:
        from sc2_attrib.cli import failures

        code = failures.report(error, debug=debug)
    streams.flush_all()
    return code


def _leave_memory_to_the_system() -> None:
    """Spare the interpreter its last search for cycles among all objects there are."""
    import gc

    gc.freeze()


def _let_go_of_interrupts() -> None:
    """Let the system end the process at a Ctrl-C from here on: the outcome is settled."""
    import signal

    signal.signal(signal.SIGINT, signal.SIG_DFL)
