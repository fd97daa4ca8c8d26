"""Draw what growth.py has recorded: python -m benchmarks.growth_plot RECORD PICTURE.svg.

Latency on the left, what a byte of the corpus costs on the right, both against its size. Copies of
a few documents are another corpus and no point of these lines.
"""

import argparse
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from benchmarks.growth import Point, read_points

SETS = {"novel": "tab:blue", "verbatim": "tab:orange", "novel, 250 B": "tab:green"}
COSTS: dict[str, Callable[[Point], float]] = {
    "build, CPU s a GB": lambda point: point.cpu_s_a_gigabyte,
    "index, % of the corpus": lambda point: 100 * point.index_bytes / point.read_bytes,
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0] if __doc__ else "")
    parser.add_argument("record", type=Path)
    parser.add_argument("picture", type=Path)
    arguments = parser.parse_args()
    points = [point for point in read_points(arguments.record) if "copies" not in point.corpus]
    draw(points, arguments.picture)


def draw(points: Sequence[Point], picture: Path) -> None:
    """Write the picture; the same points give the same bytes."""
    import matplotlib as mpl
    from matplotlib import pyplot

    mpl.use("svg")
    mpl.rcParams |= {"svg.hashsalt": "growth", "svg.fonttype": "none", "font.size": 9}
    figure, (latency, cost) = pyplot.subplots(1, 2, figsize=(9, 3.6), layout="constrained")
    sizes = [point.read_bytes / 1e9 for point in points]
    for name, colour in SETS.items():
        for at, (percentile, style) in enumerate((("p50", "-"), ("p99", "--"))):
            times = [point.cpu_ms[name][at] for point in points]
            latency.plot(
                sizes, times, style, color=colour, marker=".", label=f"{name}, {percentile}"
            )
    latency.set(yscale="log", ylabel="CPU ms a query")
    latency.yaxis.set_major_formatter("{x:g}")
    for name, of in COSTS.items():
        cost.plot(sizes, [of(point) for point in points], marker=".", label=name)
    cost.set(ylim=(0, 1.3 * cost.get_ylim()[1]))
    for axes in (latency, cost):
        _finish(axes)
    figure.savefig(picture, metadata={"Date": None})


def _finish(axes: Any) -> None:
    axes.set(xscale="log", xlabel="corpus, GB of raw text")
    axes.xaxis.set_major_formatter("{x:g}")
    axes.grid(alpha=0.3)
    axes.legend(fontsize=7)


if __name__ == "__main__":
    main()
