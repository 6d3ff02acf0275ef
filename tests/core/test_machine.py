"""What the machine offers, and how a service makes use of it."""

from __future__ import annotations

import subprocess
import sys

SAID = """
import gc
from core.machine import collect_rarely
collect_rarely()
print(gc.get_freeze_count() > 1_000, gc.get_count()[0] < 1_000 < gc.get_threshold()[0])
"""


def test_what_a_service_has_loaded_is_not_looked_through_again():
    said = subprocess.run([sys.executable, "-c", SAID], capture_output=True, text=True, check=True)
    assert said.stdout.split() == ["True", "True"]
