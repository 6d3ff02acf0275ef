"""A folder that keys may ingest from, as the machine of leaks.py knows it: who may read which of its files."""

from __future__ import annotations

import itertools
import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from hypothesis import strategies as st

from core.settings.sections import Rule
from tests.service.api.probes import WORDS

RULES = (Rule(pattern="ruled/**", groups=("zgroupa",)),)
FOLDERS = {"open": frozenset[str](), "ruled": frozenset({"zgroupa"}), "told": frozenset({"zgroupb"})}
"""Whom files are for: everybody, by a rule of the settings, and by the groups of an admin's ingestion."""
TOGETHER = "together"
"""The collection into which everybody ingests the folder."""


@dataclass
class SharedFile:
    """A file; its words are for whoever its folder is for, wherever it was ingested to."""

    groups: frozenset[str]
    members: dict[str, frozenset[str]]
    by: str = "nobody"
    written: str = ""

    def readable_by(self, caller: str) -> bool:
        return caller == "root" or not self.groups or bool(self.groups & self.members[caller])


class Told(Protocol):
    """How the machine calls the service: every reply is searched."""

    def call(self, caller: str, method: str, path: str, **content: Any) -> Any: ...


@dataclass
class Shared:
    """The folder, and what was brought in of it by whom."""

    root: Path
    told: Told
    files: dict[str, tuple[SharedFile, str, str]] = field(default_factory=dict)
    bringers: dict[tuple[str, str], str] = field(default_factory=dict)
    number: itertools.count[int] = field(default_factory=itertools.count)

    def write(self, folder: str, name: str, text: str, beside: Path | None) -> None:
        """The owner writes a file, or has a link lead to one; an ingestion tells of it before others come."""
        path = self.root / folder / f"{name}.md"
        path.parent.mkdir(parents=True, exist_ok=True)
        if beside is not None:
            os.symlink(beside, path)
        else:
            path.write_text(f"# About {text}\n\nThe {text} says that {WORDS}.\n")
        if folder == "told":
            body = {"source": str(self.root / folder), "collection": "told", "groups": sorted(FOLDERS["told"])}
            self.ingest("root", body)

    def paths(self) -> list[Path]:
        return sorted(path for path in self.root.rglob("*.md") if not path.is_symlink())

    def ingest(self, caller: str, body: dict[str, Any]) -> None:
        """Somebody ingests from it, perhaps again: what others brought in is as it was."""
        before = self.held(body["collection"])
        reply = self.told.call(caller, "POST", "/v1/ingestions", json=body)
        assert reply.status_code == 202, reply.text
        if reply.json()["state"] not in ("COMPLETED", "RUNNING"):
            job = reply.json()["job_id"]
            assert self.told.call(caller, "POST", f"/v1/ingestions/{job}/retry").status_code == 202
        after = self.held(body["collection"])
        for name, row in before.items():
            if caller not in ("root", self.bringers[(body["collection"], name)]):
                assert after.get(name) == row, f"{caller} changed {name}: {row} -> {after.get(name)}"
        for name in after.keys() - before.keys():
            self.bringers[(body["collection"], name)] = caller

    def held(self, collection: str) -> dict[str, tuple[str, list[str]]]:
        found = self.told.call("root", "GET", "/v1/documents", params={"collection": collection, "limit": 1000})
        rows = found.json()["documents"] if found.status_code == 200 else []
        return {row["document"]: (row["version"], row["groups"]) for row in rows}

    def look(self, caller: str, collection: str) -> None:
        """Somebody reads what there is of it."""
        listed = self.told.call(caller, "GET", "/v1/documents", params={"collection": collection})
        for row in listed.json().get("documents", [])[:3]:
            self.told.call(caller, "GET", f"/v1/documents/{row['id']}/text")
        self.told.call(caller, "POST", "/v1/search", json={"text": WORDS, "collection": collection, "limit": 100})


def bodies(shared: Shared, caller: str, own: frozenset[str]) -> st.SearchStrategy[dict[str, Any]]:
    """What a caller may send to ingest from the folder: all of it, a part, a file, by patterns, to where it likes."""
    places = [shared.root, *(shared.root / name for name in FOLDERS), *shared.paths()]
    return st.fixed_dictionaries(
        {
            "source": st.sampled_from([str(place) for place in places if place.exists()]),
            "collection": st.sampled_from([TOGETHER, "told", f"of-{caller}"]),
            "include": st.sampled_from([[], ["*.md"], ["told/**"], ["ruled", "open"]]),
        },
        optional={"groups": st.sampled_from([sorted(own), sorted(own)[:1]])},
    )
