"""What every generator promises."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from core.answers import Draft, Passage


@dataclass(frozen=True, slots=True, kw_only=True)
class Prompt:
    """What a model is asked: the instruction, the passages as data, the question last.

    `rendered` is the same thing as the one user message that a chat model is sent.
    """

    instruction: str
    rendered: str
    question: str
    passages: tuple[Passage, ...]


class Generator(Protocol):
    """Answers a prompt from its passages, naming the passages it quotes, or abstains.

    Safe to call from several threads. The reply is not trusted: its quotes are checked afterwards.

    Raises ModelUnavailable when the model cannot be reached, is too slow, or does not reply in the form asked for.
    """

    def generate(self, prompt: Prompt) -> Draft:
        """One reply. `Draft.usage` is what the model's server reports."""
