"""What the machine offers this process."""

from __future__ import annotations

import ctypes
import gc
import os
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.machinery import ModuleSpec
from pathlib import Path

M_ARENA_MAX = -8
"""Of malloc.h."""
BETWEEN_COLLECTIONS = (5_000, 50, 50)
"""New objects between two looks at the new ones, and looks at those between two at all that came since the start."""
_MAIN = threading.Lock()


def cores() -> int:
    """The cores this process may use, where the system tells; a container's machine may have more."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def keep_few_heaps() -> None:
    """Have this process's threads share two heaps, where the C library is GNU's: it would give every thread its own.

    Libraries of compiled code allocate there; what threads free in a heap of their own stays with the process.
    """
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is not None:
        mallopt(M_ARENA_MAX, 2)


def collect_rarely() -> None:
    """Have Python look for garbage in cycles seldom, and not at all among what there is now.

    A look at all that a service has loaded takes a tenth of a second, in which its interpreter answers nobody.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(*BETWEEN_COLLECTIONS)


@contextmanager
def without_main() -> Iterator[None]:
    """A process started now does not run the program's main file again, as spawning would have it: it needs none of it.

    multiprocessing leaves out the main file of a package, `python -m package`: that is what it takes this one for.
    """
    main = sys.modules["__main__"]
    with _MAIN:
        spec = main.__spec__
        main.__spec__ = ModuleSpec("touchstone.__main__", None)
        try:
            yield
        finally:
            main.__spec__ = spec


@dataclass(frozen=True, slots=True)
class Hardware:
    """What speeds a model up: a GPU of NVIDIA, and a processor that multiplies matrices of bfloat16."""

    nvidia_gpu: bool
    bfloat16: bool


def hardware() -> Hardware:
    """As the system shows it: asked without loading torch, which would take a second. False where it does not tell."""
    try:
        flags = Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace").split()
    except OSError:
        flags = []
    return Hardware(
        nvidia_gpu=any(Path("/dev").glob("nvidia[0-9]*")),
        bfloat16=not {"avx512_bf16", "amx_bf16"}.isdisjoint(flags),
    )
