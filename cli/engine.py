"""Opens what a command works through: the data folder itself, or the service that owns it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from app.engine import Engine
from cli.output import remark
from core.errors import UsageError
from core.settings.load import Settings


@contextmanager
def open_engine(settings: Settings, *, create: bool = False, reading: bool = False) -> Iterator[Engine]:
    """The service that owns the data folder, or else the folder itself.

    `reading`: the command changes nothing, and so can work beside a process that owns the folder and is no service.

    Raises:
        UsageError: there is no data folder yet, and `create` is False.
        DataFolderOwned: a process that is no service owns it.
    """
    from indexes.upkeep.lock import owner_of

    if not create and not settings.data.is_dir():
        raise UsageError(
            f"There is no data folder at {settings.data}. Run 'touchstone ingest FOLDER' first, or name it with --data."
        )
    owner = owner_of(settings.data) if settings.data.is_dir() else None
    if owner and owner.url:
        from app.remote import RemoteEngine

        with RemoteEngine(owner.url, owner.secret) as remote:
            yield remote
        return
    from app.local import LocalEngine
    from indexes.open import open_indexes
    from indexes.read_only import open_to_read

    if reading and owner:
        with open_to_read(settings) as indexes:
            yield LocalEngine(settings, indexes)
        return
    with open_indexes(settings) as indexes:
        try:
            yield LocalEngine(settings, indexes)
        finally:
            for trouble in indexes.caretaker.troubles():
                remark(trouble)
