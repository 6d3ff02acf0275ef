"""Damage, by a seed: what disks, mail gateways and attackers do to files."""

from __future__ import annotations

import io
import random
import zipfile
from collections.abc import Iterator, Sequence
from pathlib import Path

_EDGES = (
    b"\x00",
    b"\xff",
    b"\x00\x00\x00\x00",
    b"\xff\xff\xff\xff",
    b"\x7f\xff\xff\xff",
    b"-1",
    b"99999999999",
    b"<",
    b"%s",
)


def mutated_files(sources: Sequence[Path], count: int, *, seed: int) -> Iterator[tuple[str, bytes]]:
    """`count` damaged copies as (file name, content), each of a source drawn at random."""
    draw = random.Random(seed)
    contents = [path.read_bytes() for path in sources]
    for number in range(count):
        chosen = draw.randrange(len(sources))
        content, other = contents[chosen], draw.choice(contents)
        unpacked = zipfile.is_zipfile(io.BytesIO(content)) and draw.random() < 0.7
        damaged = _inside(content, other, draw) if unpacked else _damaged(content, other, draw)
        yield f"{number:05}{sources[chosen].suffix}", damaged


def _inside(archive: bytes, other: bytes, draw: random.Random) -> bytes:
    """The archive with one of its parts damaged, packed anew so that its checksums are right."""
    packed = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(archive)) as before, zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as after:
        names = before.namelist()
        victim = draw.choice(names)
        for name in names:
            part = before.read(name)
            after.writestr(name, _damaged(part, other, draw) if name == victim else part)
    return packed.getvalue()


def _damaged(content: bytes, other: bytes, draw: random.Random) -> bytes:
    """Between one and a dozen places changed."""
    changed = bytearray(content)
    for _ in range(draw.choice((1, 1, 2, 4, 12))):
        _change(changed, other, draw)
    return bytes(changed)


def _change(content: bytearray, other: bytes, draw: random.Random) -> None:
    start = draw.randrange(len(content) + 1)
    length = min(draw.choice((1, 2, 8, 64, 1024)), len(content) - start)
    match draw.randrange(7):
        case 0 if start < len(content):
            content[start] ^= 1 << draw.randrange(8)
        case 1:
            content[start : start + length] = draw.randbytes(length)
        case 2:
            del content[start : start + length]
        case 3:
            content[start:start] = content[start : start + length] * draw.choice((1, 2, 50))
        case 4:
            content[start : start + length] = draw.choice(_EDGES)
        case 5:
            begin = draw.randrange(len(other) + 1)
            content[start : start + length] = other[begin : begin + length]
        case 6 if draw.random() < 0.2:
            del content[start:]
