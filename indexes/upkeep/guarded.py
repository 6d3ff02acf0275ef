"""What both derived indexes do alike: reads that are answered around when they fail, and writes that lose nothing."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Generic, Protocol, TypeVar

from core.errors import IndexBroken
from indexes.upkeep.derived import Closable, Guard


class Derived(Closable, Protocol):
    """What both kinds of index can do."""

    def ids(self, collection: str) -> set[str]:
        """Every id. Raises IndexBroken."""

    def delete(self, collection: str, ids: Sequence[str]) -> None:
        """Remove the ids. Raises IndexBroken."""

    def drop(self, collection: str) -> None:
        """Remove a collection. Raises IndexBroken."""


D = TypeVar("D", bound=Derived)
T = TypeVar("T")


class Guarded(Generic[D]):
    """A derived index over a guarded store."""

    def __init__(self, guard: Guard[D]) -> None:
        self.guard = guard

    def ids(self, collection: str) -> set[str]:
        """The ids that the store holds. Raises IndexBroken when it is broken."""
        return self.strictly(lambda store: store.ids(collection))

    def delete(self, collection: str, ids: Sequence[str]) -> None:
        """Remove the ids. What they stood for stays in the files until the store is purged."""
        if ids:
            self.guard.write(lambda store: store.delete(collection, ids), deletes=True)

    def drop(self, collection: str) -> None:
        """Remove a collection, as `delete`."""
        self.guard.write(lambda store: store.drop(collection), deletes=True)

    def close(self) -> None:
        """Release the store."""
        self.guard.close()

    def strictly(self, ask: Callable[[D], T]) -> T:
        """What the store says. Raises IndexBroken when it is broken."""
        self.guard.open()
        with self.guard.reading() as store:
            return ask(self.guard.whole(store))

    def gently(self, ask: Callable[[D], T], otherwise: Callable[[], T]) -> T:
        """What the store says, or what is said while there is none or it breaks."""
        with self.guard.reading() as store:
            if store is not None:
                try:
                    return ask(store)
                except IndexBroken as error:
                    self.guard.fail(store, error)
        return otherwise()
