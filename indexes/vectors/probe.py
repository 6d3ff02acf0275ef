"""Tries a vector store in a process of its own, since one that is damaged can end the process that opens it.

Run as a program (`python -m indexes.vectors.probe FOLDER`), with an archive of one array of vectors a collection on its
standard input: it opens the store, searches for each of them, and closes it.
"""

from __future__ import annotations

import io
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from core.errors import IndexBroken
from indexes.embedders.protocol import Vectors
from indexes.vectors.choose import open_vectors
from indexes.vectors.protocol import VectorIndex

SAME = 0.999
"""A vector's cosine with itself, rounding and all."""
MIN_SHARE = 0.5
"""The part of the samples that has to be found."""
NEIGHBOURS = 100
"""As many as a search asks for: the further a search walks, the sooner it meets what is damaged."""
SECONDS = 300


def probe(folder: Path, samples: Mapping[str, Vectors]) -> None:
    """Open the store in a child process and search it there for vectors, by collection.

    Raises:
        IndexBroken: the child died or met an error.
    """
    archive = io.BytesIO()
    names = np.array([name.encode("utf-8", "surrogatepass").hex() for name in samples])
    np.savez(archive, names, *samples.values())
    command = [sys.executable, "-m", __name__, str(folder)]
    try:
        done = subprocess.run(command, input=archive.getvalue(), capture_output=True, timeout=SECONDS, check=False)
    except subprocess.TimeoutExpired as error:
        raise IndexBroken(f"Opening the vector index in {folder} took more than {SECONDS} s.") from error
    if done.returncode < 0:
        raise IndexBroken(f"A process that opened the vector index in {folder} died of signal {-done.returncode}.")
    if done.returncode:
        last = done.stderr.decode("utf-8", "replace").strip().rpartition("\n")[2]
        raise IndexBroken(f"The vector index in {folder} cannot be opened: {last}.")


def finds(index: VectorIndex, samples: Mapping[str, Vectors]) -> bool:
    """Whether the samples of every collection are found by searching for them: counting proves nothing.

    Half of them at least: a large graph of near-copies misses some although its files are in order.
    """
    for collection, vectors in samples.items():
        nearest = index.nearest_to_each(collection, vectors, 1)
        if sum(bool(hits) and hits[0][1] > SAME for hits in nearest) < MIN_SHARE * len(vectors):
            return False
    return True


def _main(folder: Path) -> None:
    with np.load(io.BytesIO(sys.stdin.buffer.read())) as archive:
        names, *arrays = (archive[key] for key in archive.files)
    index = open_vectors(folder)
    found = asked = 0
    for name, vectors in zip(names, arrays, strict=True):
        hits = index.nearest_to_each(bytes.fromhex(name).decode("utf-8", "surrogatepass"), vectors, NEIGHBOURS)
        asked, found = asked + len(hits), found + sum(bool(each) and each[0][1] > SAME for each in hits)
    index.close()
    if 2 * found < asked:
        sys.exit(f"{found} of {asked} vectors are found")


if __name__ == "__main__":
    _main(Path(sys.argv[1]))
