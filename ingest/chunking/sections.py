"""The outline of a document: stretches of body under the same headings."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from core.documents import Element, Parsed
from ingest.chunking.plain import Plain

Count = Callable[[Sequence[str]], list[int]]
_WORD = re.compile(r"\w")


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """Elements, by number, that stand under one heading path.

    `body` may begin with headings that have no text of their own: they are read with what follows them.
    """

    headings: tuple[str, ...]
    heading: int | None
    """The number of its own heading; None before the first one."""
    body: tuple[int, ...]


def sections_of(parsed: Parsed, plain: Plain) -> list[Section]:
    """The document's sections in order; every element is in one of them, as its heading or in its body."""
    sections: list[Section] = []
    path: list[int] = []
    body: list[int] = []
    elements = parsed.elements

    def close() -> None:
        if body:
            own = path[-1] if path else None
            headings = tuple(filter(None, (_heading_text(elements[i], plain) for i in path)))
            sections.append(Section(headings=headings, heading=own, body=tuple(body)))
            body.clear()

    for number, element in enumerate(elements):
        if element.kind != "heading":
            body.append(number)
            continue
        bare = _bare_headings(path, body, elements, number)
        if not bare and any(elements[i].kind != "heading" for i in body):
            close()
        while path and elements[path[-1]].level >= element.level:
            path.pop()
        path.append(number)
        body.extend(bare)
    if any(elements[i].kind != "heading" for i in body):
        close()
    return _with_last(sections, elements)


def _bare_headings(path: list[int], body: list[int], elements: Sequence[Element], number: int) -> list[int]:
    """The heading before this one when nothing stands under it, neither text nor a deeper heading."""
    if not path or path[-1] != number - 1 or elements[number].level > elements[path[-1]].level:
        return []
    if any(elements[i].kind != "heading" for i in body):
        return []
    return [path[-1]]


def _with_last(sections: list[Section], elements: Sequence[Element]) -> list[Section]:
    """Headings at the very end belong to the body before them; without one they are the body."""
    first = len(elements)
    while first > 0 and elements[first - 1].kind == "heading":
        first -= 1
    trailing = tuple(range(first, len(elements)))
    if not sections:
        return [Section(headings=(), heading=None, body=trailing)] if trailing else []
    final = sections.pop()
    return [*sections, Section(headings=final.headings, heading=final.heading, body=(*final.body, *trailing))]


def _heading_text(element: Element, plain: Plain) -> str:
    return plain.between(element.start, element.end).replace("\n", " ")


def stray_before(parsed: Parsed) -> list[bool]:
    """For each element, whether words that belong to no element (a comment, front matter) stand before it."""
    ends = [0, *(element.end for element in parsed.elements)]
    return [
        bool(_WORD.search(parsed.text, end, element.start)) for end, element in zip(ends, parsed.elements, strict=False)
    ]


def first_heading_above(element: int, *, after: int, parsed: Parsed, stray: Sequence[bool]) -> int:
    """The number of the first of the headings that stand directly above `element`, all of them after `after`."""
    while element - 1 > after and parsed.elements[element - 1].kind == "heading" and not stray[element]:
        element -= 1
    return element


def path_texts(title: str, sections: Sequence[Section], *, budget: int, count: Count) -> list[tuple[str, int]]:
    """(heading path, its word pieces) of each section: the title first, shortened to `budget` where it is longer.

    Shortened means: the middle of the path goes first, then the title, then the end of the last heading.
    """
    candidates = [_candidates(title, section.headings) for section in sections]
    unique = sorted({text for texts in candidates for text in texts})
    pieces = dict(zip(unique, count(unique) if unique else [], strict=True))
    found: list[tuple[str, int]] = []
    for texts in candidates:
        fitting = next((text for text in texts if pieces[text] <= budget), None)
        found.append((fitting, pieces[fitting]) if fitting is not None else shorten(texts[-1], budget, count))
    return found


def _candidates(title: str, headings: tuple[str, ...]) -> list[str]:
    full = headings if headings and _same(title, headings[0]) else tuple(filter(None, (title, *headings)))
    paths = [full, (*full[:1], *full[-2:]) if len(full) > 3 else full, (*full[:1], *full[1:][-1:]), full[-1:]]
    return [" > ".join(path) for path in paths]


def _same(title: str, heading: str) -> bool:
    return "".join(_WORD.findall(title)).casefold() == "".join(_WORD.findall(heading)).casefold()


def shorten(text: str, budget: int, count: Count) -> tuple[str, int]:
    """(the first words of a text that fit into `budget` word pieces, their number)."""
    words = re.findall(r"\S+\s*", text)
    used, kept = 0, 0
    for pieces in count(words) if words else []:
        if used + pieces > budget:
            break
        used, kept = used + pieces, kept + 1
    return "".join(words[:kept]).rstrip(), used
