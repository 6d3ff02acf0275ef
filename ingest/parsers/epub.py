"""EPUB: the chapters in the order of the book's spine, each read as a page of HTML."""

from __future__ import annotations

import io
import posixpath
import zipfile
from urllib.parse import unquote

from core.documents import Parsed
from core.errors import ParseError
from ingest.parsers.builder import TextBuilder, declared, stem
from ingest.parsers.dates import iso
from ingest.parsers.office import parse_html
from ingest.parsers.xml_tree import Node, attribute, first_text, read_part

_LOCKED = "The book is protected against copying, so that it cannot be read here."


def parse_epub(content: bytes, *, name: str) -> Parsed:
    """Title, author and date as the book's package file says; a chapter without text is noted.

    Raises:
        ParseError: "encrypted" for a protected book; "corrupt"; "no_text" for a book of pictures.
    """
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        place = _package_place(archive)
        package = read_part(archive, place)
        chapters = _chapters(package, posixpath.dirname(place))
        if _is_locked(archive, chapters):
            raise ParseError("encrypted", _LOCKED)
        builder = TextBuilder()
        notes: list[str] = []
        for chapter in chapters:
            try:
                builder.add_all(parse_html(archive.read(chapter), name=chapter))
            except KeyError:
                notes.append(f"{chapter} is missing")
            except ParseError:
                notes.append(f"{chapter} has no text")
    modified = next(
        (node.text for node in package.iter("{*}meta") if attribute(node, "property") == "dcterms:modified"), ""
    )
    return builder.build(
        title=first_text(package, "title") or stem(name),
        author=first_text(package, "creator"),
        created=iso(first_text(package, "date")),
        modified=iso(modified or ""),
        language=declared(first_text(package, "language")),
        notes=tuple(notes),
    )


def _package_place(archive: zipfile.ZipFile) -> str:
    for node in read_part(archive, "META-INF/container.xml").iter("{*}rootfile"):
        return attribute(node, "full-path")
    raise ParseError("corrupt", "The book names no package file.")


def _chapters(package: Node, folder: str) -> list[str]:
    """The parts of the spine, the table of contents left out."""
    items = {attribute(node, "id"): node for node in package.iter("{*}item")}
    spine = [items.get(attribute(node, "idref")) for node in package.iter("{*}itemref")]
    places: list[str] = []
    for item in spine:
        if item is None or "nav" in attribute(item, "properties").split():
            continue
        if "html" in attribute(item, "media-type"):
            places.append(posixpath.normpath(posixpath.join(folder, unquote(attribute(item, "href")))))
    return places


def _is_locked(archive: zipfile.ZipFile, chapters: list[str]) -> bool:
    """Whether a chapter is encrypted; fonts often are, in books that can be read."""
    if "META-INF/encryption.xml" not in archive.namelist():
        return False
    locked = {
        unquote(attribute(node, "URI"))
        for node in read_part(archive, "META-INF/encryption.xml").iter("{*}CipherReference")
    }
    return not locked.isdisjoint(chapters)
