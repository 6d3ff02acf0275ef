"""A model that says what it was told to say: for tests, and for measuring the service without a model."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Iterator, Sequence

from core.answers import Draft, Usage
from core.errors import SettingsError
from core.until import Until
from service.answering.generators.protocol import Abilities, Prompt, Written
from service.answering.generators.reply import Growing, read_reply

PIECE = 8
"""Characters of a reply that come at once."""


class Scripted:
    """Gives its replies in turn and begins again after the last one.

    A reply is read like a real model's: the JSON object asked for, or plain text.
    """

    def __init__(self, replies: Sequence[str]) -> None:
        """Raises SettingsError when there is no reply to give."""
        if not replies:
            raise SettingsError('A scripted model needs replies: replies = ["..."] in its section of the settings.')
        self.prompts: deque[Prompt] = deque(maxlen=256)
        """The latest prompts, oldest first."""
        self._replies = tuple(replies)
        self._turn = 0
        self._lock = threading.Lock()

    @property
    def abilities(self) -> Abilities:
        """Its replies need no asking for."""
        return Abilities(structured="json_schema", streams=True)

    def generate(self, prompt: Prompt, *, until: Until) -> Draft:
        """The next reply; usage counts words."""
        return read_reply(*self._next(prompt, until))

    def stream(self, prompt: Prompt, *, until: Until) -> Iterator[Draft]:
        """The next reply, a few characters at a time."""
        reply, usage = self._next(prompt, until)
        growing = Growing()
        for start in range(0, len(reply), PIECE):
            until.require()
            draft = growing.add(reply[start : start + PIECE])
            if draft is not None:
                yield draft
        yield growing.whole(usage)

    def write(self, text: str, *, until: Until) -> Written:
        """The next reply, as it is."""
        return Written(*self._next(Prompt(instruction="", rendered=text, question=text, passages=()), until))

    def _next(self, prompt: Prompt, until: Until) -> tuple[str, Usage]:
        until.require()
        with self._lock:
            self.prompts.append(prompt)
            reply = self._replies[self._turn % len(self._replies)]
            self._turn += 1
        return reply, Usage(input_tokens=len(prompt.rendered.split()), output_tokens=len(reply.split()))
