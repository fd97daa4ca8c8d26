"""Many half-open ranges at once."""

import numpy as np
import numpy.typing as npt

from sc2_attrib.index.text import Offsets


def flat_ranges(starts: npt.NDArray[np.integer], stops: npt.NDArray[np.integer]) -> Offsets:
    """List the numbers of ranges [starts[i], stops[i]) one range after another, as int64.

    None may stop before it starts.
    """
    counts = (stops - starts).astype(np.int64)
    ends = np.cumsum(counts)
    numbers: Offsets = np.arange(counts.sum()) + np.repeat(starts - (ends - counts), counts)
    return numbers
