"""Whether SQLite finds its own file in order, for a catalogue that no seal vouches for."""

from __future__ import annotations

from core.errors import IndexBroken
from indexes.catalogue import Catalogue
from indexes.schema import transaction
from indexes.seal import REMEDY

MOST_FAULTS = 3


def check(catalogue: Catalogue, *, thorough: bool = False) -> None:
    """Look through the pages of the file; `thorough`: at its indices and values as well.

    Raises:
        IndexBroken: it is damaged.
    """
    found = faults(catalogue, thorough=thorough)
    if found:
        raise IndexBroken(f"The catalogue {catalogue.engine.url.database} is damaged: {'; '.join(found)}. {REMEDY}")


def faults(catalogue: Catalogue, *, thorough: bool) -> list[str]:
    """What SQLite finds wrong, a few words each."""
    pragma = "integrity_check" if thorough else "quick_check"
    with transaction(catalogue.engine) as connection:
        rows = connection.exec_driver_sql(f"pragma {pragma}({MOST_FAULTS})").scalars().all()
        orphans = connection.exec_driver_sql("pragma foreign_key_check").all()
    found = [" ".join(str(row).split()) for row in rows if row != "ok"]
    return found + [f"{len(orphans)} rows belong to none"] * bool(orphans)
