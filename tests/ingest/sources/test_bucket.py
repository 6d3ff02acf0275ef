"""Buckets: fsspec's own in memory with the whole line of ingestion, and S3 over a socket where s3fs is installed."""

from __future__ import annotations

import importlib.util
import tempfile
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import parse_qs
from xml.sax.saxutils import escape

import fsspec
import pytest

from core.access import ANONYMOUS
from core.errors import SourceError, Unavailable
from core.settings.load import Settings
from core.sources import EVERYTHING, Patterns
from indexes.indexes import Indexes
from ingest.outcomes import IngestReport
from ingest.pipeline import ingest, plan
from ingest.sources.bucket import Bucket
from tests.ingest.sources.servers import Answer, serving
from tests.ingest.test_sidecar import readable_by


@pytest.fixture
def bucket() -> Iterator[str]:
    """A bucket of the test's own: the store in memory is one for the whole process."""
    url = f"memory://{uuid.uuid4().hex}"
    put(url, "policies/leave.md", b"# Leave\n\nParental leave lasts 16 weeks.\n")
    put(url, "prices.csv", b"item,price\npump,120\n")
    yield url
    fsspec.filesystem("memory").rm(url, recursive=True)


def put(url: str, name: str, content: bytes) -> None:
    fsspec.filesystem("memory").pipe_file(f"{url}/{name}", content)


@pytest.fixture
def read(indexes: Indexes, settings: Settings, bucket: str) -> Callable[..., IngestReport]:
    def again(source: str = bucket, patterns: Patterns = EVERYTHING) -> IngestReport:
        small = settings.ingest.model_copy(update={"max_file_mb": 1})
        return ingest(indexes, source, collection="c", settings=small, patterns=patterns)

    return again


def outcomes(report: IngestReport) -> tuple[int, int, int, int, int]:
    return report.indexed, report.unchanged, report.removed, report.skipped, report.failed


def test_a_bucket_is_kept_up_to_date_and_leaves_no_file_here(
    read, bucket: str, indexes: Indexes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "temporary").mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "temporary"))
    assert outcomes(read()) == (2, 0, 0, 0, 0)
    assert set(indexes.catalogue.known("c")) == {"policies/leave.md", "prices.csv"}
    assert outcomes(read()) == (0, 2, 0, 0, 0)
    put(bucket, "prices.csv", b"item,price\npump,125\n")
    put(bucket, "policies/leave.md", b"# Leave\n\nParental leave lasts 16 weeks.\n")  # anew, and the same
    assert outcomes(read()) == (1, 1, 0, 0, 0)
    fsspec.filesystem("memory").rm(f"{bucket}/policies/leave.md")
    assert outcomes(read()) == (0, 1, 1, 0, 0)
    assert list((tmp_path / "temporary").iterdir()) == []


def test_names_mean_in_a_bucket_what_they_mean_in_a_folder(read, bucket: str) -> None:
    put(bucket, ".git/config", b"x")
    put(bucket, ".git/head", b"x")
    put(bucket, "large.txt", b"x" * 1_000_001)
    put(bucket, "gone.txt.meta.json", b"{}")
    put(bucket, "prices.csv.META.json", b"{}")
    report = read()
    assert report.reasons() == {"hidden": 1, "too_large": 1, "stray_metadata": 1, "bad_metadata": 1}
    assert outcomes(report) == (2, 0, 0, 3, 1)


def test_a_metadata_file_in_a_bucket_says_who_may_read(read, bucket: str, indexes: Indexes) -> None:
    put(bucket, "prices.csv.meta.json", b'{"groups": ["board"]}')
    assert outcomes(read()) == (2, 0, 0, 0, 0)
    assert readable_by(indexes, ANONYMOUS) == ["policies/leave.md"]
    assert outcomes(read()) == (0, 2, 0, 0, 0)
    put(bucket, "prices.csv.meta.json", b'{"groups": ["board"')
    assert read().reasons() == {"bad_metadata": 1}
    assert readable_by(indexes, ANONYMOUS) == ["policies/leave.md"]


def test_one_object_is_a_source_and_belongs_to_its_folder_too(read, bucket: str) -> None:
    assert outcomes(read(f"{bucket}/prices.csv")) == (1, 0, 0, 0, 0)
    assert outcomes(read()) == (1, 1, 0, 0, 0)


