"""One small file of each format that the demo corpus has none of."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Mapping
from pathlib import Path

from tests.ingest.parsers.compound import compound_file
from tests.ingest.parsers.test_epub import book
from tests.ingest.parsers.test_ocr import drawn, saved, scanned
from tests.ingest.parsers.test_opendocument import META, TEXT, document
from tests.ingest.parsers.test_outlook import MESSAGE
from tests.ingest.parsers.test_rtf import HEAD
from tests.ingest.parsers.workbook import old_workbook

_TABLE = "".join(
    f"<table:table-row>{''.join(f'<table:table-cell><text:p>{cell}</text:p></table:table-cell>' for cell in row)}"
    "</table:table-row>"
    for row in (("Van", "Miles"), ("North", "120"), ("South", "88"))
)
_SHEET = f'<office:spreadsheet><table:table table:name="Fleet">{_TABLE}</table:table></office:spreadsheet>'
_SLIDES = "<office:presentation><draw:page><draw:frame><draw:text-box><text:p>Goals</text:p></draw:text-box>"
_SLIDES += "</draw:frame></draw:page></office:presentation>"


def _packed(members: Mapping[str, bytes]) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return stream.getvalue()


def write_samples(folder: Path) -> list[Path]:
    """The files, written into a folder."""
    folder.mkdir()
    files = {
        "leave.rtf": HEAD + rb"\pard\s1 Parents\par\pard\s0 Sixteen weeks.\par\trowd A\cell B\cell\row}",
        "leave.odt": document(TEXT, meta_xml=META),
        "fleet.ods": document(_SHEET, "spreadsheet"),
        "goals.odp": document(_SLIDES, "presentation"),
        "fleet.xls": old_workbook({"Fleet": [["Van", "Miles"], ["North", 120.0]], "Blank": []}),
        "pump.epub": book(),
        "move.msg": compound_file(MESSAGE),
        "all.zip": _packed({"a.txt": b"Alpha.", "b/c.csv": b"x,y\n1,2\n", "d.eml": b"From: a@x\nTo: b@x\n\nHello."}),
        "fleet.json": b'{"fleet": [{"van": "North", "miles": 120}, {"van": "South", "miles": 88}], "note": "\\u00e9"}',
        "fleet.jsonl": b'{"van": "North", "miles": 120}\n{"van": "South", "miles": 88}\n',
        "fleet.xml": b'<?xml version="1.0"?><fleet><van><name>North</name><miles>120</miles></van></fleet>',
        "fleet.tsv": b"van\tmiles\nNorth\t120\n",
        "fleet.py": b'"""Vans."""\n\n\ndef miles(van: str) -> int:\n    return {"North": 120}[van]\n',
        "utf16.txt": "Words in UTF-16, with an \u00e9.\n\nMore words.".encode("utf-16"),
        "picture.png": saved(drawn("Pump"), "PNG"),
        "picture.tiff": saved(drawn("Pump"), "TIFF", drawn("Seal")),
        "picture.jpg": saved(drawn("Pump"), "JPEG"),
        "scan.pdf": scanned(),
    }
    for name, content in files.items():
        (folder / name).write_bytes(content)
    return sorted(folder.iterdir())
