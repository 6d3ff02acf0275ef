"""A source text, Markdown with a front matter, as the few kinds of block that every renderer can draw."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import yaml
from markdown_it import MarkdownIt
from markdown_it.token import Token


@dataclass(frozen=True, slots=True)
class Run:
    """A stretch of text in one style."""

    text: str
    bold: bool = False
    italic: bool = False


Inline = tuple[Run, ...]


@dataclass(frozen=True, slots=True)
class Heading:
    level: int
    text: Inline


@dataclass(frozen=True, slots=True)
class Paragraph:
    text: Inline


@dataclass(frozen=True, slots=True)
class Listing:
    """A bulleted or numbered list, one level deep."""

    ordered: bool
    items: tuple[Inline, ...]


@dataclass(frozen=True, slots=True)
class Table:
    """Rows of cells; the first row is the header."""

    rows: tuple[tuple[Inline, ...], ...]


@dataclass(frozen=True, slots=True)
class Aside:
    """A block quote: a warning box in a manual, the speaker's notes of a slide."""

    paragraphs: tuple[Inline, ...]


@dataclass(frozen=True, slots=True)
class Figure:
    """`![caption](figure:name)`: a drawing that render/figures.py makes."""

    name: str
    caption: str


@dataclass(frozen=True, slots=True)
class Break:
    """`---`: a new page."""


Block = Heading | Paragraph | Listing | Table | Aside | Figure | Break


@dataclass(frozen=True, slots=True)
class Source:
    """One source text. `meta` is its front matter; every source has a `title`."""

    meta: dict[str, str]
    blocks: tuple[Block, ...]

    @property
    def title(self) -> str:
        """The document's title."""
        return self.meta["title"]


def plain(text: Inline) -> str:
    """The words without their styles."""
    return "".join(run.text for run in text)


def split_front_matter(text: str) -> tuple[dict[str, str], str]:
    """The front matter between two `---` lines, every value as a string, and the body below it."""
    _, head, body = text.split("---\n", 2)
    return {key: str(value) for key, value in yaml.safe_load(head).items()}, body


def read_source(text: str) -> Source:
    """Reads one source text."""
    meta, body = split_front_matter(text)
    tokens = MarkdownIt("commonmark").enable("table").parse(body)
    return Source(meta, tuple(_blocks(tokens)))


def _blocks(tokens: Sequence[Token]) -> Iterator[Block]:
    position = 0
    while position < len(tokens):
        token = tokens[position]
        end = _closing(tokens, position)
        inside = tokens[position + 1 : end]
        if token.type == "hr":
            yield Break()
        else:
            yield _block(token, inside)
        position = end + 1


def _block(token: Token, inside: Sequence[Token]) -> Block:
    texts = [_inline(each) for each in inside if each.type == "inline"]
    match token.type:
        case "heading_open":
            return Heading(int(token.tag[1]), texts[0])
        case "paragraph_open":
            return _figure(inside[0]) or Paragraph(texts[0])
        case "bullet_list_open" | "ordered_list_open":
            return Listing(token.type.startswith("ordered"), tuple(texts))
        case "blockquote_open":
            return Aside(tuple(texts))
        case "table_open":
            return Table(tuple(_rows(inside)))
    raise ValueError(f"no renderer draws {token.type}; see demo/render/blocks.py for what a source may hold")


def _closing(tokens: Sequence[Token], position: int) -> int:
    if tokens[position].nesting == 0:
        return position
    level = tokens[position].level
    return next(i for i in range(position + 1, len(tokens)) if tokens[i].level == level and tokens[i].nesting == -1)


def _rows(tokens: Sequence[Token]) -> Iterator[tuple[Inline, ...]]:
    cells: list[Inline] = []
    for token in tokens:
        if token.type == "inline":
            cells.append(_inline(token))
        elif token.type == "tr_close":
            yield tuple(cells)
            cells = []


def _figure(token: Token) -> Figure | None:
    children = token.children or []
    if len(children) == 1 and children[0].type == "image":
        return Figure(str(children[0].attrs["src"]).removeprefix("figure:"), children[0].content)
    return None


def _inline(token: Token) -> Inline:
    runs: list[Run] = []
    bold = italic = False
    for child in token.children or []:
        match child.type:
            case "strong_open" | "strong_close":
                bold = child.type == "strong_open"
            case "em_open" | "em_close":
                italic = child.type == "em_open"
            case "softbreak":
                runs.append(Run(" ", bold, italic))
            case "hardbreak":
                runs.append(Run("\n", bold, italic))
            case _ if child.content:
                runs.append(Run(child.content, bold, italic))
    return tuple(runs)
