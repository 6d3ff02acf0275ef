"""XML Spreadsheet 2003, which many programs export under the name .xls: the sheets with values, formats and notes."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime, time, timedelta

from ingest.parsers.builder import fold
from ingest.parsers.sheets.grid import Span
from ingest.parsers.sheets.xlsx import Remark, Sheet, Worksheet
from ingest.parsers.xml_tree import Node, attribute, local, parse_tree

NAMESPACE = b"urn:schemas-microsoft-com:office:spreadsheet"
_NAMED = {
    "general number": "", "general date": "yyyy-mm-dd h:mm", "long date": "yyyy-mm-dd", "medium date": "yyyy-mm-dd",
    "short date": "yyyy-mm-dd", "long time": "h:mm:ss", "medium time": "h:mm AM/PM", "short time": "h:mm",
    "currency": "$#,##0.00;-$#,##0.00", "euro currency": "€#,##0.00;-€#,##0.00", "fixed": "0.00",
    "standard": "#,##0.00", "percent": "0.00%", "scientific": "0.00E+00", "yes/no": '"Yes";"Yes";"No"',
    "true/false": '"True";"True";"False"', "on/off": '"On";"On";"Off"',
}  # fmt: skip
_FARTHEST = 1 << 20
_MOST_PLACES = 8_000_000
_DAY_ZERO = datetime(1899, 12, 31)  # noqa: DTZ001 -- a sheet knows no zones


def worksheets(content: bytes) -> Iterator[Worksheet]:
    """The sheets in their order.

    Raises:
        ParseError: as `parse_tree`.
        SyntaxError: lxml's, for what is not well-formed.
        ValueError: cells so far apart that the space between them would fill the memory.
    """
    root = parse_tree(content)
    codes = {attribute(style, "ID"): _code(style) for style in root.iter("{*}Style")}
    for node in root.iter("{*}Worksheet"):
        sheet = Worksheet(name=attribute(node, "Name"))
        visible = next((fold(found.text or "") for found in node.iter("{*}Visible")), "")
        sheet.visible = visible not in {"SheetHidden", "SheetVeryHidden"}
        for table in node.findall("{*}Table"):
            _read(sheet, table, codes)
        yield sheet


def _code(style: Node) -> str:
    said = next((attribute(node, "Format") for node in style.iter("{*}NumberFormat")), "")
    return _NAMED.get(said.lower(), said)


def _read(sheet: Worksheet, table: Node, codes: dict[str, str]) -> None:
    formats: dict[tuple[int, int], str] = {}
    hidden_rows: set[int] = set()
    hidden_columns: set[int] = set()
    unvalued: set[tuple[int, int]] = set()
    remarks: list[Remark] = []
    column = row = places = 0
    for node in table:
        if local(node) == "Column":
            first = _index(node, column)
            column = first + 1 + _number(node, "Span")
            if attribute(node, "Hidden") == "1":
                hidden_columns.update(range(first, column))
        if local(node) != "Row":
            continue
        row = _index(node, row)
        values = _row(node, row, sheet.spans)
        places += max(values, default=0)
        if row > _FARTHEST or places > _MOST_PLACES:
            raise ValueError("the cells are too far apart")
        if attribute(node, "Hidden") == "1":
            hidden_rows.update(range(row, row + 1 + _number(node, "Span")))
        for place, cell in values.items():
            code = codes.get(attribute(cell, "StyleID") or attribute(node, "StyleID"), "")
            if code:
                formats[row, place] = code
            if attribute(cell, "Formula") and cell.find("{*}Data") is None:
                unvalued.add((row, place))
            remarks += _remarks(cell, row, place)
        sheet.values.extend([] for _ in range(row - len(sheet.values)))
        sheet.values.append([_value(values[i]) if i in values else "" for i in range(max(values, default=-1) + 1)])
        row += 1 + _number(node, "Span")
    sheet.said = Sheet(
        formats=formats,
        hidden_rows=frozenset(hidden_rows),
        hidden_columns=frozenset(hidden_columns),
        unvalued=frozenset(unvalued),
        remarks=tuple(remarks),
    )


def _row(node: Node, row: int, spans: list[Span]) -> dict[int, Node]:
    """Column to cell; merged cells are noted."""
    found: dict[int, Node] = {}
    column = 0
    for cell in node.findall("{*}Cell"):
        column = _index(cell, column)
        across, down = _number(cell, "MergeAcross"), _number(cell, "MergeDown")
        found[column] = cell
        if across or down:
            spans.append(((row, column), (row + down, column + across)))
        column += 1 + across
    return found


def _index(node: Node, following: int) -> int:
    """The place from 0 that an element says, or the one after the element before."""
    return max(_number(node, "Index") - 1, following) if attribute(node, "Index") else following


def _number(node: Node, name: str) -> int:
    said = attribute(node, name)
    return min(int(said), _FARTHEST) if said.isdigit() else 0


def _value(cell: Node) -> object:
    data = cell.find("{*}Data")
    if data is None:
        return ""
    text, kind = fold("".join(data.itertext())), attribute(data, "Type")
    try:
        if kind == "Number":
            return float(text)
        if kind == "Boolean":
            return text == "1"
        if kind == "DateTime":
            return _moment(datetime.fromisoformat(text))
    except ValueError:
        return text
    return text


def _moment(value: datetime) -> datetime | date | time | timedelta:
    if value.date() == _DAY_ZERO.date():
        return value.time()
    return value.date() if value.time() == time() else value


def _remarks(cell: Node, row: int, column: int) -> Iterator[Remark]:
    for node in cell.findall("{*}Comment"):
        author = fold(attribute(node, "Author"))
        text = fold("".join(node.itertext()))
        text = text.removeprefix(f"{author}:").strip() if author else text
        if text:
            yield Remark(row=row, column=column, author=author, text=text)
