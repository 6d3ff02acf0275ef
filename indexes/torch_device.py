"""Where torch computes: on a GPU if it sees one, and with how many threads on the processor."""

from __future__ import annotations

from typing import Literal

from core.errors import SettingsError
from core.machine import cores

Device = Literal["auto", "cpu", "cuda", "mps"]


def torch_device(asked: Device) -> str:
    """The device that was asked for; for auto CUDA, else Apple's GPU, else the processor. Loads torch.

    Raises:
        SettingsError: torch does not see that device.
    """
    import torch

    seen = {"cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available(), "cpu": True}
    if asked == "auto":
        return next(device for device, there in seen.items() if there)
    if not seen[asked]:
        raise SettingsError(
            f"torch {torch.__version__} sees no device {asked!r} on this machine. Set device to auto, or install the "
            "build of torch that is made for it."
        )
    return asked


def sees_gpu() -> bool:
    """Whether auto means a GPU. Loads torch."""
    return torch_device("auto") != "cpu"


def use_threads(threads: int) -> None:
    """Let torch compute with so many threads, in the whole process; 0: as many as there are cores."""
    import torch

    torch.set_num_threads(threads or cores())
