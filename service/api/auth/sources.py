"""What a caller may have ingested from where: docs/access.md has the rule in words."""

from __future__ import annotations

import hashlib
import os
import re
import unicodedata
import uuid
from collections.abc import Sequence
from pathlib import Path
from urllib.parse import unquote

from starlette.datastructures import UploadFile

from core.access import Principal
from core.errors import Forbidden
from core.sources import named, scheme_of
from indexes.uploads import SIDECAR, Uploads, place_of, refuse_clash
from service.api.uploads import names_of, write
from service.api.wire.questions import IngestionIn

_OVERLONG = re.compile(r"%(?:c0|e0%80|f0%80%80)%(2e|ae|2f|af|5c|9c)|%c1%(9c)", re.IGNORECASE)
"""A dot, a slash or a backslash in more bytes than UTF-8 allows."""
_PLAINLY = {"2e": ".", "ae": ".", "2f": "/", "af": "/", "5c": "/", "9c": "/"}
_PLAIN = re.compile(r"[A-Za-z0-9][A-Za-z0-9._@-]{0,62}")


def refuse_source(source: str, principal: Principal, allowed: Sequence[str], data: Path | None = None) -> None:
    """Let a caller name a source: an admin any, others what lies in the folders and URLs of `server.sources`.

    The data folder is none of them, even where one of them holds it: it has what others uploaded.

    Raises:
        Forbidden: it may not; the same for what is there and what is not.
    """
    if principal.is_admin:
        return
    inside = data is not None and _lies_in(source, os.path.realpath(data))
    if not inside and any(_lies_in(source, named(place)) for place in allowed):
        return
    raise Forbidden(
        "This key may upload files; it may not name this source. `server.sources` names the folders and URLs that "
        "keys without the scope 'admin' may ingest from."
    )


def _lies_in(source: str, place: str) -> bool:
    """Whether one named source is another one, or below it."""
    if scheme_of(source) != scheme_of(place):
        return False
    if not scheme_of(source):
        return os.path.commonpath([source, place]) == place
    return not _climbs(source) and (source == place or source.startswith(place.rstrip("/") + "/"))


def _climbs(url: str) -> bool:
    """Whether some server could take a URL for one above the folder that it begins with, however it reads it: decoded
    more than once, with backslashes for slashes, without what follows a semicolon, with letters that look like dots."""
    read = _OVERLONG.sub(lambda found: _PLAINLY[found[1].lower()], url)
    while (decoded := unquote(read, errors="replace")) != read:
        read = _OVERLONG.sub(lambda found: _PLAINLY[found[1].lower()], decoded)
    read = unicodedata.normalize("NFKC", read).replace("\\", "/")
    parts = (re.sub(r"[\s\x00-\x20\x7f]", "", part.partition(";")[0]) for part in re.split(r"[/?#]", read))
    return ".." in parts


def uploads_of(principal: Principal, data: Path, collection: str) -> Path:
    """The source that a caller's uploads to a collection are ingested from: nobody else's files are in it."""
    return place_of(data, label_of(principal), collection)


def label_of(principal: Principal) -> str:
    """What the names of a caller's uploads begin with, apart from what others brought in."""
    if principal.is_admin:
        return ""
    if _PLAIN.fullmatch(principal.name):
        return f"@{principal.name}"
    return f"@~{hashlib.sha256(principal.name.encode('utf-8', 'backslashreplace')).hexdigest()[:16]}"


class Upload:
    """Files that came with a request, and the source that they become.

    The job looks at these files alone: what it says of groups is said of them.
    """

    def __init__(self, files: Sequence[UploadFile], principal: Principal, uploads: Uploads, asked: IngestionIn) -> None:
        """Raises SourceError like `uploads.names_of`, Forbidden for metadata files from somebody who is no admin."""
        self._files, self._uploads = files, uploads
        names = names_of(files)
        if not principal.is_admin and any(name.lower().endswith(SIDECAR) for name in names):
            raise Forbidden("Metadata files are not taken from this key. Say `groups` with the upload.")
        label = label_of(principal)
        self._names = [f"{label}/{name}" if label else name for name in names]
        place = place_of(uploads.data, label, asked.collection)
        refuse_clash(place, self._names)
        include = tuple(dict.fromkeys(map(_pattern, self._names)))
        self.body = asked.model_copy(update={"source": os.path.realpath(place), "include": include})
        self.id = uuid.uuid4().hex[:16]
        """Of the job to come."""

    def receive(self) -> None:
        """Write the files where they wait for their job to be put on record."""
        write(self._files, self._names, self._uploads.arriving(self.id))

    def drop(self) -> None:
        """Remove what was received, unless it was handed in."""
        self._uploads.drop(self.id)


def _pattern(name: str) -> str:
    """Matches an uploaded file, or the one that a metadata file is about."""
    described = name[: -len(SIDECAR)] if name.endswith(SIDECAR) else name
    return "/" + re.sub(r"([*?\[])", r"[\1]", described)
