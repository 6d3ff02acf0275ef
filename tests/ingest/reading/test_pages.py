"""Pictures of pages show what is cited, and only of the file that was indexed."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from core.errors import NoPageImage
from core.settings.sections import IngestSettings
from indexes.catalogue.rows import DocumentRow
from ingest.reading.pages import PageImages
from tests.ingest.parsers.pdf.test_pdf import drawn, lines

PAGE = lines(("Hotel in a capital", 100, 700), ("city: 175 pounds", 100, 680), ("Breakfast: 20 pounds", 100, 400))


@pytest.fixture(scope="module")
def pages() -> Iterator[PageImages]:
    opened = PageImages(IngestSettings())
    yield opened
    opened.close()


@pytest.fixture
def row(tmp_path: Path) -> DocumentRow:
    content = drawn(PAGE)
    (tmp_path / "prices.pdf").write_bytes(content)
    return DocumentRow(
        id="0", collection="default", document="prices.pdf", version="v1", sha256=hashlib.sha256(content).hexdigest(),
        size=len(content), mtime_ns=1, media_type="application/pdf", title="", page_count=1, chunks=1,
        groups=frozenset(), indexed_at="", characters=60, source=str(tmp_path),
    )  # fmt: skip


def yellow(picture: bytes) -> set[int]:
    """The tenths of the page's height at which something is marked, from the top."""
    image = np.asarray(Image.open(io.BytesIO(picture)).convert("RGB")).astype(int)
    marked = np.nonzero((image[..., 0] > 200) & (image[..., 2] < 120))[0]
    return set((marked * 10 // image.shape[0]).tolist())


def test_the_words_that_are_cited_are_marked_over_line_breaks(pages: PageImages, row: DocumentRow) -> None:
    assert yellow(pages.picture(row, 1)) == set()
    assert yellow(pages.picture(row, 1, marked="Hotel in a\ncapital city:  175 POUNDS")) == {1}
    assert yellow(pages.picture(row, 1, marked="Hotel in a capital\tBreakfast: 20 pounds\tnot here")) == {1, 5}


def test_the_file_of_a_source_that_is_one_file_is_found(pages: PageImages, row: DocumentRow, tmp_path: Path) -> None:
    alone = replace(row, source=str(tmp_path / "prices.pdf"))
    assert pages.picture(alone, 1).startswith(b"\x89PNG")


def test_what_cannot_be_shown_is_refused(pages: PageImages, row: DocumentRow, tmp_path: Path) -> None:
    for wrong in (
        replace(row, media_type="text/plain"),
        replace(row, source="s3://bucket/documents"),
        replace(row, document="mail.eml!/prices.pdf"),
        replace(row, document="gone.pdf"),
        replace(row, sha256="0" * 64),
    ):
        with pytest.raises(NoPageImage):
            pages.picture(wrong, 1)
    with pytest.raises(NoPageImage, match="no page 2"):
        pages.picture(row, 2)
    broken = b"%PDF-1.7 and nothing more"
    (tmp_path / "prices.pdf").write_bytes(broken)
    with pytest.raises(NoPageImage):
        pages.picture(replace(row, sha256=hashlib.sha256(broken).hexdigest()), 1)
