"""XML read without ever resolving an entity, loading a DTD or reaching for the network."""

from __future__ import annotations

import zipfile
from typing import Any

from core.errors import ParseError

Node = Any
"""An element of lxml, which has no types."""


def parse_tree(content: bytes) -> Node:
    """The root element; comments and processing instructions are left out.

    Raises:
        ParseError: "too_large" for entities within entities; "corrupt".
        SyntaxError: lxml's, for what is not well-formed.
    """
    from lxml import etree  # type: ignore[import-untyped]

    parser = etree.XMLParser(
        resolve_entities=False, load_dtd=False, no_network=True, huge_tree=False, remove_comments=True, remove_pis=True
    )
    try:
        root = etree.fromstring(content, parser)
    except etree.XMLSyntaxError as error:
        if "amplification" not in str(error):
            raise
        raise ParseError("too_large", "The file's XML entities unpack to far more than it weighs.") from error
    if root is None:
        raise ParseError("corrupt", "The file holds no XML element.")
    return root


def read_part(archive: zipfile.ZipFile, name: str) -> Node:
    """The root of one part of a container.

    Raises:
        ParseError: "corrupt" when the part is missing.
    """
    try:
        return parse_tree(archive.read(name))
    except KeyError as error:
        raise ParseError("corrupt", f"The file lacks its part {name}; it may be cut off.") from error


def local(node: Node) -> str:
    """An element's name without its namespace; empty for an entity."""
    return str(node.tag).rpartition("}")[2] if isinstance(node.tag, str) else ""


def attribute(node: Node, name: str) -> str:
    """The attribute of this name in any namespace, or empty."""
    return next((str(value) for key, value in node.attrib.items() if key.rpartition("}")[2] == name), "")


def children(node: Node) -> list[Node]:
    """The elements directly below."""
    return [child for child in node if isinstance(child.tag, str)]


def first_text(root: Node, *names: str) -> str:
    """The text of the first element that has one of the names and is not blank, by the order of the names."""
    for name in names:
        for node in root.iter("{*}" + name):
            text = " ".join("".join(node.itertext()).split())
            if text:
                return text
    return ""
