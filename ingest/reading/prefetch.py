"""Files are read ahead of whoever embeds and writes them: they come out in order, while the next ones are read."""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Future

from ingest.discover import Item
from ingest.outcomes import Failed, Skipped
from ingest.reading.isolation import Ended
from ingest.reading.pool import ParserPool
from ingest.reading.read import Allowance, Draft, File, attached, without_attachments

_MAX_FILES, _MAX_BYTES = 64, 64_000_000
"""Read ahead, at most: enough for a batch or two of small files, and no more memory than a few large ones take."""
_TRANSIENT = {"timed_out", "out_of_memory"}
"""What may be owed to the neighbours: such a file is read once more at the end, alone."""
_log = logging.getLogger(__name__)

Source = Item | File
Reader = ParserPool[Source, Draft | Skipped | Failed]


def read_ahead(reader: Reader, sources: Iterable[Source]) -> Iterator[Draft | Skipped | Failed]:
    """What becomes of each file and of what is attached to it, in order; files read a second time come last.

    Raises:
        Unavailable: no process that reads can be started.
    """
    again: list[Source] = []
    allowance = Allowance()
    for source, result in _in_order(reader, sources, allowance):
        if isinstance(result, Ended) and result.code in _TRANSIENT:
            again.append(source)
        else:
            yield _outcome(source, result)
    for suspect in again:
        for source, result in _in_order(reader, [suspect], allowance):
            yield _outcome(source, result)


def _in_order(
    reader: Reader, sources: Iterable[Source], allowance: Allowance
) -> Iterator[tuple[Source, Draft | Skipped | Failed | Ended]]:
    waiting: deque[tuple[Source, Future[Draft | Skipped | Failed | Ended]]] = deque()
    coming = iter(sources)
    following = next(coming, None)
    while waiting or following is not None:
        while following is not None and _has_room(waiting, following):
            waiting.append((following, reader.submit(following)))
            following = next(coming, None)
        source, future = waiting.popleft()
        result = reader.result(future)
        if isinstance(result, Draft):
            yield source, without_attachments(result)
            yield from _in_order(reader, attached(result, allowance), allowance)
        else:
            yield source, result


def _has_room(waiting: Iterable[tuple[Source, object]], following: Source) -> bool:
    sizes = [source.size for source, _ in waiting]
    return not sizes or (len(sizes) < _MAX_FILES and sum(sizes) + following.size <= _MAX_BYTES)


def _outcome(source: Source, result: Draft | Skipped | Failed | Ended) -> Draft | Skipped | Failed:
    if not isinstance(result, Ended):
        return result
    _log.warning(
        "a document could not be read",
        extra={"code": result.code, "trace": result.trace},
    )
    return Failed(source.document, result.code, result.reason)
