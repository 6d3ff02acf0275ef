"""A Word file as its reader sees it, made before anything reads it: changes accepted, wrappers gone, boxes shown.

Word wraps words in elements that libraries pass by: tracked insertions, controls, smart tags, fields. They are taken
away and what is in them stays; what was deleted or moved away goes. A box that is ticked or not becomes a sign, an
equation a line of text, and a table a mark in its place.
"""

from __future__ import annotations

import io
import posixpath
import re
import zipfile
from collections import Counter
from dataclasses import dataclass
from typing import Any

from ingest.parsers import protocol
from ingest.parsers.builder import fold
from ingest.parsers.charts import DGM, C, chart_table, diagram_lines
from ingest.parsers.html.clean import MARK
from ingest.parsers.html.tables import Table
from ingest.parsers.raised import set_off
from ingest.parsers.word.equations import MATH, linear
from ingest.parsers.word.tables import FALLBACK, W, number_of, take_word_tables, text_of
from ingest.parsers.xml_tree import parse_tree

Node = Any
"""An element of lxml, which has no types."""

_R = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}"
_W14 = "{http://schemas.microsoft.com/office/word/2010/wordml}"
_GONE = frozenset({f"{W}del", f"{W}moveFrom"})
_ACCEPTED = frozenset({f"{W}ins", f"{W}moveTo"})
_WRAPPERS = _ACCEPTED | {f"{W}{name}" for name in ("smartTag", "customXml", "fldSimple", "bdo", "dir", "sdtContent")}
_PROPERTIES = frozenset(f"{W}{name}" for name in ("smartTagPr", "customXmlPr", "sdtPr", "sdtEndPr"))
_ON = frozenset({"1", "true", "on"})
_PARTS = re.compile(r"word/(?:document\d*|header\d*|footer\d*|footnotes|endnotes|comments)\.xml")
_PAGE = re.compile(r"[^\W\d]{0,8}[\W\d]*(?:(?:of|von|de|di|do|af|av|van|sur|из|z)[\W\d]*)?", re.I)
"""A page's number, with its name and the number of all."""
_TICKED, _EMPTY = "☒", "☐"
_SIGNS = {
    "wingdings": {0x6F: "☐", 0x71: "☐", 0x72: "☐", 0xA8: "☐", 0xFB: "✗", 0xFC: "✓", 0xFD: "☒", 0xFE: "☒", 0xE0: "→"},
    "wingdings 2": {0x4F: "✗", 0x50: "✓", 0x51: "☒", 0x52: "☒", 0x53: "☒", 0x54: "☒", 0xA3: "☐"},
    "symbol": {
        **dict(zip(range(0x61, 0x7B), "αβχδεφγηιϕκλμνοπθρστυϖωξψζ", strict=True)),
        **{0x44: "Δ", 0x47: "Γ", 0x53: "Σ", 0x57: "Ω", 0xA3: "≤", 0xA5: "∞", 0xAE: "→", 0xB0: "°", 0xB1: "±"},
        **{0xB3: "≥", 0xB4: "×", 0xB7: "•", 0xB9: "≠", 0xBB: "≈", 0xD6: "√", 0xE5: "Σ"},
    },
}  # fmt: skip
"""What a number means in a font of signs."""


@dataclass(frozen=True, slots=True)
class Settled:
    """A package that can be read as it stands, its tables by the marks that stand for them, and what was done."""

    content: bytes
    tables: tuple[Table, ...]
    above: tuple[str, ...]
    """The lines of its headers, each once."""
    below: tuple[str, ...]
    """Those of its footers."""
    source: tuple[str, ...]
    """The words of its paragraphs as they stand in the file, but for deleted ones: what reading is held to."""
    notes: tuple[str, ...]


