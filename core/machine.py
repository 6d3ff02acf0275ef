"""What the machine offers this process."""

from __future__ import annotations

import os
from pathlib import Path


def cores() -> int:
    """The cores this process may use, where the system tells; a container's machine may have more."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def multiplies_bfloat16() -> bool:
    """Whether the processor multiplies matrices of bfloat16 in hardware; False where the system does not tell."""
    try:
        flags = Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace").split()
    except OSError:
        return False
    return not {"avx512_bf16", "amx_bf16"}.isdisjoint(flags)


def has_nvidia_gpu() -> bool:
    """Whether the system shows a GPU of NVIDIA: asked without loading torch, which would take a second."""
    return any(Path("/dev").glob("nvidia[0-9]*"))
