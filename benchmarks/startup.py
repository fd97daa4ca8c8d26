"""How much processor time does it take to start? Nobody waits for what a command doesn't use.

    python -m benchmarks.startup [INDEX FILE]

Prints for each way to start the least of several runs, which other work on the machine disturbs
least, less what a bare interpreter takes. With an index and a file, the last row is a whole scan of
that file.
"""

import resource
import subprocess
import sys
from pathlib import Path

N_RUNS = 15
VIOLATION = 1  # the exit status of a scan that found what the policy denies
PROGRAM = str(Path(sys.executable).with_name("sc2-attrib"))
STARTS = {
    "import of the command line": [sys.executable, "-c", "import sc2_attrib.cli.commands"],
    "sc2-attrib --version": [PROGRAM, "--version"],
    "sc2-attrib --help": [PROGRAM, "--help"],
    "sc2-attrib scan --help": [PROGRAM, "scan", "--help"],
}


def cpu_seconds(command: list[str]) -> float:
    """Run a command and return the processor time that it took."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    done = subprocess.run(command, check=False, stdout=subprocess.DEVNULL)
    if done.returncode not in (0, VIOLATION):
        raise SystemExit(f"{' '.join(command)} ended with {done.returncode}")
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def starts(arguments: list[str]) -> dict[str, list[str]]:
    """Name the commands to measure: those of starting, and a scan if there is what to scan."""
    if not arguments:
        return STARTS
    index, file = arguments
    return STARTS | {f"sc2-attrib scan {file}": [PROGRAM, "scan", file, "--index", index]}


def main() -> None:
    bare = min(cpu_seconds([sys.executable, "-c", "pass"]) for _ in range(N_RUNS))
    print(f"a bare interpreter: {bare * 1000:.0f} ms")
    for name, command in starts(sys.argv[1:]).items():
        least = min(cpu_seconds(command) for _ in range(N_RUNS))
        print(f"{name}: {(least - bare) * 1000:.0f} ms more")


if __name__ == "__main__":
    main()
