"""Runs Python in a process of its own that is ended after a while."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]


def within(seconds: float, code: str) -> str:
    """What the code prints. Fails when it does not end; so long a limit is no measure of how fast it is."""
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, timeout=seconds)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()
