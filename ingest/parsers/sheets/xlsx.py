"""What an XLSX file says of its cells besides their values: formats, what is hidden, formulas, notes, text boxes."""

from __future__ import annotations

import io
import posixpath
import re
import zipfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from ingest.parsers.builder import fold
from ingest.parsers.sheets.formats import BUILT_IN
from ingest.parsers.sheets.grid import Span
from ingest.parsers.xml_tree import Node, attribute, local, parse_tree

_CELL = re.compile(r"([A-Z]{1,3})(\d{1,7})")
_TEXTS = re.compile(r"xl/(sharedStrings|(drawings|charts|diagrams)/(drawing|chart|data)\d*)\.xml")
_YES = frozenset({"1", "true"})
_THREADED = "[Threaded comment]"
_MOST_COLUMNS = 16_384


@dataclass(frozen=True, slots=True, kw_only=True)
class Remark:
    """A note on a cell: `row` and `column` from 0."""

    row: int
    column: int
    author: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Sheet:
    """One sheet; rows and columns count from 0."""

    formats: Mapping[tuple[int, int], str] = field(default_factory=dict)
    """Format codes of the cells that have one."""
    hidden_rows: frozenset[int] = frozenset()
    hidden_columns: frozenset[int] = frozenset()
    unvalued: frozenset[tuple[int, int]] = frozenset()
    """Cells with a formula that no program has computed."""
    remarks: tuple[Remark, ...] = ()
    boxes: tuple[str, ...] = ()
    """The words of its text boxes."""


@dataclass(slots=True, kw_only=True)
class Worksheet:
    """A sheet as it is read: `values` row by row, merged cells, and what is said besides."""

    name: str
    visible: bool = True
    damaged: bool = False
    values: list[list[object]] = field(default_factory=list)
    spans: list[Span] = field(default_factory=list)
    said: Sheet = field(default_factory=Sheet)


def sheets_of(content: bytes) -> list[Sheet]:
    """The sheets in the order of the workbook; none for a file that is no XLSX.

    Raises:
        BadZipFile, KeyError, SyntaxError: the file is damaged.
    """
    if not content.startswith(b"PK"):
        return []
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        if "xl/workbook.xml" not in archive.namelist():
            return []
        parts = _related(archive, "xl/workbook.xml")
        codes = _codes(archive)
        names = {person.get("id"): person.get("displayName") or "" for person in _people(archive)}
        book = parse_tree(archive.read("xl/workbook.xml"))
        sheets = [parts.get(attribute(node, "id"), ("", ""))[1] for node in book.iter("{*}sheet")]
        return [_sheet(archive, part, codes, names) if part in archive.namelist() else Sheet() for part in sheets]


def texts_of(content: bytes) -> Iterator[str]:
    """All words of an XLSX file, wherever they stand: cells, text boxes, charts, diagrams.

    Raises:
        BadZipFile, SyntaxError: the file is damaged.
    """
    if not content.startswith(b"PK"):
        return
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        for part in archive.namelist():
            if not _TEXTS.fullmatch(part):
                continue
            for node in _streamed(archive.open(part), "si", "p"):
                runs = (t.text or "" for t in node.iter("{*}t") if local(t.getparent()) != "rPh")
                yield "".join(runs)
                node.clear()


def place_of(reference: str) -> tuple[int, int] | None:
    """(row, column) of a reference such as B7, from 0."""
    found = _CELL.fullmatch(reference.replace("$", ""))
    if not found:
        return None
    column = 0
    for letter in found[1]:
        column = column * 26 + ord(letter) - 64
    return int(found[2]) - 1, column - 1


def column_name(column: int) -> str:
    """The letters of a column, from 0: A, …, Z, AA."""
    name = ""
    column += 1
    while column:
        column, letter = divmod(column - 1, 26)
        name = chr(65 + letter) + name
    return name


def _related(archive: zipfile.ZipFile, part: str) -> dict[str, tuple[str, str]]:
    """Id to (last word of its type, part) of what a part points to."""
    folder, name = posixpath.split(part)
    relations = f"{folder}/_rels/{name}.rels"
    if relations not in archive.namelist():
        return {}
    found = {}
    for node in parse_tree(archive.read(relations)).iter("{*}Relationship"):
        target = node.get("Target") or ""
        path = target[1:] if target.startswith("/") else posixpath.normpath(posixpath.join(folder, target))
        found[node.get("Id") or ""] = ((node.get("Type") or "").rsplit("/", 1)[-1], path)
    return found


def _codes(archive: zipfile.ZipFile) -> list[str]:
    """The format code of each cell style; empty for General."""
    if "xl/styles.xml" not in archive.namelist():
        return []
    root = parse_tree(archive.read("xl/styles.xml"))
    own = {node.get("numFmtId"): node.get("formatCode") or "" for node in root.iter("{*}numFmt")}
    styles = root.find("{*}cellXfs")
    numbers = [node.get("numFmtId") or "0" for node in styles] if styles is not None else []
    codes = [own.get(number) or BUILT_IN.get(int(number) if number.isdigit() else 0, "") for number in numbers]
    return ["" if code.lower() == "general" else code for code in codes]


