"""What the load benchmark makes of the requests that were sent."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

WARM = 3.0
"""Seconds at the beginning of a phase that are not counted: the users come in one after the other."""
REFUSED = frozenset({429, 503})


@dataclass(frozen=True, slots=True)
class Phase:
    """A part of the measurement: (sent, milliseconds, status) of each request, and the cores that both sides used."""

    records: tuple[tuple[float, float, int], ...]
    seconds: int
    service_cores: float
    locust_cores: float

    def counted(self) -> list[tuple[float, float, int]]:
        start = min(sent for sent, _, _ in self.records) + WARM
        return [record for record in self.records if start <= record[0] < start + self.seconds]

    def times(self, statuses: frozenset[int]) -> list[float]:
        return [milliseconds for _, milliseconds, status in self.counted() if status in statuses]

    @property
    def answered_a_second(self) -> float:
        """Replies with an answer or a refusal to answer, by when they came."""
        start = min(sent for sent, _, _ in self.records) + WARM
        ends = [sent + milliseconds / 1000 for sent, milliseconds, status in self.records if status == 200]
        return sum(start <= end < start + self.seconds for end in ends) / self.seconds

    def p(self, percent: float) -> float:
        """Of the answers' milliseconds."""
        return float(np.percentile(self.times(frozenset({200})), percent))


def report(phase: Phase) -> str:
    """A phase in a line."""
    statuses = Counter(status for _, _, status in phase.counted())
    refused = phase.times(REFUSED)
    errors = sum(number for status, number in statuses.items() if status not in {200, *REFUSED})
    parts = [
        f"{len(phase.counted()) / phase.seconds:.0f} sent and {phase.answered_a_second:.0f} answered a second",
        f"answers p50 {phase.p(50):.0f} ms, p99 {phase.p(99):.0f} ms",
        f"{len(refused)} refused" + (f" (p99 {np.percentile(refused, 99):.0f} ms)" if refused else ""),
        f"{errors} errors",
        f"cores: service {phase.service_cores:.2f}, locust {phase.locust_cores:.2f}",
    ]
    return "; ".join(parts)


def table(found: Mapping[str, object]) -> str:
    """Everything as a table of Markdown."""
    return "\n".join(["| | |", "|---|---|", *(f"| {name} | {value} |" for name, value in found.items())])
