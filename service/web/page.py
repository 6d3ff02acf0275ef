"""The pages, rendered on the server, everything in them escaped. They work without scripts, but for entering a key."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any

from core.answers import Answer, Citation, Hit, Reason, Refusal
from core.ids import document_of

if TYPE_CHECKING:
    from jinja2 import Environment

REFUSALS: dict[Reason, str] = {
    "no_relevant_passage": "Nothing in the documents comes close to this question.",
    "model_abstained": "The model found no answer in what it was given to read.",
    "unsupported_answer": "The model's reply could not be found in the documents, so it is not shown.",
}
"""What a reader is told for each reason that there is no answer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Choices:
    """What a question can be put to."""

    collections: tuple[str, ...] = ()
    models: tuple[str, ...] = ()
    default_model: str = ""
    longest_question: int = 4000


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """What stands on the page. At most one of `outcome` and `problem` is there; `home` begins each of its addresses."""

    home: str = "./"
    choices: Choices = Choices()
    question: str = ""
    collection: str = "default"
    model: str = ""
    outcome: Answer | Refusal | None = None
    problem: str = ""

    def with_outcome(self, outcome: Answer | Refusal) -> Shown:
        """The page after a question was answered or refused."""
        return replace(self, outcome=outcome)

    def with_problem(self, sentence: str) -> Shown:
        """The page after a question could not be put."""
        return replace(self, problem=sentence)


def ask_page(shown: Shown) -> str:
    """The page on which a question is asked, as HTML."""
    outcome = shown.outcome
    citations = outcome.citations if isinstance(outcome, Answer) else ()
    text = (
        _templates()
        .get_template("ask.html")
        .render(
            home=shown.home,
            shown=shown,
            answer=outcome if isinstance(outcome, Answer) else None,
            refusal=REFUSALS[outcome.reason] if isinstance(outcome, Refusal) else "",
            passages=[
                (passage, list(marked(passage.hit, citations))) for passage in (outcome.passages if outcome else ())
            ],
            seconds=(outcome.timings_ms.get("total", 0.0) / 1000 if outcome else 0.0),
        )
    )
    return text.encode("utf-8", "backslashreplace").decode("utf-8")


def key_page(problem: str, *, home: str) -> str:
    """The page that asks for a key, as HTML; nothing of the data is on it."""
    return _templates().get_template("key.html").render(problem=problem, home=home)


def reference_page(description: dict[str, Any], *, home: str, service: str) -> str:
    """The API's OpenAPI description as a page to read, as HTML; `service`: the URL that clients are given."""
    return _templates().get_template("reference.html").render(api=description, home=home, service=service)


def marked(hit: Hit, citations: tuple[Citation, ...]) -> Iterator[tuple[str, bool]]:
    """The hit's text in pieces; True marks those that a citation quotes."""
    spans = sorted(
        (max(citation.start, hit.start) - hit.start, min(citation.end, hit.end) - hit.start)
        for citation in citations
        if citation.document == hit.document and citation.start < hit.end and hit.start < citation.end
    )
    done = 0
    for start, end in spans:
        if end <= done:
            continue
        yield hit.text[done : max(start, done)], False
        yield hit.text[max(start, done) : end], True
        done = end
    yield hit.text[done:], False


@cache
def stylesheet() -> str:
    """The one style sheet."""
    return (files("service.web") / "page.css").read_text(encoding="utf-8")


@cache
def script() -> str:
    """The one script: Enter asks, a cited page is shown, a key is kept."""
    return (files("service.web") / "page.js").read_text(encoding="utf-8")


@cache
def _templates() -> Environment:
    from jinja2 import Environment, PackageLoader, StrictUndefined

    templates = Environment(
        loader=PackageLoader("service.web", "."),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    templates.filters["document_of"] = document_of
    return templates
