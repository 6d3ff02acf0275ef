"""What the machine offers this process."""

from __future__ import annotations

import os


def cores() -> int:
    """The cores this process may use, where the system tells; a container's machine may have more."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
