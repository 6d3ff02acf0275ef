"""What unstructured passes by in a PowerPoint file: charts, diagrams, spans of tables, equations, raised marks."""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Iterator
from typing import Any

from ingest.parsers.builder import fold
from ingest.parsers.charts import DGM, A, chart_table, diagram_lines
from ingest.parsers.html.clean import MARK
from ingest.parsers.html.tables import Table, take_tables
from ingest.parsers.raised import set_off
from ingest.parsers.word.equations import MATH, linear
from ingest.parsers.xml_tree import parse_tree

Node = Any
"""An element of lxml, which has no types."""
Slide = Any
"""A slide of python-pptx, which has no types."""

_SLIDE = re.compile(r"ppt/(?:slides/slide|notesSlides/notesSlide)\d+\.xml")
_R = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}"


def shown(content: bytes) -> bytes:
    """The package with equations as text and raised marks set off; the same bytes where there are none.

    Raises:
        ParseError, SyntaxError: as `parse_tree`, of a slide that is no XML.
    """
    changed: dict[str, bytes] = {}
    with zipfile.ZipFile(io.BytesIO(content)) as package:
        for name in filter(_SLIDE.fullmatch, dict.fromkeys(package.namelist())):
            part = package.read(name)
            if b"baseline=" in part or b"oMath" in part:
                changed[name] = _settled(part)
        if not changed:
            return content
        written = io.BytesIO()
        with zipfile.ZipFile(written, "w", zipfile.ZIP_STORED) as new:
            for name in dict.fromkeys(package.namelist()):
                new.writestr(name, changed.get(name) or package.read(name))
    return written.getvalue()


def _settled(part: bytes) -> bytes:
    from lxml import etree  # type: ignore[import-untyped]

    root = parse_tree(part)
    for equation in list(root.iter(f"{MATH}oMath")):
        line = next(equation.iterancestors(f"{A}p"), None)
        if line is None:
            continue
        place = [each for each in equation.iterancestors() if each.getparent() is line]
        run = line.makeelement(f"{A}r")
        run.append(run.makeelement(f"{A}t"))
        run[0].text = f" {fold(linear(equation))} "
        place[0].addprevious(run)
        equation.getparent().remove(equation)
    for run in root.iter(f"{A}r"):
        said, text = run.find(f"{A}rPr"), run.find(f"{A}t")
        raised = re.fullmatch(r"\d+", said.get("baseline") or "") if said is not None else None
        if raised and int(raised[0]) and text is not None and text.text:
            text.text = set_off(_line_before(run), text.text)
    return bytes(etree.tostring(root, xml_declaration=True, encoding="UTF-8", standalone=True))


def _line_before(run: Node) -> str:
    return "".join(each.findtext(f"{A}t") or "" for each in reversed(list(run.itersiblings(f"{A}r", preceding=True))))


def is_hidden(slide: Slide) -> bool:
    """Whether a slide is left out when its file is shown."""
    return slide._element.get("show") in {"0", "false"}


def drawn(slide: Slide) -> Iterator[Table | str]:
    """The charts of a slide as tables, and its diagrams as lines."""
    for frame in _frames(slide.shapes):
        if frame.has_chart:
            table = chart_table(parse_tree(frame.chart.part.blob))
            if table is not None:
                yield table
        for link in frame._element.iter(f"{DGM}relIds"):
            part = slide.part.rels.get(link.get(f"{_R}dm"))
            if part is not None and not part.is_external:
                yield from diagram_lines(parse_tree(part.target_part.blob))


def grids(slide: Slide) -> dict[str, Table]:
    """The tables of a slide by the words of their cells in order, with spans expanded."""
    from lxml import html

    found = {}
    for frame in _frames(slide.shapes):
        if not frame.has_table:
            continue
        root, told, words = html.Element("div"), html.Element("table"), []
        root.append(told)
        for row in frame.table.rows:
            line = html.Element("tr")
            for cell in row.cells:
                words.append(fold(cell.text))
                if not cell.is_spanned:
                    part = html.Element("td")
                    part.text = words[-1]
                    if cell.is_merge_origin:
                        part.set("rowspan", str(cell.span_height))
                        part.set("colspan", str(cell.span_width))
                    line.append(part)
            told.append(line)
        tables = take_tables(root, MARK)
        if tables:
            found[fold(" ".join(words))] = tables[0]
    return found


def furniture(slide: Slide) -> tuple[set[str], set[str]]:
    """(the date and number of a slide, which are left out; its footer, which is said once)."""
    from pptx.enum.shapes import PP_PLACEHOLDER

    dated, footers = set(), set()
    for shape in slide.placeholders:
        kind = shape.placeholder_format.type
        if kind in {PP_PLACEHOLDER.DATE, PP_PLACEHOLDER.SLIDE_NUMBER}:
            dated.add(fold(shape.text_frame.text) if shape.has_text_frame else "")
        elif kind == PP_PLACEHOLDER.FOOTER:
            footers.add(fold(shape.text_frame.text) if shape.has_text_frame else "")
    return dated, footers


def _frames(shapes: Any) -> Iterator[Any]:  # noqa: ANN401 -- of python-pptx, which has no types
    for shape in shapes:
        if shape.shape_type is not None and hasattr(shape, "shapes"):
            yield from _frames(shape.shapes)
        elif hasattr(shape, "has_chart"):
            yield shape
