"""Questions with accepted answers, gold documents and evidence: one JSON object a line."""

from __future__ import annotations

import gzip
import hashlib
import zlib
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from core.errors import DatasetError

AnswerType = Literal["span", "number", "date", "boolean", "list", "long"]

GZIP_MAGIC = b"\x1f\x8b"
BYTE_ORDER_MARK = b"\xef\xbb\xbf"
HELD_OUT = "test"
SAME_SPLIT = {
    "dev": "development",
    "validation": "development",
    "held-out": "test",
    "held_out": "test",
    "heldout": "test",
}
"""Names of splits that mean another one."""


class Evidence(BaseModel):
    """A place in a gold document. `start`/`end` are character offsets into its extracted text, `end` exclusive.

    Without `text` and offsets it names the document alone.
    """

    model_config = ConfigDict(frozen=True, extra="allow")

    document: str
    text: str | None = None
    page: int | None = None
    start: int | None = Field(None, ge=0)
    end: int | None = Field(None, ge=0)


class Item(BaseModel):
    """One question. Fields that are not named here are kept in `model_extra`.

    `answers` are accepted variants: one of them is enough. `tolerance` is what a number may differ by, in the
    unit of the answer, or in per cent of it when written "1%". `answer_type` may hold a name that is not one of
    `AnswerType`; scoring then goes by what the answers look like.
    """

    model_config = ConfigDict(frozen=True, extra="allow")

    id: str = Field(min_length=1)
    question: str = Field(min_length=1)
    answers: tuple[str, ...] = ()
    documents: tuple[str, ...] = ()
    evidence: tuple[Evidence, ...] = ()
    unanswerable: bool = False
    answer_type: str | None = None
    tolerance: float | str | None = None
    unit: str | None = None
    cluster: str | None = None
    split: str | None = None
    source: str | None = None

    @property
    def cluster_name(self) -> str:
        """What makes questions alike: the cluster given, else the first document, else the question itself."""
        return self.cluster or next(iter(self.asked_of), self.id)

    @property
    def asked_of(self) -> tuple[str, ...]:
        """The documents a person would hand over: the gold ones, else those the question was asked about."""
        if self.documents:
            return tuple(dict.fromkeys(self.documents))
        extra = self.model_extra or {}
        asked_about = extra.get("asked_about") or extra.get("scope_documents") or ()
        listed = asked_about if isinstance(asked_about, list | tuple) else [asked_about]
        named = [entry.get("document") if isinstance(entry, dict) else entry for entry in listed]
        return tuple(dict.fromkeys(document for document in named if isinstance(document, str)))


@dataclass(frozen=True, slots=True, kw_only=True)
class Dataset:
    """The questions of a file in its order. `content` is the file as text; `sha256` is taken over its bytes."""

    name: str
    sha256: str
    items: tuple[Item, ...]
    content: bytes

    def select(self, split: str | None) -> Dataset:
        """The questions of one split, as a dataset of its own; all of them for None.

        Raises:
            DatasetError: no question is of that split; says which splits there are.
        """
        wanted = split_name(split)
        if wanted is None:
            return self
        lines = [line for line in self.content.split(b"\n") if line.strip()]
        pairs = [pair for pair in zip(self.items, lines, strict=True) if split_name(pair[0].split) == wanted]
        if not pairs:
            counts = Counter(split_name(item.split) or "none" for item in self.items)
            there = ", ".join(f"{name} ({count:,})" for name, count in sorted(counts.items()))
            raise DatasetError(f"No question of {self.name} is in the split {wanted!r}. The splits are: {there}.")
        content = b"".join(line.removeprefix(BYTE_ORDER_MARK).rstrip(b"\r") + b"\n" for _, line in pairs)
        digest = hashlib.sha256(content).hexdigest()
        return Dataset(name=self.name, sha256=digest, items=tuple(item for item, _ in pairs), content=content)


def split_name(name: str | None) -> str | None:
    """The name under which a split is known here: development, test, or any other as it is."""
    return SAME_SPLIT.get(name.strip().lower(), name.strip()) if name else None


