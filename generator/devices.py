"""Where a model runs, and how much memory is free there."""

from pathlib import Path

from sc2_attrib.index.errors import UsageError

AUTO = "auto"
CPU = "cpu"

_CGROUP = Path("/sys/fs/cgroup")  # the limits of a container; version 2


def resolve_device(name: str) -> str:
    """Turn what the user calls a device into a name torch knows, and see that it is there.

    Raises:
        UsageError: this machine has no such device.
    """
    there = available_devices()
    if name == AUTO:
        return there[0]
    full = f"{name}:0" if name == "cuda" else name
    if full not in there:
        raise UsageError(
            f"--device {name}: no such device; this machine has {', '.join(reversed(there))}"
        )
    return full


def available_devices() -> list[str]:
    """List the devices of this machine, the fastest first."""
    import torch

    devices = [f"cuda:{i}" for i in range(torch.cuda.device_count())]
    if torch.backends.mps.is_available():
        devices.append("mps")
    return [*devices, CPU]


def free_bytes(device: str) -> int:
    """Return how many bytes can still be taken on a device."""
    import torch

    if device.startswith("cuda"):
        return int(torch.cuda.mem_get_info(device)[0])
    if device == "mps":
        return torch.mps.recommended_max_memory() - torch.mps.driver_allocated_memory()
    return _free_system_bytes()


def total_free_bytes() -> int:
    """Return the free bytes of all GPUs and of the processor together."""
    return sum(map(free_bytes, available_devices()))


def _free_system_bytes() -> int:
    import psutil  # type: ignore[import-untyped]  # a requirement of accelerate

    available = int(psutil.virtual_memory().available)
    in_container = _free_cgroup_bytes()
    return available if in_container is None else min(available, in_container)


def _free_cgroup_bytes() -> int | None:
    """Return what the container's limit leaves; None without one. File cache can be given up."""
    try:
        limit = (_CGROUP / "memory.max").read_text().strip()
        used = int((_CGROUP / "memory.current").read_text())
        statistics = (_CGROUP / "memory.stat").read_text().split()
    except (OSError, ValueError):
        return None
    if limit == "max":
        return None
    counts = dict(zip(statistics[::2], statistics[1::2], strict=False))
    return max(0, int(limit) - used + int(counts.get("inactive_file", 0)))