def _people(archive: zipfile.ZipFile) -> Iterator[Node]:
    for part in archive.namelist():
        if part.startswith("xl/persons/"):
            yield from parse_tree(archive.read(part)).iter("{*}person")


def _sheet(archive: zipfile.ZipFile, part: str, codes: list[str], names: Mapping[Any, str]) -> Sheet:
    related = sorted(_related(archive, part).values())
    remarks: list[Remark] = []
    boxes: list[str] = []
    for kind, target in related:
        if target not in archive.namelist():
            continue
        if kind == "comments":
            remarks += _notes(parse_tree(archive.read(target)))
        elif kind == "threadedComment":
            remarks += _threads(parse_tree(archive.read(target)), names)
        elif kind == "drawing":
            boxes += _boxes(parse_tree(archive.read(target)))
    with archive.open(part) as stream:
        said = _cells(stream, codes)
    return Sheet(
        formats=said.formats,
        hidden_rows=frozenset(said.hidden_rows),
        hidden_columns=frozenset(said.hidden_columns),
        unvalued=frozenset(said.unvalued),
        remarks=tuple(sorted(remarks, key=lambda remark: (remark.row, remark.column))),
        boxes=tuple(boxes),
    )


@dataclass(slots=True)
class _Said:
    formats: dict[tuple[int, int], str] = field(default_factory=dict)
    hidden_rows: set[int] = field(default_factory=set)
    hidden_columns: set[int] = field(default_factory=set)
    unvalued: set[tuple[int, int]] = field(default_factory=set)


def _cells(stream: Any, codes: list[str]) -> _Said:  # noqa: ANN401 -- a file of zipfile
    """One pass over a sheet; what was read is thrown away row by row."""
    said = _Said()
    row = -1
    for node in _streamed(stream, "row", "col"):
        if local(node) == "col":
            if node.get("hidden") in _YES or node.get("width") == "0":
                last = min(int(node.get("max") or 0), _MOST_COLUMNS)
                said.hidden_columns.update(range(int(node.get("min") or 1) - 1, last))
            continue
        row = int(node.get("r")) - 1 if (node.get("r") or "").isdigit() else row + 1
        if node.get("hidden") in _YES or (node.get("ht") == "0" and node.get("customHeight") in _YES):
            said.hidden_rows.add(row)
        column = -1
        for cell in node:
            found = place_of(cell.get("r") or "")
            column = found[1] if found else column + 1
            _add_cell(said, cell, (row, column), codes)
        node.clear()
        while node.getprevious() is not None:
            del node.getparent()[0]
    return said


def _streamed(stream: Any, *names: str) -> Iterator[Node]:  # noqa: ANN401 -- a file of zipfile
    """The elements of these names, one after the other."""
    from lxml import etree  # type: ignore[import-untyped]

    tags = [f"{{*}}{name}" for name in names]
    options = {"resolve_entities": False, "no_network": True, "load_dtd": False}
    for _, node in etree.iterparse(stream, events=("end",), tag=tags, **options):
        yield node


def _add_cell(said: _Said, cell: Node, place: tuple[int, int], codes: list[str]) -> None:
    style = cell.get("s")
    code = codes[int(style)] if style and style.isdigit() and int(style) < len(codes) else ""
    if len(cell) and code:
        said.formats[place] = code
    formula = value = False
    for child in cell:
        is_formula = child.tag.endswith("}f")
        formula = formula or is_formula
        value = value or bool(not is_formula and (child.text or len(child)))
    if formula and not value and cell.get("t") != "str":
        said.unvalued.add(place)


def _notes(root: Node) -> Iterator[Remark]:
    """Notes, without those that stand in for a conversation, and without the author's name in front of the words."""
    authors = ["".join(node.itertext()).strip() for node in root.iter("{*}author")]
    for node in root.iter("{*}comment"):
        place = place_of(node.get("ref") or "")
        text = "".join(t.text or "" for t in node.iter("{*}t") if local(t.getparent()) != "rPh").strip()
        number = int(node.get("authorId") or -1)
        author = authors[number] if 0 <= number < len(authors) else ""
        if place and text and not text.startswith(_THREADED):
            said = text.removeprefix(f"{author}:") if author else text
            author = "" if author.startswith("tc={") else author
            yield Remark(row=place[0], column=place[1], author=fold(author), text=fold(said))


def _threads(root: Node, names: Mapping[Any, str]) -> Iterator[Remark]:
    for node in root.iter("{*}threadedComment"):
        place = place_of(node.get("ref") or "")
        text = fold(" ".join(t.text or "" for t in node.iter("{*}text")))
        if place and text:
            yield Remark(row=place[0], column=place[1], author=names.get(node.get("personId"), ""), text=text)


def _boxes(root: Node) -> Iterator[str]:
    for body in root.iter("{*}txBody"):
        lines = ("".join(t.text or "" for t in line.iter("{*}t")) for line in body.iter("{*}p"))
        text = "\n".join(line for line in lines if line.strip())
        if text:
            yield text
