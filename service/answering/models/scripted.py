"""A model that says what it was told to say: for tests, and for measuring the service without a model."""

from __future__ import annotations

import json
import threading
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from core.answers import Draft, Usage
from core.deadline import Deadline
from core.errors import SettingsError
from service.answering.models.protocol import Abilities, Prompt, Written
from service.answering.models.reply import Growing, read_reply

PIECE = 8
"""Characters of a reply that come at once."""


NOTHING = json.dumps({"quotes": [], "answer": None})
"""The reply of a model that abstains."""


@dataclass(frozen=True, slots=True)
class Known:
    """The answer to a question. `knows`: said without a passage too; `guess`: what is said if it is not known."""

    answer: str
    knows: bool = False
    guess: str | None = None

    def reply(self, prompt: Prompt) -> str:
        """The answer with a quote of the first passage in which it stands, else what it says by heart."""
        for passage in prompt.passages:
            at = passage.hit.text.casefold().find(self.answer.casefold())
            if at >= 0:
                quote = {"passage": passage.number, "text": passage.hit.text[at : at + len(self.answer)]}
                return json.dumps({"quotes": [quote], "answer": self.answer})
        return json.dumps({"quotes": [], "answer": self.answer if self.knows else self.guess})


def _read(path: Path) -> dict[str, Known]:
    try:
        rows = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines() if line.strip()]
        return {row.pop("question").strip(): Known(**row) for row in rows}
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise SettingsError(
            f"{path} is not a file of answers: one JSON object a line, with question, answer and maybe knows and guess."
        ) from error


class Scripted:
    """Gives its replies in turn and begins again after the last one.

    A reply is read like a real model's: the JSON object asked for, or plain text. To questions that `answers` holds it
    replies what that says, in whatever order they come: it plays a model that can read, and knows a part by heart.
    """

    def __init__(self, replies: Sequence[str] = (), answers: Path | None = None) -> None:
        """Raises SettingsError when there is no reply to give, or the file of answers cannot be read."""
        self._answers = _read(answers) if answers else {}
        if not replies and not answers:
            raise SettingsError('A scripted model needs replies: replies = ["..."] in its section of the settings.')
        self.prompts: deque[Prompt] = deque(maxlen=256)
        """The latest prompts, oldest first."""
        self._replies = tuple(replies) or (NOTHING,)
        self._turn = 0
        self._lock = threading.Lock()

    @property
    def abilities(self) -> Abilities:
        """Its replies need no asking for."""
        return Abilities(structured="json_schema", streams=True)

    def generate(self, prompt: Prompt, *, until: Deadline) -> Draft:
        """The next reply; usage counts words."""
        return read_reply(*self._next(prompt, until))

    def stream(self, prompt: Prompt, *, until: Deadline) -> Iterator[Draft]:
        """The next reply, a few characters at a time."""
        reply, usage = self._next(prompt, until)
        growing = Growing()
        for start in range(0, len(reply), PIECE):
            until.require()
            draft = growing.add(reply[start : start + PIECE])
            if draft is not None:
                yield draft
        yield growing.whole(usage)

    def write(self, text: str, *, until: Deadline) -> Written:
        """The next reply, as it is."""
        return Written(*self._next(Prompt(instruction="", rendered=text, question=text, passages=()), until))

    def _next(self, prompt: Prompt, until: Deadline) -> tuple[str, Usage]:
        until.require()
        with self._lock:
            self.prompts.append(prompt)
            known = self._answers.get(prompt.question)
            reply = known.reply(prompt) if known else self._replies[self._turn % len(self._replies)]
            self._turn += known is None
        return reply, Usage(input_tokens=len(prompt.rendered.split()), output_tokens=len(reply.split()))
