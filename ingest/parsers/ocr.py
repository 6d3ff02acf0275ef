"""Pictures to text through the tesseract program, where it is installed. Nothing else here knows tesseract or Pillow.

The languages read are those installed with it, three at most, English first.
"""

from __future__ import annotations

import csv
import functools
import io
import os
import shutil
import subprocess
import time
import warnings
from collections.abc import Iterator, Sequence
from typing import Any

from core.documents import Parsed
from core.errors import ParseError
from ingest.parsers.builder import TextBuilder, said_of, stem
from ingest.parsers.protocol import deadline

NOT_INSTALLED = "No text: OCR is not installed. Install tesseract (tesseract-ocr) to have pictures and scans read."
DPI = 300
MAX_SIDE = 5_000
"""Pixels; a page of A4 at 300 dpi has 3,508."""
_MAX_PIXELS = 150_000_000
_MAX_FRAMES = 200
_MIN_SIDE = 40
_SECONDS = 60
_MIN_CONFIDENCE = 40.0
_MIN_LETTERS = 3
_Picture = Any
"""A Pillow image."""


def parse_image(content: bytes, *, name: str) -> Parsed:
    """The words in a picture; each frame of a TIFF is a page.

    Raises:
        ParseError: "picture" when OCR is not installed, or finds no word; "corrupt"; "too_large".
    """
    builder = TextBuilder()
    blank: list[int] = []
    unread: list[int] = []
    number = 0
    for number, picture in enumerate(_frames(content), start=1):
        if not is_installed():
            raise ParseError("picture", NOT_INSTALLED)
        if not has_time():
            unread.append(number)
            continue
        paragraphs = words_in(picture)
        for paragraph in paragraphs:
            builder.add("paragraph", paragraph, pages=((0, number),))
        if not paragraphs:
            blank.append(number)
    if builder.empty:
        raise ParseError("picture", "The picture holds no text that can be read.")
    notes = (*said_of("page", blank, "has no text", "have no text"), *unread_pages(unread))
    return builder.build(title=stem(name), page_count=number, notes=notes)


def has_time() -> bool:
    """Whether there is time to read one more picture."""
    return time.monotonic() < deadline.get()


def unread_pages(numbers: Sequence[int]) -> tuple[str, ...]:
    """The note on pages that there was no time for."""
    why = "not read: OCR takes longer than ingest.file_seconds allows"
    return said_of("page", numbers, f"was {why}", f"were {why}")


@functools.cache
def is_installed() -> bool:
    """Whether the tesseract program can be started."""
    return shutil.which("tesseract") is not None


def words_in(picture: _Picture) -> list[str]:
    """The paragraphs in a picture, words that tesseract is not sure of left out.

    Raises:
        ParseError: "timed_out" when one picture takes longer than a minute.
    """
    if min(picture.size) < _MIN_SIDE:
        return []
    stream = io.BytesIO()
    _small_enough(picture).convert("L").save(stream, "PNG", dpi=(DPI, DPI))
    command = ["tesseract", "stdin", "stdout", "-l", _languages(), "--dpi", str(DPI), "tsv"]
    alone = {**os.environ, "OMP_THREAD_LIMIT": "1"}  # its threads wait for each other most of the time
    try:
        done = subprocess.run(
            command, input=stream.getvalue(), capture_output=True, timeout=_SECONDS, check=False, env=alone
        )
    except subprocess.TimeoutExpired as error:
        raise ParseError("timed_out", f"Reading one picture took longer than {_SECONDS} seconds.") from error
    return _paragraphs(done.stdout.decode("utf-8", "replace")) if done.returncode == 0 else []


@functools.cache
def _languages() -> str:
    listed = subprocess.run(
        ["tesseract", "--list-langs"], capture_output=True, text=True, timeout=_SECONDS, check=False
    )
    names = [line for line in listed.stdout.splitlines()[1:] if line and line not in {"osd", "equ"}]
    return "+".join(sorted(names, key=lambda name: (name != "eng", name))[:3]) or "eng"


def _paragraphs(table: str) -> list[str]:
    """tesseract's table of words, put together by block and paragraph."""
    found: dict[tuple[str, str], list[str]] = {}
    for row in csv.DictReader(io.StringIO(table), delimiter="\t", quoting=csv.QUOTE_NONE):
        word = (row.get("text") or "").strip()
        if word and float(row.get("conf") or -1) >= _MIN_CONFIDENCE:
            found.setdefault((row["block_num"], row["par_num"]), []).append(word)
    texts = [" ".join(words) for words in found.values()]
    if sum(character.isalpha() for text in texts for character in text) < _MIN_LETTERS:
        return []
    return texts


def _frames(content: bytes) -> Iterator[_Picture]:
    """The pictures in a file, each loaded."""
    from PIL import Image, ImageSequence, UnidentifiedImageError

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)
            with Image.open(io.BytesIO(content)) as picture:
                frames = ImageSequence.Iterator(picture) if picture.format == "TIFF" else [picture]
                for number, frame in enumerate(frames):
                    if frame.width * frame.height > _MAX_PIXELS or number >= _MAX_FRAMES:
                        raise ParseError("too_large", "The picture has too many pixels or pages to be read.")
                    yield frame.convert("L")
    except Image.DecompressionBombError as error:
        raise ParseError("too_large", "The picture has too many pixels to be read.") from error
    except (UnidentifiedImageError, OSError, SyntaxError, ValueError, TypeError, KeyError, IndexError) as error:
        raise ParseError("corrupt", "The picture is damaged and cannot be opened.") from error


def _small_enough(picture: _Picture) -> _Picture:
    longest = max(picture.size)
    if longest <= MAX_SIDE:
        return picture
    scale = MAX_SIDE / longest
    return picture.resize((max(1, int(picture.width * scale)), max(1, int(picture.height * scale))))
