"""Panics of libraries written in Rust: exceptions that no `except Exception` sees, of types that cannot be imported."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ContextDecorator


class PanicsAs(ContextDecorator):
    """A panic inside becomes an error that is made of what it said."""

    def __init__(self, error: Callable[[str], Exception]) -> None:
        self._error = error

    def __enter__(self) -> None:
        """Nothing to open."""

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: object) -> None:
        """The panic as what it means."""
        if kind is not None and kind.__name__ == "PanicException":
            raise self._error(str(error)) from error
