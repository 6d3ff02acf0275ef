"""XML of any kind: prose as paragraphs, records as tables, the rest as lines of "name: value"."""

from __future__ import annotations

import itertools

from core.documents import Parsed
from core.errors import ParseError
from ingest.parsers.builder import TextBuilder, fold, stem
from ingest.parsers.records import add_table_of
from ingest.parsers.xml_tree import Node, children, local, parse_tree

_TITLES = frozenset({"title", "head", "heading", "article-title"})
_PROSE = frozenset(
    {
        "p",
        "para",
        "simpara",
        "paragraph",
        "text",
        "abstract",
        "desc",
        "description",
        "body",
        "content",
        "summary",
        "li",
        "item",
    }
)
_LONG = 200
_DEEPEST = 6


def parse_xml(content: bytes, *, name: str) -> Parsed:
    """Entities are not resolved and nothing is loaded. The title is the first `title`, else the file's name.

    Raises:
        ParseError: "corrupt" when it is nested too deeply; "no_text".
        SyntaxError: lxml's, for what is not well-formed.
    """
    root = parse_tree(content)
    builder = TextBuilder()
    try:
        _read(builder, root, 1)
    except RecursionError as error:
        raise ParseError("corrupt", "The file is nested too deeply to be read.") from error
    title = next((_words(child) for child in root.iter("{*}title") if _words(child)), "")
    return builder.build(title=title if 0 < len(title) <= _LONG else stem(name))


def _read(builder: TextBuilder, node: Node, level: int) -> None:
    """Append what stands in an element: as prose when text runs around its children, else child by child."""
    inner = children(node)
    if not inner or _is_mixed(node):
        builder.add("paragraph", _words(node))
        return
    lines = [f"{key}: {fold(value)}" for key, value in _attributes(node).items()]
    for tag, group in itertools.groupby(inner, key=local):
        run = list(group)
        if all(map(_is_leaf, run)) and tag not in _TITLES | _PROSE and not any(len(_words(n)) > _LONG for n in run):
            lines += [f"{tag}: {_words(child)}" for child in run if _words(child)]
            continue
        builder.add("paragraph", "\n".join(lines))
        lines = []
        if not (all(map(_is_record, run)) and add_table_of(builder, [_record(child) for child in run])):
            for child in run:
                _read_child(builder, child, level)
    builder.add("paragraph", "\n".join(lines))


def _read_child(builder: TextBuilder, node: Node, level: int) -> None:
    tag = local(node)
    if _is_leaf(node):
        words = _words(node)
        if tag in _TITLES and len(words) <= _LONG:
            builder.add("heading", words, level=min(level, _DEEPEST))
        else:
            builder.add("paragraph", words if tag in _PROSE else f"{tag}: {words}" if words else "")
        return
    plain = [child for child in children(node) if _is_leaf(child) and local(child) not in _PROSE]
    titled = any(local(child) in _TITLES for child in plain)
    if plain and not titled and not _is_mixed(node):
        builder.add("heading", tag, level=min(level, _DEEPEST))
    _read(builder, node, level + 1)


def _is_leaf(node: Node) -> bool:
    return not children(node) and not _attributes(node)


def _is_mixed(node: Node) -> bool:
    texts = [node.text, *(child.tail for child in node)]
    return any(text and text.strip() for text in texts)


def _is_record(node: Node) -> bool:
    """Whether an element is a row: children of different names, or attributes, and nothing nested."""
    inner = children(node)
    names = [local(child) for child in inner]
    return bool(inner or _attributes(node)) and all(map(_is_leaf, inner)) and len(set(names)) == len(names)


def _record(node: Node) -> dict[str, str]:
    own = {local(node): _words(node)} if not children(node) and _words(node) else {}
    return {**_attributes(node), **own, **{local(child): _words(child) for child in children(node)}}


def _attributes(node: Node) -> dict[str, str]:
    """Attributes without a namespace: those of xml: and xsi: are about the file, not in it."""
    return {key: fold(value) for key, value in node.attrib.items() if not key.startswith("{") and value.strip()}


def _words(node: Node) -> str:
    return fold("".join(node.itertext()))
