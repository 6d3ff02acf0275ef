"""What a source is called, and which of its files are meant: known to the service as to ingestion."""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from core.errors import SourceError, UsageError
from core.globs import Globs, fault_in

BUCKET_SCHEMES = ("s3", "gs", "az", "memory")
WEB_SCHEMES = ("https", "http")
LIST_SUFFIX = ".urls"
"""A file of this name that is given as a source is a list of URLs, one a line."""
_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*)://")


def scheme_of(source: str) -> str:
    """`s3` of `s3://bucket/documents`; empty for a path."""
    match = _SCHEME.match(source)
    return match[1].lower() if match else ""


def named(source: str | Path) -> str:
    """The one name under which jobs and documents have a source: a URL, or a path that is absolute and without links.

    Raises:
        SourceError: it is a URL of a kind that is not read, or names no host or bucket.
    """
    scheme = scheme_of(str(source))
    if not scheme:
        return os.path.realpath(os.path.expanduser(source))
    if scheme not in (*BUCKET_SCHEMES, *WEB_SCHEMES):
        raise SourceError(f"{source} cannot be read: sources are paths, or begin with s3, gs, az or https.")
    place = str(source)[len(scheme) + 3 :]
    if not place or place.startswith("/"):
        raise SourceError(f"{source} names no place. Write it as {scheme}://NAME/PATH.")
    return f"{scheme}://{place.split('#')[0] if scheme in WEB_SCHEMES else place.strip('/')}"


def refuse_absent(source: str, allowed_hosts: Sequence[str]) -> None:
    """What can be said of a source before anything is fetched.

    Raises:
        SourceError: there is no such path on this machine, or URLs are off.
    """
    scheme = scheme_of(source)
    if not scheme and not os.path.exists(source):
        raise SourceError(f"{source} does not exist on the service's machine. Name a folder or file that does.")
    if (scheme in WEB_SCHEMES or (not scheme and is_remote(source))) and not allowed_hosts:
        raise SourceError(
            f"{source} is not read: URL sources are off. ingest.allowed_hosts names the hosts they may be read from."
        )


def is_remote(source: str) -> bool:
    """Whether the files of a source have to be fetched: it is a URL or a list of them."""
    return bool(scheme_of(source)) or (source.endswith(LIST_SUFFIX) and not os.path.isdir(source))


def alone(source: str, document: str) -> str:
    """The name of a file of the source, as a source of its own."""
    if not is_remote(source):
        return os.path.join(source, document) if os.path.isdir(source) else source
    if scheme_of(source) in BUCKET_SCHEMES:
        return f"{source}/{document}"
    return f"https://{document}"


def document_of(url: str) -> str:
    """The name of the document at a URL: what follows `https://`."""
    parts = urlsplit(url)
    query = f"?{parts.query}" if parts.query else ""
    return f"{parts.netloc}{parts.path}{query}".rstrip("/")


@dataclass(frozen=True, slots=True)
class Patterns:
    """Which files of a source are meant, by their names from its root; with nothing in it, all of them.

    A pattern with a slash inside is matched from the root on, one without with the name of a file or of a folder on the
    way. What it matches is meant with all that is below. `*` and `?` stay within a name, `**` does not;
    `[a-z]` is one of these letters, `[!a-z]` another one.
    """

    include: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        """Raises UsageError when a pattern means nothing."""
        for pattern in (*self.include, *self.exclude):
            if fault := fault_in(pattern):
                raise UsageError(f"The pattern {pattern!r} {fault}.")

    def chooser(self) -> Chooser:
        """What tells files that are meant, for many names one after the other."""
        return Chooser(self)

    def admit(self, document: str) -> bool:
        """Whether one file is meant."""
        return Chooser(self).admit(document)


class Chooser:
    """Tells which files some patterns mean. Safe to call from several threads."""

    def __init__(self, patterns: Patterns) -> None:
        self._include = Globs(patterns.include) if patterns.include else None
        self._exclude = Globs(patterns.exclude) if patterns.exclude else None

    def admit(self, document: str) -> bool:
        """Whether a file is meant."""
        return (self._include is None or self._include.match(document)) and not self.leave_out(document)

    def leave_out(self, document: str) -> bool:
        """Whether a file, or a folder with all that is in it, is excluded."""
        return self._exclude is not None and self._exclude.match(document)


EVERYTHING = Patterns()
