"""A question that leans on a conversation becomes one that stands alone."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from core.answers import Turn, Usage
from core.deadline import Deadline
from core.errors import ModelUnavailable
from service.answering.models.choose import Model

MAX_TURNS = 6
"""Messages that are looked at, the latest ones."""
MAX_CHARACTERS = 1000
"""Of each message, and of the question that is written."""
SECONDS = 15.0
"""Longest that this call may take: the question can be answered as it is."""
NO_USAGE = Usage()
_THOUGHTS = re.compile(r"\A.*</think(?:ing)?>", re.DOTALL | re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Standalone:
    """The question to search for and to answer, and what writing it took; None: the server does not report it."""

    text: str
    usage: Usage | None = NO_USAGE


def standalone(question: str, turns: Sequence[Turn], *, model: Model, until: Deadline) -> Standalone:
    """One short call of a model that writes. Of a model that does not, or that fails, the question stays as it is.

    Raises:
        Cancelled, DeadlineReached: `until` was called off, or was over before.
    """
    if not turns:
        return Standalone(question)
    try:
        written = model.generator.write(_prompt(question, turns), until=until.sooner(SECONDS))
    except ModelUnavailable:
        return Standalone(question, None)
    if written is None:
        return Standalone(question)
    lines = _THOUGHTS.sub("", written.text).strip().splitlines()
    text = lines[0].strip().strip('"“”').strip() if lines else ""
    return Standalone(text if 0 < len(text) <= MAX_CHARACTERS else question, written.usage)


@cache
def _instruction() -> str:
    return files("service.answering").joinpath("prompts/standalone.txt").read_text(encoding="utf-8").strip()


def _prompt(question: str, turns: Sequence[Turn]) -> str:
    said = [f"{turn.role}: {' '.join(turn.text.split())[-MAX_CHARACTERS:]}" for turn in turns[-MAX_TURNS:]]
    code = hashlib.sha256("\n".join([*said, question]).encode("utf-8", "surrogatepass")).hexdigest()[:16]
    conversation = "\n".join([f"[conversation begins, code {code}]", *said, f"[conversation ends, code {code}]"])
    return f"{_instruction()}\n\n{conversation}\n\nQuestion: {question.strip()}"
