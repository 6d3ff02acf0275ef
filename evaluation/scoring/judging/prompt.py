"""What a judge is sent: question, accepted answers, answer. No rung, no model, no citation."""

from __future__ import annotations

import hashlib
import re
from functools import cache
from importlib.resources import files
from typing import Literal

from evaluation.dataset import Item
from service.answering.models.protocol import Prompt

Verdict = Literal["correct", "wrong", "abstained", "unscored"]
NO_ANSWER = "(The documents hold no answer. Right is to say so; any answer is wrong.)"
CITATION = re.compile(
    r"(?:(?<!\s)\s++)?(?:\[\d++(?:\s*+[,;-]\s*+\d++)*+\]|[\[(](?:passages?|sources?|documents?)\s++\d++[^\])]{0,40}+[\])])",
    re.IGNORECASE,
)
VERDICTS: dict[str, Verdict] = {"correct": "correct", "wrong": "wrong", "abstained": "abstained"}
VERDICT = re.compile(r"\W*(correct|wrong|abstained)\W*", re.IGNORECASE)


@cache
def instruction() -> str:
    """The instruction that every judge gets."""
    return files("evaluation.scoring.judging").joinpath("judge.txt").read_text(encoding="utf-8").strip()


@cache
def prompt_version() -> str:
    """12 hex digits of SHA-256 over the instruction."""
    return hashlib.sha256(instruction().encode()).hexdigest()[:12]


def write_prompt(item: Item, answer: str) -> Prompt:
    """The prompt to judge one answer; the same question and answer always give the same one.

    Marks of citations are taken out of the answer: they would tell a judge what was read.
    """
    accepted = NO_ANSWER if item.unanswerable else "\n".join(f"- {variant}" for variant in item.answers)
    parts = {"question": item.question.strip(), "accepted": accepted, "answer": CITATION.sub("", answer).strip()}
    code = _code(parts)
    marked = [f"[{name} begins, code {code}]\n{text}\n[{name} ends, code {code}]" for name, text in parts.items()]
    rendered = "\n\n".join([instruction(), *marked, "Is the answer correct, wrong or abstained?"])
    return Prompt(instruction=instruction(), rendered=rendered, question=item.question, passages=())


def read_verdict(text: str) -> Verdict:
    """The verdict that a reply is; "unscored" for anything but one of the three words."""
    match = VERDICT.fullmatch(text)
    return VERDICTS.get(match[1].lower(), "unscored") if match else "unscored"


def _code(parts: dict[str, str]) -> str:
    """A code that no part can hold: it is a hash of all of them."""
    everything = "\x00".join(parts.values())
    code = hashlib.sha256(everything.encode("utf-8", "surrogatepass")).hexdigest()[:16]
    while code in everything:
        code = hashlib.sha256(code.encode()).hexdigest()[:16]
    return code
