"""Who may read a document, said by a person: it holds from the next query on, and no vector is written for it."""

from __future__ import annotations

from collections.abc import Collection

from sqlalchemy import or_, select, update

from core.errors import UsageError
from indexes.catalogue.catalogue import Catalogue
from indexes.catalogue.rows import DocumentRow
from indexes.catalogue.schema import about, documents, transaction

INSIDE = "!/"
"""Parts a file's name from the name of what is in it."""


def set_groups(catalogue: Catalogue, row: DocumentRow, groups: Collection[str]) -> None:
    """Let these groups read a document, with all that is in it; none: everybody. Ingesting it again changes nothing.

    Raises:
        UsageError: the document came in another one, whose groups it has.
    """
    holder = row.document.partition(INSIDE)[0]
    if holder != row.document:
        raise UsageError(f"{row.document} came in {holder} and has its groups. Set them there.")
    inside = documents.c.document.startswith(f"{row.document}{INSIDE}", autoescape=True)
    these = (documents.c.collection == row.collection) & or_(documents.c.id == row.id, inside)
    ids = select(documents.c.id).where(these)
    with transaction(catalogue.engine, write=True) as connection:
        connection.execute(update(about).where(about.c.document_id.in_(ids)).values(groups_from="hand"))
        connection.execute(update(documents).where(these).values(groups=sorted(set(groups))))
