"""Charts and diagrams of Office documents: what is drawn from is read as a table, or as lines."""

from __future__ import annotations

from typing import Any

from ingest.parsers.builder import fold
from ingest.parsers.cells import cell_text
from ingest.parsers.html.tables import Table

C = "{http://schemas.openxmlformats.org/drawingml/2006/chart}"
A = "{http://schemas.openxmlformats.org/drawingml/2006/main}"
DGM = "{http://schemas.openxmlformats.org/drawingml/2006/diagram}"
Node = Any
"""An element of lxml, which has no types."""

_KEPT = [f"{C}{name}" for name in ("strCache", "numCache", "strLit", "numLit", "lvl")]
"""What holds values that are kept beside the formulas they came from."""


def chart_table(root: Node) -> Table | None:
    """The series of a chart as columns over its categories, with its title; None where no value is kept in it."""
    series = list(root.iter(f"{C}ser"))
    names: dict[int, str] = {}
    columns: list[tuple[str, dict[int, str]]] = []
    for number, one in enumerate(series, start=1):
        name = " ".join(_points(one.find(f"{C}tx")).values())
        for place, said in (_points(one.find(f"{C}cat")) or _points(one.find(f"{C}xVal"))).items():
            names.setdefault(place, said)
        values = _points(one.find(f"{C}val")) or _points(one.find(f"{C}yVal"))
        columns.append((name or f"Series {number}", values))
    places = sorted({place for _, values in columns for place in values} | set(names))
    if not any(values for _, values in columns):
        return None
    rows = [["", *(name for name, _ in columns)]]
    rows += [[names.get(place, str(place + 1)), *(values.get(place, "") for _, values in columns)] for place in places]
    return Table(title=_title(root), rows=rows, header_rows=1)


def diagram_lines(root: Node) -> list[str]:
    """The texts of a SmartArt diagram, in the order in which they were entered."""
    points = root.iter(f"{DGM}pt")
    said = (fold(" ".join(each.text or "" for each in point.iter(f"{A}t"))) for point in points)
    return [line for line in said if line]


def _title(root: Node) -> str:
    title = root.find(f"{C}chart/{C}title")
    if title is None:
        return ""
    said = " ".join("".join(each.text or "" for each in line.iter(f"{A}t")) for line in title.iter(f"{A}p"))
    return fold(said) or " ".join(_points(title).values())


def _points(node: Node | None) -> dict[int, str]:
    """The kept values of a reference by their places; names of several levels are put together."""
    found: dict[int, str] = {}
    for level in (
        node.iter(f"{C}strCache", f"{C}numCache", f"{C}strLit", f"{C}numLit", f"{C}lvl") if node is not None else ()
    ):
        for point in level.iterchildren(f"{C}pt"):
            place, value = int(point.get("idx") or 0), fold(point.findtext(f"{C}v") or "")
            shown = _number(value) if level.tag in {f"{C}numCache", f"{C}numLit"} else value
            found[place] = f"{shown} {found[place]}" if place in found else shown
    if node is not None and not found and (said := node.findtext(f"{C}v")):
        found[0] = fold(said)
    return found


def _number(text: str) -> str:
    try:
        return cell_text(float(text))
    except ValueError:
        return text
