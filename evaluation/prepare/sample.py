"""Some of the questions of a dataset, drawn by a seed and spread over its clusters."""

from __future__ import annotations

import hashlib
import random
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import replace
from itertools import chain, zip_longest

from evaluation.dataset import Dataset, Item


def spread(items: Iterable[Item], count: int, *, seed: int) -> list[Item]:
    """At most `count` questions: one of each cluster before the second of any, both in an order drawn by the seed."""
    drawn = list(items)
    random.Random(seed).shuffle(drawn)
    clusters: defaultdict[str, list[Item]] = defaultdict(list)
    for item in drawn:
        clusters[item.cluster_name].append(item)
    rounds = chain.from_iterable(zip_longest(*clusters.values()))
    return [item for item in rounds if item is not None][:count]


def dataset_of(items: Iterable[Item], of: Dataset) -> Dataset:
    """These questions as a dataset of their own, in the order in which they stand in the one that they are from."""
    wanted = {item.id for item in items}
    kept = tuple(item for item in of.items if item.id in wanted)
    lines = (item.model_dump_json(exclude_unset=True) + "\n" for item in kept)
    content = "".join(lines).encode("utf-8", "surrogatepass")
    return replace(of, sha256=hashlib.sha256(content).hexdigest(), items=kept, content=content)
