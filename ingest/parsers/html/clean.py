"""A page without what is not content, in elements that a reader of pages knows."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from ingest.parsers.builder import fold
from ingest.parsers.html.tables import BLOCKS, Node, Table, take_tables, words_of
from ingest.parsers.raised import set_off

MARK = "\ue000table {}\ue001"
"""Stands in the page where a table stood."""
_NEVER = ("script", "style", "noscript", "template", "iframe", "svg", "nav", "datalist", "head")
_FURNITURE = ("form", "aside", "dialog", "footer")
"""Content, or not: weighed by what is in them."""
_HIDDEN = re.compile(r"display\s*:\s*none|visibility\s*:\s*hidden|font-size\s*:\s*0(?![.\d])", re.I)
_CONTROLS = ("a", "button", "label", "select", "input", "textarea", "legend")
_TOGGLES = ("aria-controls", "data-target", "data-bs-target")
_HEADINGS = ("h1", "h2", "h3", "h4", "h5", "h6", "summary")
_SPOKEN = 20
"""Characters outside links and controls that make a form, a dialog or an aside content."""
_AS_BLOCK = frozenset(
    {"details", "figure", "form", "fieldset", "dialog", "aside", "footer", "header", "object", "main"}
)
_AS_PARAGRAPH = frozenset({"summary", "legend", "figcaption", "caption"})
_KNOWN = frozenset(
    {
        *("a", "abbr", "b", "bdi", "bdo", "big", "br", "cite", "code", "data", "dfn", "em", "i", "img", "kbd", "mark"),
        *("math", "q", "s", "samp", "small", "span", "strike", "strong", "sub", "sup", "time", "tt", "u", "var", "wbr"),
        *("html", "body", "table", "title", "meta", "link", "base"),
    }
)
_MOST_LEFT_OUT, _FEW = 0.5, 30


@dataclass(frozen=True, slots=True)
class Page:
    """What is left of a page: `markup` with a mark for each of `tables`, and what was left out in `notes`."""

    markup: str
    title: str = ""
    said: Mapping[str, str] = field(default_factory=dict)
    """What the page says of itself by name; its language by none."""
    tables: tuple[Table, ...] = ()
    notes: tuple[str, ...] = ()
    text: str = ""
    """All words that are left, to count what a reader makes of them."""


def cleaned(html: str) -> Page:
    """The page without scripts, menus and hidden text; markup is empty when there is no element in it."""
    import lxml.etree  # type: ignore[import-untyped]
    import lxml.html  # type: ignore[import-untyped]

    without_declaration = re.sub(r"^\s*<\?xml[^>]*\?>", "", html)
    try:
        root = lxml.html.document_fromstring(without_declaration)
    except lxml.etree.ParserError:
        return Page("")
    title = fold(root.findtext(".//title") or "")
    meta = ((node.get("name") or node.get("property") or "", node.get("content") or "") for node in root.iter("meta"))
    said = {name.lower(): fold(value) for name, value in meta} | {"": root.get("lang", "")}
    for node in [*root.iter(*_NEVER), *root.xpath("//comment()|//processing-instruction()")]:
        _drop(node)
    before = _prose(root)
    _show_controls(root)
    _drop_hidden(root)
    _drop_furniture(root)
    after = _prose(root)
    _set_marks_off(root)
    text = words_of(root)
    tables = take_tables(root, MARK)
    _rename(root)
    notes = _left_out(before, after)
    return Page(lxml.html.tostring(root, encoding="unicode"), title, said, tuple(tables), notes, text)


def _prose(root: Node) -> int:
    """Words that are no link."""
    return len(words_of(root).split()) - sum(len(words_of(link).split()) for link in root.iter("a"))


def _left_out(before: int, after: int) -> tuple[str, ...]:
    lost = before - after
    if lost < _FEW or lost <= _MOST_LEFT_OUT * before:
        return ()
    return (f"{lost} of the {before} words of the page stand in hidden or side parts and were left out",)


def _show_controls(root: Node) -> None:
    """A box that is ticked or not is shown before its words; of a list the chosen entry; of a field what is in it."""
    for node in list(root.iter("input")):
        kind = (node.get("type") or "text").lower()
        if kind in {"checkbox", "radio"}:
            text = "☒ " if node.get("checked") is not None else "☐ "
        else:
            text = f" {node.get('value') or ''} " if kind in {"text", "number", "date", "email", "tel", "time"} else ""
        node.tail = text + (node.tail or "")
        _drop(node)
    for node in list(root.iter("select")):
        entries = list(node.iter("option"))
        chosen = [each for each in entries if each.get("selected") is not None]
        node.tail = f" {', '.join(map(words_of, chosen))} {node.tail or ''}"
        _drop(node)


def _drop_hidden(root: Node) -> None:
    """What a page hides, but for panels that a tab or an accordion shows when it is asked to."""
    named = {
        value.lstrip("#")
        for node in root.iter()
        if isinstance(node.tag, str)
        for name in _TOGGLES
        for value in (node.get(name) or "").split()
    }
    for node in root.xpath("//*[@hidden or @aria-hidden='true' or @style]"):
        is_panel = node.get("id") in named or node.get("role") == "tabpanel" or node.get("hidden") == "until-found"
        if not is_panel and (node.get("hidden") is not None or _is_hidden(node)):
            _drop(node)


def _is_hidden(node: Node) -> bool:
    return node.get("aria-hidden") == "true" or bool(_HIDDEN.search(node.get("style") or ""))


def _drop_furniture(root: Node) -> None:
    """Buttons that only do something, and side parts that are mostly links or say nothing of their own."""
    for node in list(root.iter("button")):
        if not _names_something(node):
            _drop(node)
    for node in [*root.iter(*_FURNITURE), *_beside_main(root)]:
        inside = _is_in(node, "main", "article")
        spoken = len(words_of(node)) - sum(len(words_of(each)) for each in _outermost(node, _CONTROLS))
        links = sum(len(words_of(each)) for each in node.iter("a"))
        if next(node.iter("h1"), None) is not None:
            continue
        if node.tag in {"footer", "header"} and not inside and not _is_in(node, "blockquote", "section"):
            _drop(node)
        elif node.tag == "form":
            if spoken < _SPOKEN and "☒" not in words_of(node):
                _drop(node)
        elif not inside and (spoken < _SPOKEN or links > spoken):
            _drop(node)


def _beside_main(root: Node) -> list[Node]:
    """What stands outside the main part of a page that has one; the reader would pass over all of it."""
    main = root.find(".//main")
    found: list[Node] = []
    while main is not None and main.getparent() is not None:
        found += [other for other in main.getparent() if other is not main and isinstance(other.tag, str)]
        main = main.getparent()
    return found


def _names_something(button: Node) -> bool:
    """Whether a button is the title of what it opens, or says more than a command."""
    if _is_in(button, *_HEADINGS) or button.get("role") == "tab":
        return True
    if any(button.get(name) for name in (*_TOGGLES, "aria-expanded")):
        return True
    text = words_of(button)
    return text.endswith("?") or len(text.split()) > 4


def _outermost(node: Node, tags: tuple[str, ...]) -> list[Node]:
    return [each for each in node.iterdescendants(*tags) if next(each.iterancestors(*tags), None) is None]


def _set_marks_off(root: Node) -> None:
    """A raised number after a figure would be read as part of it."""
    for node in list(root.iter("sup")):
        text = words_of(node)
        shown = set_off(_text_before(node), text)
        if shown != text:
            for child in list(node):
                node.remove(child)
            node.text = shown


def _text_before(node: Node) -> str:
    """The text of its block up to a node."""
    parts: list[str] = []
    while node is not None and node.tag not in BLOCKS:
        for other in node.itersiblings(preceding=True):
            parts.append(other.tail or "")
            if other.tag in BLOCKS:
                return "".join(reversed(parts))
            parts.append("".join(other.itertext()) if isinstance(other.tag, str) else "")
            if "".join(parts).strip():
                return "".join(reversed(parts))
        node = node.getparent()
        parts.append(node.text or "" if node is not None else "")
        if parts[-1].strip():
            break
    return "".join(reversed(parts))


def _rename(root: Node) -> None:
    """Give the elements that unstructured passes over names that it reads, and lone letters and digits a block."""
    for node in root.iter():
        tag = node.tag
        if not isinstance(tag, str) or tag in {"p", "pre"}:
            continue
        if tag in _AS_PARAGRAPH or (tag == "button" and not _is_in(node, *_HEADINGS, "p")):
            node.tag = "div" if _has_blocks(node) else "p"
        elif tag in _AS_BLOCK or (tag not in BLOCKS and tag not in _KNOWN):
            node.tag = "div" if tag in _AS_BLOCK or _has_blocks(node) else "span"
        if node.tag == "div" and not len(node) and len((node.text or "").strip()) == 1:
            node.tag = "pre"


def _is_in(node: Node, *tags: str) -> bool:
    return next(node.iterancestors(*tags), None) is not None


def _has_blocks(node: Node) -> bool:
    return any(child.tag in BLOCKS and child.tag != "br" for child in node.iterdescendants())


def _drop(node: Node) -> None:
    """Remove the element and keep the text that follows it."""
    if node.getparent() is not None:
        node.drop_tree()
