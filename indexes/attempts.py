"""Work that was begun and that no process has lived to end: what a file that takes the whole service down leaves.

A row is written before the work and deleted after it, however it ended; only a process that dies leaves it there.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import Engine, case, delete, select
from sqlalchemy.dialects.sqlite import insert as upsert

from indexes import schema
from indexes.schema import attempts

_TABLE = attempts.c


class Attempts:
    """The table `attempts`. Safe to call from several threads."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    @contextmanager
    def begun(self, job_id: str, document: str = "", *, left: int = 0) -> Iterator[int]:
        """Work inside on a document, or on whatever there is; yields how often that was begun and not lived through.

        This time counts: 1 is the first. When another number of documents is `left`, the last time got somewhere.
        """
        statement = upsert(attempts).values(job_id=job_id, document=document, starts=1, left=left)
        again = case((_TABLE.left == left, _TABLE.starts + 1), else_=1)
        values = {"starts": again, "left": left}
        this = (_TABLE.job_id == job_id) & (_TABLE.document == document)
        with schema.transaction(self._engine, write=True) as connection:
            connection.execute(statement.on_conflict_do_update(index_elements=["job_id", "document"], set_=values))
            starts = connection.execute(select(_TABLE.starts).where(this)).scalar_one()
        try:
            yield starts
        finally:
            with schema.transaction(self._engine, write=True) as connection:
                connection.execute(delete(attempts).where(this))

    def deaths(self, job_id: str) -> dict[str, int]:
        """How many processes died over each single document of the job, of those that none has lived through since."""
        with schema.transaction(self._engine) as connection:
            these = select(_TABLE.document, _TABLE.starts).where(_TABLE.job_id == job_id, _TABLE.document != "")
            return {row.document: row.starts for row in connection.execute(these)}