def settled(content: bytes) -> Settled:
    """The package with every change accepted. What does not change is copied.

    Raises:
        ParseError, SyntaxError: as `parse_tree`, of a part that is no XML.
    """
    done: Counter[str] = Counter()
    tables: list[Table] = []
    lines: dict[str, dict[str, None]] = {"header": {}, "footer": {}}
    said, written = [], io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as package, zipfile.ZipFile(written, "w", zipfile.ZIP_STORED) as new:
        names = package.namelist()
        hidden = _hidden_styles(parse_tree(package.read("word/styles.xml"))) if "word/styles.xml" in names else set()
        for name in dict.fromkeys(names):
            part = package.read(name)
            if _PARTS.fullmatch(name):
                root = parse_tree(part)
                body = root.find(f"{W}body")
                said += [_source(each, hidden) for each in _outermost(body)] if body is not None else []
                settle(root, hidden, done)
                if body is not None:
                    drawn = _take_drawings(body, package, name)
                    tables += take_word_tables(body, drawn)
                for kind, line in lines.items():
                    if name.startswith(f"word/{kind}"):
                        line |= dict.fromkeys(filter(_tells, map(text_of, _outermost(root))))
                part = _bytes_of(root)
            new.writestr(name, part)
    above, below = (tuple(line) for line in lines.values())
    return Settled(written.getvalue(), tuple(tables), above, below, tuple(said), _notes(done))


def _tells(line: str) -> bool:
    """Whether a line of a header says more than the number of its page."""
    return bool(line) and not _PAGE.fullmatch(line)


def _source(paragraph: Node, hidden: set[str]) -> str:
    """The words of a paragraph as it stands in the file, but for those that were deleted or are hidden."""
    parts = []
    for node in paragraph.iter(f"{W}t", f"{MATH}t", f"{W}tab", f"{W}br", f"{W}p"):
        run = node.getparent()
        gone = any(each.tag in _GONE or each.tag == FALLBACK for each in node.iterancestors())
        if not gone and not _is_hidden(run, hidden):
            raised = run.find(f"{W}rPr/{W}vertAlign") is not None
            parts.append(f" {node.text} " if raised else node.text or " ")
    return "".join(parts)


def _take_drawings(body: Node, package: zipfile.ZipFile, name: str) -> list[Table]:
    """The charts of a body, with a paragraph after each that holds its mark; the lines of diagrams as paragraphs."""
    folder, _, file = name.rpartition("/")
    try:
        links = parse_tree(package.read(f"{folder}/_rels/{file}.rels"))
    except KeyError:
        return []
    targets = {each.get("Id"): posixpath.normpath(posixpath.join(folder, each.get("Target") or "")) for each in links}
    charts: list[Table] = []
    for node in [each for each in body.iter(f"{C}chart", f"{DGM}relIds") if not _within(each, FALLBACK)]:
        part = targets.get(node.get(f"{_R}id") or node.get(f"{_R}dm"), "").lstrip("/")
        if part not in package.namelist():
            continue
        root = parse_tree(package.read(part))
        chart = chart_table(root) if node.tag == f"{C}chart" else None
        lines = [MARK.format(len(charts))] if chart else diagram_lines(root)
        charts += [chart] if chart else []
        place = [each for each in node.iterancestors(f"{W}p", f"{W}tbl")][-1]
        for line in reversed(lines):
            paragraph = body.makeelement(f"{W}p")
            paragraph.append(_run(body, line))
            place.addnext(paragraph)
    return charts


def _within(node: Node, tag: str) -> bool:
    return next(node.iterancestors(tag), None) is not None


def _notes(done: Counter[str]) -> tuple[str, ...]:
    notes = []
    if changes := done["changes"]:
        notes.append(f"{changes} tracked {'change was' if changes == 1 else 'changes were'} read as accepted")
    if hidden := done["hidden"]:
        notes.append(f"{hidden} hidden {'stretch of text was' if hidden == 1 else 'stretches of text were'} left out")
    return tuple(notes)


def _bytes_of(root: Node) -> bytes:
    from lxml import etree  # type: ignore[import-untyped]

    return bytes(etree.tostring(root, xml_declaration=True, encoding="UTF-8", standalone=True))


def _outermost(root: Node) -> list[Node]:
    return [each for each in root.iter(f"{W}p") if next(each.iterancestors(f"{W}p"), None) is None]


