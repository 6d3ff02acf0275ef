"""What of an open data folder is out of order, in sentences, while the rest of it answers."""

from __future__ import annotations

import logging
import threading

logger = logging.getLogger(__name__)

PARTS = ("catalogue", "keyword index", "vector index")


class Health:
    """One sentence for each part that does not do its work now. Safe to use from several threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._troubles: dict[str, str] = {}

    def note(self, part: str, trouble: str) -> None:
        """Say that a part is out of order; the first thing said of it stands."""
        with self._lock:
            known = part in self._troubles
            self._troubles.setdefault(part, trouble)
        if not known:
            logger.warning("degraded", extra={"part": part, "trouble": trouble})

    def clear(self, part: str) -> None:
        """Say that a part is in order again."""
        with self._lock:
            known = self._troubles.pop(part, None)
        if known:
            logger.warning("in order again", extra={"part": part})

    def parts(self) -> frozenset[str]:
        """The parts that are out of order."""
        with self._lock:
            return frozenset(self._troubles)

    def troubles(self) -> tuple[str, ...]:
        """A sentence for each part that is out of order."""
        with self._lock:
            return tuple(self._troubles.values())
