"""A machine that does to a service whatever callers can do, and looks for words of documents in what others are told.

Every name, title and text holds a word of its own; every reply to everybody is searched for words it may not hold.
"""

from __future__ import annotations

import json
import re
import shutil
from collections import defaultdict
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from core.ids import document_id
from tests.service.api.callers import Caller
from tests.service.api.probes import WORDS, blurred, called, probes
from tests.service.api.shared import FOLDERS, TOGETHER, Shared, SharedFile, bodies

CANARY = re.compile(r"zq[0-9]{7}")
GROUP = re.compile(r"zgroup[abc]")
KEY = re.compile(r"ts_[0-9a-f]{12}_[A-Za-z0-9_-]{43}")
MEMBERS: dict[str, frozenset[str]] = {
    "root": frozenset(),
    "ann": frozenset({"zgroupa"}),
    "bob": frozenset({"zgroupb"}),
    "cat": frozenset({"zgroupa", "zgroupb"}),
    "dan": frozenset(),
}
COLLECTIONS = ("one", "two")

callers = st.sampled_from(sorted(MEMBERS))
others = st.sampled_from(sorted(set(MEMBERS) - {"root"}))
collections = st.sampled_from(COLLECTIONS)
slots = st.integers(0, 2)
groups = st.sets(st.sampled_from(["zgroupa", "zgroupb", "zgroupc"]), max_size=2).map(sorted)


@dataclass
class Doc:
    """What the machine knows of a document. `origin` as in the catalogue: "", "ingestion" or "hand"."""

    collection: str
    name: str
    canary: str
    by: str
    written: str = ""
    groups: frozenset[str] = frozenset()
    origin: str = ""
    there: bool = False

    def readable_by(self, caller: str) -> bool:
        return self.there and (caller == "root" or not self.groups or bool(self.groups & MEMBERS[caller]))


@dataclass
class World:
    """An open service with a key for everybody, used by one run after the other."""

    callers: dict[str, Caller]
    sources: Path
    words: dict[str, tuple[Doc | SharedFile, str]] = field(default_factory=dict)
    asked: defaultdict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    """The words that each caller said itself: its jobs of earlier runs still tell them."""
    replies: int = 0
    checked: int = 0

    def word(self, doc: Doc | SharedFile, kind: str) -> str:
        made = f"zq{len(self.words):07d}"
        self.words[made] = (doc, kind)
        return made


