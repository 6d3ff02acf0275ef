"""Documents that are closed, found by their file and by their content, whatever collection they are in and by whichever
source they came: what an ingestion for a caller who is no admin must not get round."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import RowMapping, Select, select

from core.access import Access, may_read
from core.sources import document_of, scheme_of
from indexes.catalogue import statements
from indexes.catalogue.catalogue import Catalogue
from indexes.catalogue.schema import about, collections, documents, transaction


@dataclass(frozen=True, slots=True, kw_only=True)
class Closing:
    """A document and the groups that whoever may say so closed it to."""

    collection: str
    document: str
    groups: frozenset[str]


def of_places(catalogue: Catalogue, places: Iterable[str]) -> dict[str, list[Closing]]:
    """By the whole name of a file, a path or a URL, what its documents are closed to by admins."""
    wanted = set(places)
    names = {name for place in wanted for name in _names(place)}
    within = documents.c.collection.in_(select(collections.c.name))  # so that the index by collection and name is used
    query = _query().where(within, statements.in_list(documents.c.document, names), documents.c.groups != [])
    found: dict[str, list[Closing]] = {}
    for row in _rows(catalogue, query):
        for place in _places(row["source"], row["document"]) & wanted:
            if _by_admins(row):
                found.setdefault(place, []).append(_closing(row))
    return found


def of_contents(catalogue: Catalogue, sha256s: Collection[str], access: Access) -> dict[str, list[Closing]]:
    """By the SHA-256 of a content, what documents of it are closed to by admins: those that `access` may read, if there
    is one, else the others. A content that is open in some document is not closed."""
    held: dict[str, list[RowMapping]] = {}
    for row in _rows(catalogue, _query().where(statements.in_list(documents.c.sha256, sha256s))):
        held.setdefault(row["sha256"], []).append(row)
    found: dict[str, list[Closing]] = {}
    for sha256, rows in held.items():
        if all(row["groups"] for row in rows):
            readable = [row for row in rows if may_read(access, row["groups"])]
            found[sha256] = [_closing(row) for row in readable or rows if _by_admins(row)]
    return found


def _query() -> Select[Any]:
    own = (documents.c[name] for name in ("collection", "document", "source", "sha256", "groups"))
    return select(*own, about.c.groups_from, about.c.brought_by).join(about)


def _rows(catalogue: Catalogue, query: Select[Any]) -> Sequence[RowMapping]:
    with transaction(catalogue.engine) as connection:
        return connection.execute(query).mappings().all()


def _by_admins(row: RowMapping) -> bool:
    """Whether an admin said so. What rules and metadata files say of a lesser caller's document is asked of them."""
    return row["groups_from"] in ("hand", "ingestion") or not (row["groups_from"] or row["brought_by"])


def _closing(row: RowMapping) -> Closing:
    return Closing(collection=row["collection"], document=row["document"], groups=frozenset(row["groups"]))


def _names(place: str) -> list[str]:
    """What the document of a file may be called: by its name from any folder above."""
    if scheme_of(place) in ("http", "https"):
        return [document_of(place)]
    parts = place.split("/")
    return ["/".join(parts[start:]) for start in range(1, len(parts))]


def _places(source: str, document: str) -> set[str]:
    """The whole names that a stored document's file may have: in its source, or being its source."""
    return {f"{source.rstrip('/')}/{document}", source, f"https://{document}"}
