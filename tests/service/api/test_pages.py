"""The pages a person sees."""

from __future__ import annotations

import re
from html.parser import HTMLParser

import pytest
from fastapi.testclient import TestClient

from core.answers import Citation, Hit
from service.web.page import marked

QUESTION = "How many weeks of paid parental leave do employees who become parents have?"


class Tags(HTMLParser):
    """Names of the tags, and every address they load from."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.names: list[str] = []
        self.addresses: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.names.append(tag)
        self.addresses += [value or "" for name, value in attrs if name in {"src", "href", "action"}]


def test_an_answer_shows_its_quote_its_document_and_the_passages(client: TestClient) -> None:
    page = client.post("/", data={"question": QUESTION}).text
    assert "16 weeks" in re.search(r"<blockquote>(.*?)</blockquote>", page, re.DOTALL).group(1)  # type: ignore[union-attr]
    assert "<figcaption>leave.md" in page
    assert re.search(r"<mark>[^<]*16 weeks[^<]*</mark>", page)


def test_a_refusal_is_a_sentence(client: TestClient) -> None:
    page = client.post("/", data={"question": "zzyzx qwxyz?"})
    assert page.status_code == 200
    assert "No answer." in page.text


@pytest.mark.parametrize("question", ["When does the shop open at nine?", '"><script>alert(1)</script>'])
def test_nothing_in_a_document_or_a_question_becomes_mark_up(client: TestClient, question: str) -> None:
    page = client.post("/", data={"question": question}).text
    assert Tags(page).names.count("script") == page.count('<script src="./page.js" defer></script>') == 1
    assert "&lt;script&gt;" in page


@pytest.mark.parametrize(
    ("form", "status", "said"),
    [
        ({"question": " "}, 422, "Type a question first."),
        ({"question": "x" * 4001}, 422, "4,001 characters"),
        ({"question": "a\x00b"}, 422, "NUL"),
        ({"question": "x", "collection": "nowhere"}, 404, "nowhere"),
        ({"question": "x", "model": "nobody"}, 404, "nobody"),
    ],
)
def test_what_cannot_be_asked_is_said_on_the_page(
    client: TestClient, form: dict[str, str], status: int, said: str
) -> None:
    page = client.post("/", data=form)
    assert page.status_code == status
    assert said in page.text
    assert page.headers["content-type"].startswith("text/html")


@pytest.mark.parametrize("path", ["/", "/docs"])
def test_a_page_loads_from_the_service_alone(client: TestClient, path: str) -> None:
    addresses = Tags(client.get(path).text).addresses
    assert addresses
    assert all(address.startswith(("./", "#", "data:,")) for address in addresses)
    assert client.get("/page.css").status_code == 200


def test_the_reference_page_names_every_route(client: TestClient) -> None:
    page = client.get("/docs").text
    assert all(path.split("{")[0] in page for path in client.get("/openapi.json").json()["paths"])


def cited(start: int, end: int, document: str = "a") -> Citation:
    return Citation(document=document, page=None, quote="", start=start, end=end, chunk_id="c")


@pytest.mark.parametrize(
    ("citations", "shown"),
    [
        ((), "0123456789"),
        ((cited(102, 104),), "01[23]456789"),
        ((cited(102, 104), cited(103, 106)), "01[23][45]6789"),
        ((cited(90, 101), cited(108, 200)), "[0]1234567[89]"),
        ((cited(102, 104, document="b"),), "0123456789"),
    ],
)
def test_what_is_quoted_is_marked(citations: tuple[Citation, ...], shown: str) -> None:
    hit = Hit(chunk_id="c", document="a", score=1, text="0123456789", start=100, end=110)
    pieces = "".join(f"[{text}]" if quoted else text for text, quoted in marked(hit, citations) if text)
    assert pieces == shown
