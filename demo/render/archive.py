"""Office files are zip archives; the same content should give the same bytes on every build."""

from __future__ import annotations

import re
from io import BytesIO
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

STAMP = "2026-11-02T08:00:00Z"
_MODIFIED = re.compile(rb"(<dcterms:(created|modified)[^>]*>)[^<]*(</dcterms:)")


def with_fixed_dates(archive: bytes) -> bytes:
    """The same archive with fixed entry times, and fixed created and modified dates in its properties."""
    out = BytesIO()
    with ZipFile(BytesIO(archive)) as source, ZipFile(out, "w", ZIP_DEFLATED, compresslevel=9) as target:
        for name in source.namelist():
            content = source.read(name)
            if name == "docProps/core.xml":
                content = _MODIFIED.sub(rb"\g<1>" + STAMP.encode() + rb"\g<3>", content)
            entry = ZipInfo(name, date_time=(2026, 11, 2, 8, 0, 0))
            entry.compress_type = ZIP_DEFLATED
            target.writestr(entry, content)
    return out.getvalue()
