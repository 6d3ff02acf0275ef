"""What a model is sent: one instruction for every mode, so that only the context differs."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from functools import cache
from importlib.resources import files

from core.answers import Passage
from service.answering.models.protocol import Prompt


@cache
def instruction() -> str:
    """The instruction that every model gets in every mode."""
    return files("service.answering").joinpath("prompts/answer.txt").read_text(encoding="utf-8").strip()


@cache
def prompt_version() -> str:
    """12 hex digits of SHA-256 over the instruction: changes when, and only when, its words do."""
    return hashlib.sha256(instruction().encode()).hexdigest()[:12]


def write_prompt(question: str, passages: Sequence[Passage]) -> Prompt:
    """The prompt for a question; the same question and passages always give the same prompt."""
    parts = [instruction()]
    if passages:
        code = _code(question, passages)
        parts.append("\n\n".join(_marked(passage, code) for passage in passages))
    else:
        parts.append("No passages are given.")
    parts.append(f"Question: {question.strip()}")
    return Prompt(
        instruction=instruction(), rendered="\n\n".join(parts), question=question.strip(), passages=tuple(passages)
    )


def _marked(passage: Passage, code: str) -> str:
    lines = [f"[passage {passage.number} begins, code {code}]", _label(passage)]
    if passage.hit.header:
        lines.append(f"Table header: {passage.hit.header}")
    lines += ["", passage.hit.text, f"[passage {passage.number} ends, code {code}]"]
    return "\n".join(lines)


def _label(passage: Passage) -> str:
    """Where the passage stands, on one line."""
    hit = passage.hit
    where = [f"Document: {hit.document}"]
    if hit.title and hit.title not in hit.document:
        where.append(f"Title: {hit.title}")
    if hit.headings:
        where.append(f"Section: {' > '.join(hit.headings)}")
    if hit.day:
        where.append(f"Date: {hit.day}")
    if hit.page_start is not None:
        last = hit.page_end
        where.append(f"Page: {hit.page_start}" + (f"-{last}" if last != hit.page_start else ""))
    return " ".join("; ".join(where).split())


def _code(question: str, passages: Sequence[Passage]) -> str:
    """A code that no passage can hold: it is a hash of all of them, so a document would have to hold its own hash."""
    everything = "\x00".join([question, *(_content(passage) for passage in passages)])
    code = hashlib.sha256(everything.encode("utf-8", "surrogatepass")).hexdigest()[:16]
    while code in everything:
        code = hashlib.sha256(code.encode()).hexdigest()[:16]
    return code


def _content(passage: Passage) -> str:
    hit = passage.hit
    return "\x00".join([hit.document, hit.title, *hit.headings, hit.header, hit.text])
