"""URLs as a source, with a real server and the whole line of ingestion."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from core.errors import SourceError
from core.settings.load import Settings
from indexes.indexes import Indexes
from ingest.outcomes import IngestReport
from ingest.pipeline import ingest, plan, run
from ingest.record import new_job
from ingest.work import Work
from tests.ingest.sources.servers import Answer, Server, page, serving


class Site:
    """Pages that can be changed, and a list of them."""

    def __init__(self, server: Server, pages: dict[str, Answer], folder: Path) -> None:
        self.server = server
        self.pages = pages
        self.list = folder / "site.urls"

    @property
    def host(self) -> str:
        return f"127.0.0.1:{self.server.port}"

    def publish(self, **pages: bytes) -> None:
        self.pages.update({f"/{name}": page(body, f'"{hash(body)}"') for name, body in pages.items()})
        self.list.write_text("# What we read\n\n" + "".join(f"http://{self.host}{path}\n" for path in self.pages))


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    pages: dict[str, Answer] = {}
    with serving(lambda path: pages.get(path, (404, {}, b""))) as server:
        made = Site(server, pages, tmp_path)
        made.publish(leave=b"<h1>Leave</h1><p>Parental leave lasts 16 weeks.</p>", shop=b"The shop opens at nine.")
        yield made


@pytest.fixture
def read(indexes: Indexes, settings: Settings, site: Site):
    def again(
        source: str | Path | None = None, *, hosts: tuple[str, ...] | None = None, max_mb: int = 1
    ) -> IngestReport:
        limits = {"allowed_hosts": (site.host,) if hosts is None else hosts, "max_file_mb": max_mb}
        job = indexes.catalogue.jobs.add(new_job(source or site.list, "c", "RUNNING", "command"))
        own = settings.ingest.model_copy(update=limits)
        return run(Work(indexes=indexes, settings=own, job=job, public=lambda address: address == "127.0.0.1"))

    return again


def outcomes(report: IngestReport) -> tuple[int, int, int, int, int]:
    return report.indexed, report.unchanged, report.removed, report.skipped, report.failed


def test_a_list_of_urls_is_kept_up_to_date(read, site: Site, indexes: Indexes) -> None:
    assert outcomes(read()) == (2, 0, 0, 0, 0)
    assert set(indexes.catalogue.known("c")) == {f"{site.host}/leave", f"{site.host}/shop"}
    assert outcomes(read()) == (0, 2, 0, 0, 0)
    site.publish(leave=b"Parental leave lasts 20 weeks.", new=b"Something new.")
    assert outcomes(read()) == (2, 1, 0, 0, 0)
    del site.pages["/shop"]
    site.publish()
    assert outcomes(read()) == (0, 2, 1, 0, 0)


def test_an_unchanged_file_is_not_fetched_when_the_server_says_what_it_is(read, site: Site) -> None:
    site.pages["/silent"] = page(b"A server that tells nothing.", etag="")
    site.publish()
    read()
    site.server.asked.clear()
    assert read().unchanged == 3
    assert sorted(site.server.asked) == ["/leave", "/shop", "/silent", "/silent"]


def test_a_new_etag_on_the_same_content_is_no_change(read, site: Site) -> None:
    read()
    site.pages["/shop"] = page(b"The shop opens at nine.", '"other"')
    assert outcomes(read()) == (0, 2, 0, 0, 0)


def test_what_cannot_be_fetched_fails_alone_and_its_older_version_stays(read, site: Site, indexes: Indexes) -> None:
    read()
    site.pages["/shop"] = (500, {}, b"")
    site.pages["/large"] = page(b"x" * 1_000_001)
    site.pages["/away"] = (302, {"Location": "http://10.0.0.1/"}, b"")
    site.publish()
    report = read()
    assert report.reasons() == {"unreadable": 1, "not_allowed": 1, "too_large": 1}
    assert outcomes(report) == (0, 1, 0, 0, 3)
    assert f"{site.host}/shop" in indexes.catalogue.known("c")


def test_a_single_url_is_a_source_and_belongs_to_the_list_too(read, site: Site) -> None:
    assert outcomes(read(f"http://{site.host}/shop")) == (1, 0, 0, 0, 0)
    assert outcomes(read()) == (1, 0, 0, 1, 0)


def test_urls_are_off_until_a_host_is_allowed(read, site: Site, indexes: Indexes, settings: Settings) -> None:
    for source in (f"http://{site.host}/shop", site.list):
        with pytest.raises(SourceError, match=r"ingest\.allowed_hosts"):
            read(source, hosts=())
    with pytest.raises(SourceError, match="not the usual one"):
        read(hosts=("docs.example.com",))
    open_to_all = settings.ingest.model_copy(update={"allowed_hosts": ("*", site.host)})
    with pytest.raises(SourceError, match="not public"):
        ingest(indexes, site.list, collection="c", settings=open_to_all)
    assert site.server.asked == []


@pytest.mark.parametrize(
    ("content", "says"),
    [("", "lists no URL"), ("/etc/passwd\n", "line 1"), ("\nfile:///etc/passwd", "line 2"), (None, "does not exist")],
)
def test_a_list_that_is_none_is_one_clear_sentence(
    content: str | None, says: str, tmp_path: Path, indexes: Indexes, settings: Settings
) -> None:
    path = tmp_path / "a.urls"
    if content is not None:
        path.write_text(content)
    own = settings.ingest.model_copy(update={"allowed_hosts": ("*",)})
    with pytest.raises(SourceError, match=says):
        plan(indexes, path, collection="c", settings=own)
