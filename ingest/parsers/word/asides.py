"""What stands beside the text of a Word file: text boxes, content controls, comments, footnotes and endnotes."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from typing import Any

from ingest.parsers.builder import fold

_W = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
_BOXES = frozenset({f"{_W}txbxContent", f"{_W}sdtContent"})


class Asides:
    """Paragraphs that unstructured passes by, by the paragraph they belong to: each is handed out once."""

    def __init__(self, document: Any, seen: str) -> None:  # noqa: ANN401 -- python-docx's document, without types
        self._by_anchor: dict[str, list[str]] = defaultdict(list)
        self._notes: list[str] = []
        parts = {str(part.partname).rpartition("/")[2]: part for part in document.part.package.iter_parts()}
        comments = _comments(parts.get("comments.xml"))
        for anchor, text in _beside(document.element.body, comments):
            if text not in seen:
                seen = f"{seen} {text}"
                self._by_anchor[anchor].append(text)
        for name in ("footnotes.xml", "endnotes.xml"):
            for text in _paragraphs(parts.get(name)):
                if text not in seen:
                    seen = f"{seen} {text}"
                    self._notes.append(text)

    def after(self, text: str, *, is_table: bool = False) -> Iterator[str]:
        """What belongs to this paragraph, or to one inside this table; "" is the document's beginning."""
        anchors = [text] if not is_table else [anchor for anchor in self._by_anchor if anchor and anchor in text]
        for anchor in anchors:
            yield from self._by_anchor.pop(anchor, [])

    def left(self) -> Iterator[str]:
        """What no paragraph claimed, then the notes."""
        for texts in self._by_anchor.values():
            yield from texts
        yield from self._notes


def _beside(body: Any, comments: dict[str, str]) -> Iterator[tuple[str, str]]:  # noqa: ANN401 -- an lxml element
    """(the text it belongs to, the text) of boxes, controls and comments in the order of the document."""
    anchor = ""
    for paragraph in body.iter(f"{_W}p"):
        text = _own_text(paragraph)
        if any(above.tag in _BOXES for above in paragraph.iterancestors()):
            if text:
                yield anchor, text
        elif text:
            anchor = text
        for reference in paragraph.iter(f"{_W}commentReference"):
            comment = comments.get(reference.get(f"{_W}id") or "", "")
            if comment:
                yield anchor, comment


def _own_text(paragraph: Any) -> str:  # noqa: ANN401 -- an lxml element
    """A paragraph's words without those of the boxes anchored in it."""
    nodes: Iterable[Any] = paragraph.iter(f"{_W}t")
    own = (node.text or "" for node in nodes if next(node.iterancestors(f"{_W}p"), None) is paragraph)
    return fold("".join(own))


def _comments(part: Any) -> dict[str, str]:  # noqa: ANN401 -- python-docx's part, or None
    found: dict[str, str] = {}
    for comment in _root(part).iter(f"{_W}comment") if part is not None else ():
        words = " ".join(filter(None, map(_own_text, comment.iter(f"{_W}p"))))
        author = fold(comment.get(f"{_W}author") or "")
        if words:
            found[comment.get(f"{_W}id") or ""] = f"Comment by {author}: {words}" if author else f"Comment: {words}"
    return found


def _paragraphs(part: Any) -> Iterator[str]:  # noqa: ANN401 -- python-docx's part, or None
    for paragraph in _root(part).iter(f"{_W}p") if part is not None else ():
        text = _own_text(paragraph)
        if text:
            yield text


def _root(part: Any) -> Any:  # noqa: ANN401 -- python-docx's part; an lxml element
    from docx.oxml import parse_xml

    return parse_xml(part.blob)