def test_two_places_do_not_push_each_other_out(read, bucket: str, folder: Path, indexes: Indexes) -> None:
    read()
    assert read(str(folder)).reasons() == {"name_taken": 2}


def test_a_plan_of_a_bucket_knows_what_moved(read, bucket: str, indexes: Indexes, settings: Settings) -> None:
    read()
    fsspec.filesystem("memory").mv(f"{bucket}/prices.csv", f"{bucket}/old/prices.csv")
    planned = plan(indexes, bucket, collection="c", settings=settings.ingest)
    assert (planned.moved, planned.added, planned.removed) == ((("prices.csv", "old/prices.csv"),), (), ())


def test_nothing_is_removed_when_a_bucket_is_gone(read, bucket: str, indexes: Indexes) -> None:
    read()
    fsspec.filesystem("memory").mv(bucket, f"{bucket}-elsewhere", recursive=True)
    with pytest.raises(SourceError, match="There is nothing at"):
        read()
    assert len(indexes.catalogue.known("c")) == 2
    fsspec.filesystem("memory").mv(f"{bucket}-elsewhere", bucket, recursive=True)


@pytest.mark.parametrize(("scheme", "library"), [("s3", "s3fs"), ("gs", "gcsfs"), ("az", "adlfs")])
def test_a_library_that_is_missing_is_named_with_what_to_install(scheme: str, library: str) -> None:
    if importlib.util.find_spec(library):
        pytest.skip("it is installed")
    with pytest.raises(SourceError, match=rf"pip install 'touchstone\[{scheme}\]'"):
        Bucket(f"{scheme}://bucket/documents")


def s3(objects: dict[str, bytes]) -> Callable[[str], Answer]:
    """What an S3 server answers, as far as listing and reading go."""

    def answer(path: str) -> Answer:
        name, _, query = path.partition("?")
        key = name.strip("/").partition("/")[2]
        if "list-type=2" in query:
            prefix = parse_qs(query).get("prefix", [""])[0]
            found = {key: body for key, body in sorted(objects.items()) if key.startswith(prefix)}
            rows = "".join(
                f"<Contents><Key>{escape(key)}</Key><LastModified>2026-01-01T00:00:00.000Z</LastModified>"
                f'<ETag>"{hash(body)}"</ETag><Size>{len(body)}</Size></Contents>'
                for key, body in found.items()
            )
            listing = f"<ListBucketResult><Name>b</Name><KeyCount>{len(found)}</KeyCount>{rows}"
            return 200, {"Content-Type": "application/xml"}, f"{listing}</ListBucketResult>".encode()
        if key not in objects:
            return 404, {"Content-Type": "application/xml"}, b"<Error><Code>NoSuchKey</Code></Error>"
        dated = {"ETag": f'"{hash(objects[key])}"', "Last-Modified": "Thu, 01 Jan 2026 00:00:00 GMT"}
        return 200, dated, objects[key]

    return answer


def test_s3_is_read_over_a_socket(read, monkeypatch: pytest.MonkeyPatch, indexes: Indexes) -> None:
    pytest.importorskip("s3fs")
    objects = {
        "docs/a.txt": b"The shop opens at nine.",
        "docs/b/c.md": b"# Leave\n\n16 weeks.\n",
        "other/d.txt": b"No.",
    }
    with serving(s3(objects)) as server:
        for name, value in {
            "AWS_ENDPOINT_URL": f"http://127.0.0.1:{server.port}",
            "AWS_ACCESS_KEY_ID": "key",
            "AWS_SECRET_ACCESS_KEY": "secret",
            "AWS_EC2_METADATA_DISABLED": "true",
            "AWS_DEFAULT_REGION": "eu-west-1",
        }.items():
            monkeypatch.setenv(name, value)
        report = read("s3://b/docs")
        assert outcomes(report) == (2, 0, 0, 0, 0), report.outcomes
        assert set(indexes.catalogue.known("c")) == {"a.txt", "b/c.md"}
        assert outcomes(read("s3://b/docs")) == (0, 2, 0, 0, 0)
        objects["docs/a.txt"] = b"The shop opens at ten."
        del objects["docs/b/c.md"]
        assert outcomes(read("s3://b/docs")) == (1, 0, 1, 0, 0)
    with pytest.raises((Unavailable, SourceError), match="cannot be listed"):
        read("s3://b/docs")