def settle(root: Node, hidden: set[str], done: Counter[str]) -> None:
    """Do all of it to one part, in place."""
    _accept(root, done)
    for control in list(root.iter(f"{W}sdt")):
        _show_box(control)
    for ruby in list(root.iter(f"{W}ruby")):
        _unwrap_ruby(ruby)
    for node in [each for each in root.iter() if each.tag in _WRAPPERS or each.tag == f"{W}sdt"]:
        _unwrap(node)
    for field in list(root.iter(f"{W}ffData")):
        _show_field(field)
    for sign in list(root.iter(f"{W}sym")):
        _show_sign(sign)
    for equation in list(root.iter(f"{MATH}oMath")):
        _show_equation(equation)
    _drop_hidden(root, hidden, done)
    for run in list(root.iter(f"{W}r")):
        _set_mark_off(run)


def _accept(root: Node, done: Counter[str]) -> None:
    """Leave out what was deleted or moved away: words, rows, and the ends of paragraphs, which are then one."""
    for node in [each for each in root.iter() if each.tag in _GONE | _ACCEPTED]:
        parent = node.getparent()
        if parent is None:
            continue
        done["changes"] += node.tag != f"{W}moveFrom" and (len(node) > 0 or parent.tag == f"{W}trPr")
        if node.tag not in _GONE:
            continue
        if parent.tag == f"{W}trPr":
            _remove(parent.getparent())
        elif parent.tag == f"{W}rPr" and parent.getparent().tag == f"{W}pPr":
            _join_next(parent.getparent().getparent())
        else:
            _remove(node)


def _join_next(paragraph: Node) -> None:
    """Put the words of a paragraph before those of the next one, as its own end was deleted."""
    following = paragraph.getnext()
    if following is None or following.tag != f"{W}p":
        return
    place = 1 if following.find(f"{W}pPr") is not None else 0
    following[place:place] = [child for child in paragraph if child.tag != f"{W}pPr"]
    _remove(paragraph)


def _remove(node: Node) -> None:
    if node.getparent() is not None:
        node.getparent().remove(node)


def _unwrap(node: Node) -> None:
    parent = node.getparent()
    if parent is None:
        return
    place = parent.index(node)
    parent[place : place + 1] = [child for child in node if child.tag not in _PROPERTIES]


def _unwrap_ruby(ruby: Node) -> None:
    """Words with a reading above them: the words."""
    run = ruby.getparent()
    inner = [each for base in ruby.iterchildren(f"{W}rubyBase") for each in base]
    for each in reversed(inner):
        run.addnext(each)
    _remove(ruby)


def _run(like: Node, text: str) -> Node:
    run = like.makeelement(f"{W}r")
    said = run.makeelement(f"{W}t")
    said.text = text
    said.set("{http://www.w3.org/XML/1998/namespace}space", "preserve")
    run.append(said)
    return run


def _show_box(control: Node) -> None:
    """A box that is ticked or not as a sign, whatever is drawn for it."""
    box = control.find(f"{W}sdtPr/{_W14}checkbox")
    inside = control.find(f"{W}sdtContent")
    if box is None or inside is None:
        return
    state = box.find(f"{_W14}checked")
    ticked = state is not None and state.get(f"{_W14}val", "1") in _ON
    runs = list(inside.iter(f"{W}r"))
    sign = _run(control, _TICKED if ticked else _EMPTY)
    if not runs:
        inside.append(sign)
        return
    runs[0].getparent().replace(runs[0], sign)
    for run in runs[1:]:
        _remove(run)


def _show_field(data: Node) -> None:
    """A box or a list of an older form: the sign or the chosen entry, where its field begins."""
    run = next(data.iterancestors(f"{W}r"), None)
    if run is None:
        return
    box, choices = data.find(f"{W}checkBox"), data.find(f"{W}ddList")
    if box is not None:
        state = box.find(f"{W}checked")
        state = box.find(f"{W}default") if state is None else state
        ticked = state is not None and state.get(f"{W}val", "1") in _ON
        run.addprevious(_run(run, _TICKED if ticked else _EMPTY))
    elif choices is not None and not _has_result(run):
        entries = [each.get(f"{W}val") or "" for each in choices.iterchildren(f"{W}listEntry")]
        chosen = number_of(choices, "result", number_of(choices, "default"))
        if chosen < len(entries):
            run.addprevious(_run(run, entries[chosen]))