def load_dataset(path: Path) -> Dataset:
    """Read a question file, plain or gzipped. The hash is taken of the content, after unpacking.

    Raises:
        DatasetError: the file is missing, empty, not UTF-8, or a line is wrong; one sentence that names the line.
    """
    content = _content(path)
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        bad = content.count(b"\n", 0, error.start) + 1
        raise DatasetError(f"{path.name} line {bad} is not UTF-8: save the file as UTF-8 and try again.") from error
    items: dict[str, Item] = {}
    first_seen: dict[str, int] = {}
    for number, line in enumerate(text.split("\n"), start=1):
        if not line.strip():
            continue
        item = _item(line, where=f"{path.name} line {number}")
        if item.id in items:
            raise DatasetError(
                f"{path.name} line {number} repeats the id {item.id!r} of line {first_seen[item.id]}: "
                "every question needs an id of its own."
            )
        items[item.id] = item
        first_seen[item.id] = number
    if not items:
        raise DatasetError(f"{path.name} holds no question: write one JSON object a line.")
    name = path.name.removesuffix(".gz")
    return Dataset(name=name, sha256=hashlib.sha256(content).hexdigest(), items=tuple(items.values()), content=content)


def read_leniently(path: Path) -> tuple[tuple[Item, ...], list[str], list[str]]:
    """Every question that can be read, and what is wrong with the other lines: (items, unreadable, repeated ids).

    Raises:
        DatasetError: the file cannot be read at all.
    """
    items: list[Item] = []
    unreadable, first_seen = list[str](), dict[str, list[int]]()
    for number, line in enumerate(_content(path).split(b"\n"), start=1):
        if not line.strip():
            continue
        try:
            item = _item(line.decode("utf-8-sig"), where=f"line {number}")
        except DatasetError as error:
            unreadable.append(str(error))
        except UnicodeDecodeError:
            unreadable.append(f"line {number} is not UTF-8")
        else:
            if item.id not in first_seen:
                items.append(item)
            first_seen.setdefault(item.id, []).append(number)
    repeated = [f"{name} (lines {', '.join(map(str, lines))})" for name, lines in first_seen.items() if len(lines) > 1]
    return tuple(items), unreadable, repeated


def _content(path: Path) -> bytes:
    try:
        raw = path.read_bytes()
    except FileNotFoundError as error:
        raise DatasetError(f"There is no file {path}: name a question file in JSON lines.") from error
    except IsADirectoryError as error:
        raise DatasetError(f"{path} is a folder: name the question file in it.") from error
    except OSError as error:
        raise DatasetError(f"{path} cannot be read: {error.strerror}.") from error
    if not raw.startswith(GZIP_MAGIC):
        return raw
    try:
        return gzip.decompress(raw)
    except (OSError, EOFError, zlib.error) as error:
        raise DatasetError(f"{path.name} is not a whole gzip file: {error}.") from error


def _item(line: str, *, where: str) -> Item:
    try:
        item = Item.model_validate_json(line, strict=True)
    except ValidationError as error:
        raise DatasetError(f"{where} {in_words(error)}") from error
    if item.unanswerable and item.answers:
        raise DatasetError(f"{where} is marked unanswerable and yet lists answers: remove one of the two.")
    return item


def in_words(error: ValidationError) -> str:
    """What is wrong with a question, as the end of a sentence that begins with its place."""
    first = error.errors()[0]
    field = ".".join(str(part) for part in first["loc"])
    match first["type"]:
        case "json_invalid":
            reason = str(first["ctx"]["error"]).replace(" at line 1 column", " at column")
            return f"is not JSON: {reason}."
        case "missing":
            return f"has no {field!r}: every question needs an id and a question."
        case "model_type" | "model_attributes_type":
            return "is not a JSON object: write one question a line."
        case _:
            return f"has a wrong {field!r}: {first['msg'][0].lower()}{first['msg'][1:]}."
