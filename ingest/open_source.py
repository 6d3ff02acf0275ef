"""Opens the source of a job."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from core.sources import BUCKET_SCHEMES, is_remote, refuse_absent, scheme_of
from ingest.permitted import patterns_of, refuse_source
from ingest.sources.folder import Folder
from ingest.sources.protocol import Source, Store
from ingest.sources.reach import Reach
from ingest.sources.remote import Remote
from ingest.sources.scratch import Scratch
from ingest.sources.web import Web, listed
from ingest.work import Work


@contextmanager
def open_source(work: Work) -> Iterator[Source]:
    """The folder, bucket or URLs that a job is about; temporary files are gone afterwards.

    Raises:
        SourceError: it cannot be read here: a library is missing, or the settings do not allow it, or not for whoever
            asked.
    """
    refuse_source(work)
    settings, patterns = work.settings, patterns_of(work)
    most = settings.max_file_mb * 1_000_000
    if not is_remote(work.source):
        yield Folder(Path(work.source), patterns, max_bytes=most)
        return
    with Scratch() as scratch:
        reach = Reach(hosts=settings.allowed_hosts, public=work.public)
        yield Remote(work.source, _store(work.source, reach, scratch, most), scratch, patterns, max_bytes=most)


def _store(source: str, reach: Reach, scratch: Scratch, most: int) -> Store:
    if scheme_of(source) in BUCKET_SCHEMES:
        from ingest.sources.bucket import Bucket

        return Bucket(source)
    refuse_absent(source, reach.hosts)
    urls = [source] if scheme_of(source) else listed(Path(source))
    return Web(urls, reach, scratch, max_bytes=most)