class Leaks(RuleBasedStateMachine):
    """One run. `docs` by (collection, slot, whose it is)."""

    world: World

    def __init__(self) -> None:
        super().__init__()
        self.docs: dict[tuple[str, int, str], Doc] = {}
        self.looks = 0
        self.shared = Shared(self.world.sources / "shared", self)

    def teardown(self) -> None:
        for doc in self.docs.values():
            if doc.there:
                self.removed(doc)
        for collection in {collection for collection, _ in self.shared.bringers} | {"told"}:
            self.call("root", "DELETE", f"/v1/collections/{collection}")
        shutil.rmtree(self.shared.root, ignore_errors=True)
        for path in self.world.sources.rglob("*.md*"):
            path.unlink()

    # What is looked at in every reply

    def call(self, caller: str, method: str, path: str, **content: Any) -> Any:
        who = self.world.callers[caller]
        reply = who.call(method, path, **content)
        asked = json.dumps([path, content], default=str)
        told = reply.text + json.dumps(dict(reply.headers))
        self.world.replies += 1
        self.world.asked[caller].update(CANARY.findall(asked))
        assert reply.status_code < 500 or path == "/v1/index", (method, path, reply.text)
        for word in set(CANARY.findall(told)) - set(CANARY.findall(asked)):
            self.world.checked += 1
            doc, kind = self.world.words[word]
            known = caller in ("root", doc.by) or word in self.world.asked[caller]
            named = kind == "name" and known  # in the reports of its own jobs, and of those on a file that it named
            fresh = kind == "name" or doc.written in ("", word)
            assert named or (fresh and doc.readable_by(caller)), f"{caller} {method} {path}: {kind} of {doc}: {told}"
        strange = set(GROUP.findall(told)) - set(GROUP.findall(asked)) - MEMBERS[caller]
        assert caller == "root" or not strange, f"{caller} {method} {path}: {strange}"
        assert not KEY.search(told)
        return reply

    def doc(self, collection: str, slot: int, by: str) -> Doc:
        key = (collection, slot, by)
        if key not in self.docs:
            doc = Doc(collection, "", "", by)
            doc.canary = self.world.word(doc, "name")
            doc.name = f"{doc.canary}.md" if by == "root" else f"@{by}/{doc.canary}.md"
            self.docs[key] = doc
        return self.docs[key]

    def written(self, doc: Doc) -> bytes:
        doc.written = self.world.word(doc, "text")
        return f"# About {doc.written}\n\nThe {doc.written} says that {WORDS}.\n".encode()

    def id_of(self, doc: Doc) -> str:
        return document_id(doc.collection, doc.name)

    def removed(self, doc: Doc) -> None:
        assert self.call("root", "DELETE", f"/v1/documents/{self.id_of(doc)}").status_code == 204
        doc.there, doc.groups, doc.origin = False, frozenset(), ""

    # What changes something

    @rule(caller=others, collection=collections, slot=slots, asked=st.none() | groups)
    def upload(self, caller: str, collection: str, slot: int, asked: list[str] | None) -> None:
        doc, own = self.doc(collection, slot, caller), MEMBERS[caller]
        wanted = own if not asked else frozenset(asked)  # a form cannot tell an empty list from none
        before = doc.written
        files = {"files": (f"{doc.canary}.md", self.written(doc))}
        form = {"collection": collection, **({"groups": asked} if asked else {})}
        reply = self.call(caller, "POST", "/v1/ingestions", files=files, data=form)
        if not wanted <= own:
            assert reply.status_code == 403
            doc.written = before
            return
        assert (reply.status_code, reply.json()["state"]) == (202, "COMPLETED"), reply.text
        doc.there = True
        if doc.origin != "hand":
            doc.groups, doc.origin = wanted, "ingestion"

    @rule(collection=collections, slot=slots, beside=st.none() | groups.filter(bool), asked=st.none() | groups)
    def ingest(self, collection: str, slot: int, beside: list[str] | None, asked: list[str] | None) -> None:
        """The owner writes a file, says beside it who may read it or no longer does, and ingests the folder."""
        folder = self.world.sources / collection
        doc = self.doc(collection, slot, "root")
        folder.mkdir(exist_ok=True)
        (folder / doc.name).write_bytes(self.written(doc))
        sidecar = folder / f"{doc.name}.meta.json"
        sidecar.unlink(missing_ok=True)
        if beside:
            sidecar.write_text(json.dumps({"groups": beside}))
        self.reindex(collection, asked)

    @rule(collection=collections, asked=st.none() | groups)
    def reindex(self, collection: str, asked: list[str] | None) -> None:
        folder = self.world.sources / collection
        present = [doc for doc in self.docs.values() if doc.collection == collection and (folder / doc.name).is_file()]
        if not present:
            return
        body = {"source": str(folder), "collection": collection, "groups": asked}
        reply = self.call("root", "POST", "/v1/ingestions", json=body)
        assert reply.json()["state"] == "COMPLETED", reply.text
        for doc in present:
            sidecar = folder / f"{doc.name}.meta.json"
            doc.there = True
            if doc.origin == "hand":
                continue
            if sidecar.exists():
                doc.groups, doc.origin = frozenset(json.loads(sidecar.read_text())["groups"]), ""
            elif asked is not None:
                doc.groups, doc.origin = frozenset(asked), "ingestion"
            elif doc.origin != "ingestion":
                doc.groups = frozenset()

    @precondition(lambda self: any(doc.there for doc in self.docs.values()))
    @rule(data=st.data(), to=groups, caller=callers)
    def change_groups(self, data: st.DataObject, to: list[str], caller: str) -> None:
        doc = data.draw(st.sampled_from([doc for doc in self.docs.values() if doc.there]), label="document")
        reply = self.call(caller, "PATCH", f"/v1/documents/{self.id_of(doc)}", json={"groups": to})
        assert reply.status_code == (200 if caller == "root" else 403)
        if caller == "root":
            doc.groups, doc.origin = frozenset(to), "hand"

    @precondition(lambda self: any(doc.there for doc in self.docs.values()))
    @rule(data=st.data(), caller=callers)
    def delete(self, data: st.DataObject, caller: str) -> None:
        doc = data.draw(st.sampled_from([doc for doc in self.docs.values() if doc.there]), label="document")
        reply = self.call(caller, "DELETE", f"/v1/documents/{self.id_of(doc)}")
        if not doc.readable_by(caller):
            assert reply.status_code == 404
        elif caller in ("root", doc.by):
            assert reply.status_code == 204
            doc.there, doc.groups, doc.origin = False, frozenset(), ""
        else:
            assert reply.status_code == 403

    @rule(folder=st.sampled_from(sorted(FOLDERS)), linked=st.booleans(), data=st.data())
    def share(self, folder: str, linked: bool, data: st.DataObject) -> None:
        """The owner puts a file, or a link to one, into the folder that keys may ingest from."""
        file, beside = SharedFile(FOLDERS[folder], MEMBERS), None
        if linked and self.shared.paths():
            beside = data.draw(st.sampled_from(self.shared.paths()), label="leads to")
        of_link = SharedFile(frozenset(), MEMBERS)  # nobody closed the name of a link that cannot be followed
        named = of_link if beside is not None and folder == "told" else file
        name, text = self.world.word(named, "name"), self.world.word(file, "text")
        self.shared.write(folder, name, text, beside)

    @precondition(lambda self: self.shared.paths())
    @rule(data=st.data())
    def rename(self, data: st.DataObject) -> None:
        """A shared file gets another name; nobody ingests it for the owner meanwhile."""
        path = data.draw(st.sampled_from(self.shared.paths()), label="file")
        name = self.world.word(SharedFile(FOLDERS[path.parent.name], MEMBERS), "name")
        path.rename(path.with_name(f"{name}.md"))

    @precondition(lambda self: (self.shared.root / "open").is_dir())
    @rule(data=st.data(), caller=callers)
    def ingest_shared(self, data: st.DataObject, caller: str) -> None:
        body = data.draw(bodies(self.shared, caller, MEMBERS[caller]), label="body")
        if caller == "root":
            body = {**body, "collection": TOGETHER, "groups": None}
            body["source"] = str(self.shared.root / "open")  # into it, what is told of "told" would be said anew
        self.call(caller, "POST", "/v1/ingestions/plan", json=body)
        self.shared.ingest(caller, body)
        for reader in (caller, "dan"):
            self.shared.look(reader, body["collection"])

    # What tells something

    @rule(caller=callers, collection=collections, explain=st.booleans(), stream=st.booleans())
    def ask(self, caller: str, collection: str, explain: bool, stream: bool) -> None:
        question = "How many weeks of parental leave are paid?"
        body = {"text": question, "collection": collection, "limit": 100, "explain": explain}
        found = self.call(caller, "POST", "/v1/search", json=body)
        readable = {doc.name for doc in self.readable(caller, collection)}
        if found.status_code == 200:
            assert {hit["document"] for hit in found.json()["hits"]} == readable
        else:
            assert (found.status_code, readable) == (404, set())
        self.call(caller, "POST", "/v1/query", json={"question": question, "collection": collection, "stream": stream})
        self.call(caller, "POST", "/", data={"question": question, "collection": collection})
        said = {"messages": [{"role": "user", "content": question}], "collection": collection, "stream": stream}
        self.call(caller, "POST", "/v1/chat/completions", json={"model": "extractive", **said})
        for tool, given in (("search", {"text": question}), ("ask", {"question": question})):
            assert self.tool(caller, tool, {**given, "collection": collection}).status_code == 200

    def tool(self, caller: str, name: str, arguments: dict[str, object]) -> Any:
        return self.call(caller, "POST", "/mcp", json=called(name, arguments))

    @rule(caller=callers, collection=collections)
    def measure(self, caller: str, collection: str) -> None:
        items = [{"id": "1", "question": "How many weeks of parental leave are paid?", "answers": ["sixteen"]}]
        asked = {"items": items, "collection": collection, "rungs": ["long_context", "rag", "random_context"]}
        begun = self.call(caller, "POST", "/v1/evaluations", json=asked)
        readable = bool(self.readable(caller, collection))
        assert caller == "root" or begun.status_code == (202 if readable else 404), begun.text
        if begun.status_code == 202:
            path = begun.headers["Location"]
            while self.call(caller, "GET", path).json()["state"] == "RUNNING":
                pass
            assert not readable or self.call(caller, "GET", f"{path}/report").status_code == 200
            assert self.call(caller, "DELETE", path).status_code == 204

    @rule(caller=callers, collection=collections)
    def look_round(self, caller: str, collection: str) -> None:
        for path in ("/v1/index", "/v1/keys", "/v1/ingestions/nothing", "/", "/readyz"):
            self.call(caller, "GET", path)
        for job in self.call(caller, "GET", "/v1/ingestions", params={"limit": 2}).json()["jobs"]:
            self.call(caller, "GET", f"/v1/ingestions/{job['job_id']}")
            self.call(caller, "GET", f"/v1/ingestions/{job['job_id']}/documents")
        for doc in self.readable(caller, collection)[:2]:
            self.call(caller, "GET", f"/v1/documents/{(key := self.id_of(doc))}")
            text = self.call(caller, "GET", f"/v1/documents/{key}/text").json()["text"]
            assert doc.written in text
            assert (
                doc.written in self.tool(caller, "read_document", {"document": doc.name, "collection": collection}).text
            )

    @rule(caller=others, of=others)  # an admin sees the jobs of all
    def look_at_the_job_of_another(self, caller: str, of: str) -> None:
        for job in self.call(of, "GET", "/v1/ingestions", params={"limit": 1}).json()["jobs"]:
            for rest in ("", "/documents"):
                reply = self.call(caller, "GET", f"/v1/ingestions/{job['job_id']}{rest}")
                assert reply.status_code == (200 if caller == of else 404)

    @precondition(lambda self: any(doc.there for doc in self.docs.values()))
    @rule(data=st.data(), caller=others)
    def probe(self, data: st.DataObject, caller: str) -> None:
        """What may not be read looks like what was never there, in every way to ask for it."""
        doc = data.draw(st.sampled_from([doc for doc in self.docs.values() if doc.there]), label="document")
        if doc.readable_by(caller):
            return
        key, (collection, name) = self.id_of(doc), (doc.collection, doc.name)
        absent = {key: "0" * len(key), name: name.replace(doc.canary, "zq9999999")}
        for method, path, body in data.draw(st.lists(st.sampled_from(probes(collection, name, key)), max_size=2)):
            real = self.call(caller, method, path, json=body)
            told, (never, nobody) = blurred(real.text), (json.dumps(body), path)
            for true, false in absent.items():
                never, nobody, told = (part.replace(true, false) for part in (never, nobody, told))
            other = self.call(caller, method, nobody, json=json.loads(never))
            assert (real.status_code, told) == (other.status_code, blurred(other.text)), (caller, method, path)

    @invariant()
    def lists_and_counts_are_those_of_what_may_be_read(self) -> None:
        self.looks += 1
        caller, name = sorted(MEMBERS)[self.looks % len(MEMBERS)], COLLECTIONS[self.looks % len(COLLECTIONS)]
        rows = self.call(caller, "GET", "/v1/collections").json()["collections"]
        counted = {row["name"]: row["documents"] for row in rows if row["documents"] and row["name"] in COLLECTIONS}
        expected = {name: len(self.readable(caller, name)) for name in COLLECTIONS}
        assert counted == {name: number for name, number in expected.items() if number}
        listed = self.call(caller, "GET", "/v1/documents", params={"collection": name, "limit": 1000})
        if listed.status_code == 200:
            named = {row["document"] for row in listed.json()["documents"]}
            assert named == {doc.name for doc in self.readable(caller, name)}
            assert listed.json()["total"] == len(named)
        else:
            assert (listed.status_code, expected[name]) == (404, 0)

    def readable(self, caller: str, collection: str) -> list[Doc]:
        return [doc for doc in self.docs.values() if doc.collection == collection and doc.readable_by(caller)]
