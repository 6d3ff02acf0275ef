"""What every generator promises."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol

from core.answers import Draft, Passage, Usage
from core.deadline import Deadline


@dataclass(frozen=True, slots=True, kw_only=True)
class Prompt:
    """What a model is asked: the instruction, the passages as data, the question last.

    `rendered` is the same thing as the one user message that a chat model is sent.
    """

    instruction: str
    rendered: str
    question: str
    passages: tuple[Passage, ...]


@dataclass(frozen=True, slots=True)
class Written:
    """What a model wrote; `usage` is None where its server does not report it."""

    text: str
    usage: Usage | None


@dataclass(frozen=True, slots=True)
class Abilities:
    """What a model's server takes, as far as the calls so far have shown.

    `structured`: the strictest form in which a reply can be asked for: json_schema, json_object or none.
    """

    structured: str
    streams: bool


class Generator(Protocol):
    """Answers a prompt from its passages, naming the passages it quotes, or abstains.

    Safe to call from several threads. The reply is not trusted: its quotes are checked afterwards.

    Raises ModelUnavailable when the model cannot be reached, is too slow, or does not reply in the form asked for;
    Cancelled when `until` is called off: the call is then ended, whatever the server is doing.
    """

    @property
    def abilities(self) -> Abilities:
        """What can be asked of it."""

    def generate(self, prompt: Prompt, *, until: Deadline) -> Draft:
        """One reply. `Draft.usage` is what the model's server reports."""

    def stream(self, prompt: Prompt, *, until: Deadline) -> Iterator[Draft]:
        """The same, growing: in each draft `text` and `quotes` begin with those before; the last one is whole.

        Closing the iterator ends the call.
        """

    def write(self, text: str, *, until: Deadline) -> Written | None:
        """What it says to a text, in no particular form. None: it quotes and does not write."""
