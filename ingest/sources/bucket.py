"""Buckets: S3, Google Cloud Storage, Azure, and what else fsspec reads. The only file that imports fsspec.

Credentials are those that the store's own tools use: AWS_*, GOOGLE_APPLICATION_CREDENTIALS, AZURE_STORAGE_*, or what
the machine was given. Another server's address is in AWS_ENDPOINT_URL.
"""

from __future__ import annotations

import importlib
from collections.abc import Iterator
from typing import Any, BinaryIO

from core.errors import ParseError, SourceError, Unavailable
from core.sources import scheme_of
from ingest.discover import too_large
from ingest.outcomes import Failed
from ingest.sources.protocol import Entry
from ingest.sources.remote import stamp_of

LIBRARIES = {"s3": "s3fs", "gs": "gcsfs", "az": "adlfs"}
_TAGS = ("ETag", "etag", "md5Hash", "mtime", "LastModified", "updated", "last_modified", "created")
"""What stores call what changes with a file, the best first."""
_BLOCK = 1 << 20
_ERRORS = {
    "s3": ("botocore.exceptions", "BotoCoreError"),
    "gs": ("google.auth.exceptions", "GoogleAuthError"),
    "az": ("azure.core.exceptions", "AzureError"),
}
"""What libraries raise besides OSError."""


class Bucket:
    """`ingest.sources.protocol.Store` over a prefix of a bucket, or one object of it."""

    has_names = True

    def __init__(self, source: str) -> None:
        """Raises SourceError when the library for it is not installed."""
        import fsspec

        scheme = scheme_of(source)
        self._source = source
        try:
            self._files: Any = fsspec.filesystem(scheme, skip_instance_cache=True, use_listings_cache=False)
        except ImportError as error:
            raise SourceError(
                f"{source} cannot be read: {LIBRARIES.get(scheme, scheme)} is not installed. "
                f"Run: pip install 'touchstone[{scheme}]'"
            ) from error
        except ValueError as error:
            raise SourceError(f"{source} cannot be read: {error}") from error
        self._root = str(self._files._strip_protocol(source)).rstrip("/")
        self._errors: tuple[type[Exception], ...] = (OSError, ValueError, *_raised_for(scheme))
        self._alone: bool | None = None

    def entries(self) -> Iterator[Entry | Failed]:
        """Every object below the prefix; those that stand for folders have no content and are left out."""
        try:
            found = self._files.find(self._root, withdirs=False, detail=True)
        except FileNotFoundError:
            found = {}
        except PermissionError as error:
            raise SourceError(f"{self._source} may not be listed: {error}. Check the credentials.") from error
        except self._errors as error:
            raise Unavailable(
                f"{self._source} cannot be listed: {error}. Check the name and the credentials."
            ) from error
        if not found:
            raise SourceError(f"There is nothing at {self._source}. Check the bucket's name and the path.")
        for path, details in found.items():
            if details.get("type") == "file" and not path.endswith("/"):
                yield _entry(self._document(path), details)

    def fetch(self, document: str, into: BinaryIO, max_bytes: int) -> Entry:
        """An object's bytes, in blocks."""
        path = self._path(document)
        try:
            entry = _entry(document, self._files.info(path))
            taken = 0
            with self._files.open(path, "rb", block_size=_BLOCK * 4) as content:
                while entry.size <= max_bytes and (block := content.read(_BLOCK)):
                    taken += len(block)
                    if taken > max_bytes:
                        break
                    into.write(block)
        except FileNotFoundError:
            raise
        except self._errors as error:
            raise ParseError("unreadable", f"The file cannot be fetched: {error}") from error
        if max(taken, entry.size) > max_bytes:
            raise ParseError("too_large", too_large(max_bytes))
        return entry

    def _document(self, path: str) -> str:
        """The name of an object below the prefix; that of the object, when the source is one object."""
        return path[len(self._root) + 1 :] if path != self._root else path.rsplit("/", 1)[-1]

    def _path(self, document: str) -> str:
        """Where a document is kept."""
        if self._alone is None:
            self._alone = bool(self._files.isfile(self._root))
        if not self._alone:
            return f"{self._root}/{document}"
        return f"{self._root.rpartition('/')[0]}/{document}"


def _entry(document: str, details: dict[str, Any]) -> Entry:
    tag = next((str(details[name]) for name in _TAGS if details.get(name)), "")
    return Entry(document, int(details.get("size") or 0), stamp_of(tag))


def _raised_for(scheme: str) -> tuple[type[Exception], ...]:
    """The errors of a library that are no OSError."""
    if scheme not in _ERRORS:
        return ()
    module, name = _ERRORS[scheme]
    try:
        return (getattr(importlib.import_module(module), name),)
    except ImportError:
        return ()