def _has_result(run: Node) -> bool:
    """Whether a field that begins in this run says anything by itself."""
    for other in run.itersiblings(f"{W}r"):
        if any(each.text for each in other.iter(f"{W}t")):
            return True
        if any(each.get(f"{W}fldCharType") == "end" for each in other.iter(f"{W}fldChar")):
            return False
    return False


def _show_sign(sign: Node) -> None:
    """A letter of a font of signs as the sign that is drawn."""
    try:
        code = int(sign.get(f"{W}char") or "", 16) & 0xFF
    except ValueError:
        return
    shown = _SIGNS.get((sign.get(f"{W}font") or "").lower(), {}).get(code)
    if shown is not None:
        sign.tag, sign.text = f"{W}t", shown


def _show_equation(equation: Node) -> None:
    text = fold(linear(equation))
    place = equation.getparent() if equation.getparent().tag == f"{MATH}oMathPara" else equation
    above = place.getparent()
    run = _run(equation, f" {text} ")
    if above is None or not text:
        return
    if place is not equation:  # several may stand in one
        place.addprevious(run)
        _remove(equation)
        place = None if len(place) else place
    else:
        place.addprevious(run)
    if place is not None:
        _remove(place)
    if above.tag != f"{W}p":
        paragraph = above.makeelement(f"{W}p")
        run.addprevious(paragraph)
        paragraph.append(run)


def _hidden_styles(styles: Node) -> set[str]:
    """The names of styles whose text is not shown."""
    hidden = (each for each in styles.iter(f"{W}style") if _is_on(each.find(f"{W}rPr/{W}vanish")))
    return {each.get(f"{W}styleId") or "" for each in hidden}


def _is_on(switch: Node | None) -> bool:
    return switch is not None and switch.get(f"{W}val", "1") in _ON


def _is_hidden(run: Node, hidden: set[str]) -> bool:
    """Whether Word hides a run, unless all is to be read that its author hid."""
    if protocol.hidden.get():
        return False
    switch = run.find(f"{W}rPr/{W}vanish")
    styles = (run.find(f"{W}rPr/{W}rStyle"), _style_of_paragraph(run))
    by_style = any(each is not None and each.get(f"{W}val") in hidden for each in styles)
    return _is_on(switch) if switch is not None else by_style


def _drop_hidden(root: Node, hidden: set[str], done: Counter[str]) -> None:
    last = None
    for run in [each for each in root.iter(f"{W}r") if _is_hidden(each, hidden)]:
        if any((each.text or "").strip() for each in run.iter(f"{W}t")):
            done["hidden"] += run.getprevious() is None or run.getprevious() is not last
        last = run.getprevious()
        _remove(run)


def _style_of_paragraph(run: Node) -> Node | None:
    paragraph = next(run.iterancestors(f"{W}p"), None)
    return paragraph.find(f"{W}pPr/{W}pStyle") if paragraph is not None else None


def _set_mark_off(run: Node) -> None:
    """A raised number after a figure would be read as part of it."""
    place = run.find(f"{W}rPr/{W}vertAlign")
    if place is None or place.get(f"{W}val") != "superscript" or next(run.iterancestors(FALLBACK), None) is not None:
        return
    texts = list(run.iterchildren(f"{W}t"))
    paragraph = next(run.iterancestors(f"{W}p"), None)
    raised = "".join(each.text or "" for each in texts)
    if not raised.strip() or paragraph is None:
        return
    before = ""
    for other in run.itersiblings(f"{W}r", f"{W}hyperlink", preceding=True):
        before = "".join(each.text or "" for each in other.iter(f"{W}t")) + before
        if before.strip():
            break
    texts[0].text = set_off(before, raised)
    texts[0].set("{http://www.w3.org/XML/1998/namespace}space", "preserve")
    for each in texts[1:]:
        _remove(each)
