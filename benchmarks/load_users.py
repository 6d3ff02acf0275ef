"""Who asks in the load benchmark: a file of users for locust, told by variables what to do (benchmarks/load.py).

With a rate, each user asks every `EVERY` seconds whether or not the service keeps up, as long as replies take less;
without one, each asks again as soon as it has its reply.
"""

from __future__ import annotations

import itertools
import json
import os
import random
import time
from pathlib import Path

import gevent
from locust import FastHttpUser, events, task

EVERY = 2.0
QUESTIONS: list[str] = json.loads(Path(os.environ["LOAD_QUESTIONS"]).read_text())
ROUTE, COLLECTION, KEY = os.environ["LOAD_ROUTE"], os.environ["LOAD_COLLECTION"], os.environ["LOAD_KEY"]
OPEN = os.environ["LOAD_OPEN"] == "1"
number = itertools.count(random.randrange(10**9))
records: list[tuple[float, float, int]] = []
"""When it was sent, in seconds since 1970, milliseconds to the reply, and its status; 0: there was no reply."""


class Asking(FastHttpUser):
    connection_timeout = network_timeout = 60.0

    def on_start(self) -> None:
        if OPEN:
            gevent.sleep(random.uniform(0, EVERY))
        self.due = time.monotonic()

    def wait_time(self) -> float:
        """Until its own next moment: locust's `constant_throughput` brings all users to the same one."""
        self.due += EVERY if OPEN else 0.0
        return max(0.0, self.due - time.monotonic())

    @task
    def ask(self) -> None:
        own = next(number)
        text = f"{QUESTIONS[own % len(QUESTIONS)]} {own}"
        body = {"text" if ROUTE == "search" else "question": text, "collection": COLLECTION}
        headers = {"Authorization": f"Bearer {KEY}"} if KEY else {}
        sent, began = time.time(), time.perf_counter()
        with self.client.post(f"/v1/{ROUTE}", json=body, headers=headers, catch_response=True) as reply:
            reply.success()
        records.append((sent, 1000 * (time.perf_counter() - began), reply.status_code))


@events.quitting.add_listener
def write(environment: object, **_: object) -> None:
    del environment
    Path(os.environ["LOAD_RECORDS"]).write_text(json.dumps(records))
