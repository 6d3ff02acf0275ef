"""Tables of HTML as grids: spans are expanded, so that every cell stands under its own header."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from ingest.parsers.builder import fold
from ingest.parsers.cells import header_rows

Node = Any
"""An element of lxml, which has no types."""

BLOCKS = frozenset(
    {
        *("address", "article", "aside", "blockquote", "body", "center", "dd", "details", "dialog", "div", "dl", "dt"),
        *("fieldset", "figcaption", "figure", "footer", "form", "h1", "h2", "h3", "h4", "h5", "h6", "header", "hgroup"),
        *("hr", "legend", "li", "main", "nav", "ol", "p", "pre", "section", "summary", "table", "ul", "br", "td", "th"),
        *("tr", "tbody", "thead", "tfoot", "caption"),
    }
)
"""Elements that part the words before them from those in them."""
_MOST_COLUMNS = 1000
_HEADINGS = ("h1", "h2", "h3", "h4", "h5", "h6")


@dataclass(frozen=True, slots=True)
class Table:
    """Rows of equal width at most; the first `header_rows` name the columns."""

    title: str
    rows: list[list[str]]
    header_rows: int


@dataclass(slots=True)
class _Cell:
    text: str
    row: int
    column: int
    down: int
    across: int
    is_name: bool


def take_tables(root: Node, mark: str) -> list[Table]:
    """Every table of a page, with a paragraph in its place that says its number: `mark` holds it, as in "<{}>".

    A table that only arranges the page becomes plain blocks; one inside the cell of another follows that.
    """
    found: list[Table] = []
    for node in list(root.iter("table")):
        if node.getparent() is None:
            continue
        if _is_layout(node):
            _unwrap(node)
            continue
        _move_inner_out(node)
        table = _table(node)
        place = node.makeelement("p")
        place.text, place.tail = mark.format(len(found)), node.tail
        node.getparent().replace(node, place)
        found.append(table)
    return found


def words_of(node: Node) -> str:
    """The text of an element, parted where a browser would begin a new line; without any, that of its pictures."""
    text = fold("".join(_pieces(node)))
    return text or fold(" ".join(image.get("alt") or "" for image in node.iter("img")))


def _pieces(node: Node) -> Iterator[str]:
    is_block = node.tag in BLOCKS
    if is_block:
        yield " "
    if isinstance(node.tag, str):
        yield node.text or ""
        for child in node:
            yield from _pieces(child)
            yield child.tail or ""
    if is_block:
        yield " "


def _is_layout(node: Node) -> bool:
    """Whether a table only arranges: it says so, has one cell, or holds headings or tables and no names of columns."""
    if (node.get("role") or "").lower() in {"presentation", "none"}:
        return True
    rows = [list(_cells(row)) for row in _rows(node)]
    if max(map(len, rows), default=0) <= 1 and len(rows) <= 1:
        return True
    if node.get("role") == "table":
        return False
    has_names = any(cell.tag == "th" for row in rows for cell in row) or node.find("caption") is not None
    if has_names:
        return False
    if next(node.iter(*_HEADINGS), None) is not None:
        return True
    return any(_is_grid(inner) for inner in node.iterdescendants("table"))


def _is_grid(node: Node) -> bool:
    rows = [list(_cells(row)) for row in _rows(node)]
    return len(rows) > 1 and max(map(len, rows)) > 1


def _unwrap(node: Node) -> None:
    for part in [node, *(each for each in node.iterdescendants() if _owner(each) is node)]:
        if part is node or part.tag in {"tbody", "thead", "tfoot", "tr", "td", "th", "caption"}:
            part.tag = "div"


def _owner(node: Node) -> Node | None:
    return next(node.iterancestors("table"), None)


def _move_inner_out(node: Node) -> None:
    """Tables in cells follow the table they are in; small ones are words of their cell."""
    last = node
    for inner in [each for each in node.iterdescendants("table") if _owner(each) is node]:
        if not _is_grid(inner):
            _unwrap(inner)
            continue
        inner.drop_tree()
        inner.tail, last.tail = last.tail, None
        last.getparent().insert(last.getparent().index(last) + 1, inner)
        last = inner


def _rows(node: Node) -> list[Node]:
    """Its own rows as a browser shows them: those of the head first, those of the foot last."""
    own = [row for row in node.iter("tr") if _owner(row) is node]
    order = {"thead": 0, "tfoot": 2}
    return sorted(own, key=lambda row: order.get(row.getparent().tag, 1))


def _cells(row: Node) -> Iterator[Node]:
    yield from row.iterchildren("td", "th")


def _table(node: Node) -> Table:
    rows = _rows(node)
    cells = list(_placed(rows))
    names = sum(row.getparent().tag == "thead" for row in rows) or _named(rows, cells)
    grid = _grid(cells, len(rows))
    filled = [i for i, row in enumerate(grid) if any(row)]
    names = sum(i < names for i in filled)
    grid = [grid[i] for i in filled]
    caption = node.find("caption")
    title = words_of(caption) if caption is not None else ""
    while len(grid) > 1 and sum(map(bool, grid[0])) == 1 and max(map(len, grid)) > 1 and grid[0][0]:
        title = f"{title}\n{grid.pop(0)[0]}".strip()
        names = max(names - 1, 0)
    return Table(title=title, rows=grid, header_rows=names if 0 < names < len(grid) else header_rows(grid))


def _placed(rows: list[Node]) -> Iterator[_Cell]:
    """The cells at their places in the grid; a cell never reaches out of its head, body or foot."""
    taken: dict[int, int] = {}
    ends = {row.getparent(): number + 1 for number, row in enumerate(rows)}
    for number, row in enumerate(rows):
        left = ends[row.getparent()] - number
        column, new = 0, {}
        for cell in _cells(row):
            while taken.get(column, 0) > number:
                column += 1
            across = min(max(_span(cell, "colspan"), 1), _MOST_COLUMNS)
            down = min(_span(cell, "rowspan") or left, left)
            yield _Cell(words_of(cell), number, column, down, across, cell.tag == "th")
            new.update(dict.fromkeys(range(column, column + across), number + down))
            column += across
        taken.update(new)


def _span(cell: Node, name: str) -> int:
    said = re.match(r"\s*(\d{1,5})", cell.get(name) or "")
    return int(said[1]) if said else 1


def _named(rows: list[Node], cells: list[_Cell]) -> int:
    """How many rows from the top name columns: all their cells are names, or are covered by one that begins there."""
    names = 0
    by_row = {number: list(group) for number, group in itertools.groupby(cells, key=lambda cell: cell.row)}
    for number in range(len(rows)):
        own = by_row.get(number, [])
        if number >= names and not (len(own) > 1 and all(cell.is_name for cell in own)):
            break
        names = max(names, number + 1, *(cell.row + cell.down for cell in own if cell.is_name and number < names + 1))
    return names


def _grid(cells: list[_Cell], height: int) -> list[list[str]]:
    """The text of a cell in each row that it covers, and in each column, but for labels and titles of whole rows."""
    rows: list[dict[int, str]] = [{} for _ in range(height)]
    for cell in cells:
        for row in rows[cell.row : cell.row + cell.down]:
            row[cell.column] = cell.text
    begun = sorted({cell.column for cell in cells})
    for cell in (cell for cell in cells if cell.across > 1):
        beside = [text for column, text in rows[cell.row].items() if text and column != cell.column]
        is_label = not any(text for column, text in rows[cell.row].items() if column < cell.column)
        if not beside or (is_label and not cell.is_name):
            continue
        covered = [column for column in begun if cell.column < column < cell.column + cell.across]
        for row in rows[cell.row : cell.row + cell.down]:
            row.update(dict.fromkeys(covered, cell.text))
    return [[row.get(column, "") for column in begun] for row in rows]
