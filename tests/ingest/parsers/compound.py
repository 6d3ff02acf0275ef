"""Writes OLE compound files and Outlook messages, small ones, for tests."""

from __future__ import annotations

import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TypeAlias
from uuid import UUID

Tree: TypeAlias = Mapping[str, "bytes | Tree"]

_END, _FREE, _NONE = 0xFFFFFFFE, 0xFFFFFFFF, 0xFFFFFFFF
_SECTOR, _SMALL = 512, 64


@dataclass
class _Entry:
    name: str
    kind: int
    child: int = _NONE
    right: int = _NONE
    start: int = 0
    size: int = 0
    kids: list[int] = field(default_factory=list)


def compound_file(tree: Tree) -> bytes:
    """The bytes of a compound file; every stream goes into the mini stream, so that it has to be below 4096 bytes."""
    entries = [_Entry("Root Entry", 5)]
    small = bytearray()
    chain: list[int] = []

    def add(parent: int, content: Tree) -> None:
        for name, value in content.items():
            entry = _Entry(name, 2 if isinstance(value, bytes) else 1)
            entries.append(entry)
            number = len(entries) - 1
            entries[parent].kids.append(number)
            if isinstance(value, bytes):
                assert len(value) < 4096
                entry.size, entry.start = len(value), len(small) // _SMALL if value else _END
                sectors = -(-len(value) // _SMALL)
                chain.extend([len(chain) + n + 1 for n in range(sectors - 1)] + [_END] * bool(sectors))
                small.extend(value.ljust(sectors * _SMALL, b"\x00"))
            else:
                add(number, value)

    add(0, tree)
    for entry in entries:
        for left, right in zip(entry.kids, entry.kids[1:], strict=False):
            entries[left].right = right
        entry.child = entry.kids[0] if entry.kids else _NONE
    return _laid_out(entries, bytes(small), chain)


def _laid_out(entries: list[_Entry], small: bytes, chain: list[int]) -> bytes:
    """Sectors: FAT (one), directory, mini FAT, mini stream."""
    entries[0].size = len(small)
    directory_size = -(-len(entries) * 128 // _SECTOR)
    fat_of_small = struct.pack(f"<{len(chain)}I", *chain)
    sizes = [1, directory_size, -(-len(fat_of_small) // _SECTOR), -(-len(small) // _SECTOR)]
    starts = [sum(sizes[:i]) for i in range(4)]
    entries[0].start = starts[3]
    fat = [0xFFFFFFFD]
    for start, size in zip(starts[1:], sizes[1:], strict=True):
        fat += [start + n + 1 for n in range(size - 1)] + [_END] * bool(size)
    assert len(fat) <= _SECTOR // 4
    fat += [_FREE] * (_SECTOR // 4 - len(fat))
    header = struct.pack(
        "<8s16x5H6x9I", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", 0x3E, 3, 0xFFFE, 9, 6,
        0, 1, starts[1], 0, 4096, starts[2], sizes[2], _END, 0,
    )  # fmt: skip
    header += struct.pack("<109I", 0, *[_FREE] * 108)
    directory = b"".join(_directory_entry(entry) for entry in entries)
    parts = [struct.pack("<128I", *fat), directory, fat_of_small.ljust(sizes[2] * _SECTOR, b"\xff"), small]
    return header + b"".join(part.ljust(-(-len(part) // _SECTOR) * _SECTOR, b"\x00") for part in parts)


def _directory_entry(entry: _Entry) -> bytes:
    name = entry.name.encode("utf-16-le") + b"\x00\x00"
    return name.ljust(64, b"\x00") + struct.pack(
        "<HBB3I16xI16xIII", len(name), entry.kind, 1, _NONE, entry.right, entry.child, 0, entry.start, entry.size, 0
    )


def outlook_message(*, inner: bool = False, sent: datetime | None = None, **fields: object) -> Tree:
    """An Outlook message: `subject`, `body`, `sender`, `to`, `attachments` (name to bytes, or to another message)."""
    strings = {0x0037: fields.get("subject", ""), 0x1000: fields.get("body", ""), 0x0C1F: fields.get("sender", "")}
    attachments = fields.get("attachments", {})
    assert isinstance(attachments, dict)
    tree: dict[str, bytes | Tree] = _properties({k: str(v) for k, v in strings.items() if v}, 24 if inner else 32, sent)
    if fields.get("to"):
        tree["__recip_version1.0_#00000000"] = _properties({0x3001: "Bob Fox", 0x3003: str(fields["to"])}, 8, None)
    for number, (name, content) in enumerate(attachments.items()):
        attached = _properties({0x3707: name}, 8, None)
        if isinstance(content, bytes):
            attached = _properties({0x3707: name, 0x3701: content}, 8, None)
        else:
            attached["__substg1.0_3701000D"] = content
        tree[f"__attach_version1.0_#{number:08X}"] = attached
    return tree


Value: TypeAlias = str | bytes | bool | int | float | datetime


def outlook_item(
    values: Mapping[int, Value],
    *,
    named: Mapping[tuple[UUID, int], Value] | None = None,
    recipients: Sequence[Mapping[int, Value]] = (),
    codec: str = "",
) -> Tree:
    """An Outlook item of any class by the numbers of its properties; text is in `codec`, or in Unicode without one.

    `named` are properties by their set and their number in it.
    """
    entries = b"".join(
        struct.pack("<IHH", number, (index + 3) << 1, index) for index, (_, number) in enumerate(named or {})
    )
    groups = b"".join(group.bytes_le for group, _ in named or {})
    every = {**values, **{0x8000 + index: value for index, value in enumerate((named or {}).values())}}
    tree: dict[str, bytes | Tree] = {
        "__nameid_version1.0": {"__substg1.0_00020102": groups, "__substg1.0_00030102": entries},
        **_item(every, 32, codec),
    }
    for number, recipient in enumerate(recipients):
        tree[f"__recip_version1.0_#{number:08X}"] = _item(recipient, 8, codec)
    return tree


def _item(values: Mapping[int, Value], header: int, codec: str) -> dict[str, bytes | Tree]:
    tree: dict[str, bytes | Tree] = {}
    rows = b""
    for number, value in values.items():
        if isinstance(value, str | bytes):
            kind = (0x001E if codec else 0x001F) if isinstance(value, str) else 0x0102
            content = value.encode(codec or "utf-16-le") if isinstance(value, str) else value
            tree[f"__substg1.0_{number:04X}{kind:04X}"] = content
            fixed = struct.pack("<II", len(content), 0)
        elif isinstance(value, datetime):
            kind, fixed = 0x0040, struct.pack("<Q", _ticks(value))
        elif isinstance(value, bool):
            kind, fixed = 0x000B, struct.pack("<Q", value)
        else:
            kind = 0x0003 if isinstance(value, int) else 0x0005
            fixed = struct.pack("<ii", value, 0) if isinstance(value, int) else struct.pack("<d", value)
        rows += struct.pack("<HHI", kind, number, 6) + fixed
    tree["__properties_version1.0"] = b"\x00" * header + rows
    return tree


def _ticks(moment: datetime) -> int:
    return int((moment - datetime(1601, 1, 1, tzinfo=UTC)).total_seconds()) * 10_000_000


def _properties(
    values: dict[int, str | bytes] | dict[int, str], header: int, sent: datetime | None
) -> dict[str, bytes | Tree]:
    tree: dict[str, bytes | Tree] = {}
    rows = b""
    for number, value in values.items():
        kind = 0x001F if isinstance(value, str) else 0x0102
        content = value.encode("utf-16-le") if isinstance(value, str) else value
        tree[f"__substg1.0_{number:04X}{kind:04X}"] = content
        rows += struct.pack("<HHIII", kind, number, 6, len(content) + (2 if kind == 0x001F else 0), 0)
    if sent is not None:
        rows += struct.pack("<HHIQ", 0x0040, 0x0039, 6, _ticks(sent))
    tree["__properties_version1.0"] = b"\x00" * header + rows
    return tree
