"""The loop on which models are called."""

from __future__ import annotations

import subprocess
import sys

from tests.cli.conftest import ROOT

AT_ONCE = """
import asyncio, threading
from concurrent.futures import ThreadPoolExecutor
from core.deadline import Deadline
from service.answering.models.streaming import arriving

start = threading.Barrier(16)

def loop(_):
    async def work(give):
        give(id(asyncio.get_running_loop()))
    start.wait()
    return list(arriving(work, Deadline.never()))[0]

with ThreadPoolExecutor(16) as threads:
    print(len(set(threads.map(loop, range(16)))))
"""


def test_threads_that_make_their_first_call_at_once_share_a_loop() -> None:
    done = subprocess.run([sys.executable, "-c", AT_ONCE], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "1"
