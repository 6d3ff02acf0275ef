"""How often intervals hold the truth, and how often a rung is climbed for nothing: the tables of docs/evaluation.md.

    python -m benchmarks.coverage [--samples 4000] [--runs 2000]

Worlds and seeds are those of the slow tests, so the same figures come out again.
"""

from __future__ import annotations

import argparse
import sys

from tests.evaluation.money.test_verdict import NULL_WORLDS, SAMPLES, false_climbs
from tests.evaluation.statistics.test_coverage import CASES, WORLDS, paired_coverage, share_coverage


def between(found: list[float]) -> str:
    """The least and the most of some shares, in per cent."""
    return f"{100 * min(found):.1f}–{100 * max(found):.1f} %"


def covered(case: str, samples: int) -> str:
    """A row on the groups of one case: shares, differences, gains."""
    of, icc = CASES[case]
    shares = [share_coverage(share, of, icc, samples, 4) for share in (0.5, 0.7, 0.9)]
    paired = [paired_coverage(world, of, icc, samples, 3) for world in WORLDS]
    columns = [shares, *([found[place] for found in paired] for place in (0, 1))]
    return f"| {' | '.join([case, *map(between, columns)])} |"


def climbed(world: str, runs: int) -> str:
    """A row on one world: the most false climbs over the sizes and groups of samples."""
    return f"| {world} | {100 * max(false_climbs(world, sample, runs) for sample in SAMPLES):.1f} % |"


def said(line: str) -> None:
    """A line as soon as it is known."""
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--samples", type=int, default=4000)
    parser.add_argument("--runs", type=int, default=2000)
    chosen = parser.parse_args()
    said("| questions | shares | differences | gains |\n|---|---|---|---|")
    for case in CASES:
        said(covered(case, chosen.samples))
    said("\n| world | false climbs, at most |\n|---|---|")
    for world in NULL_WORLDS:
        said(climbed(world, chosen.runs))
