"""The built-in model: answers by quoting the shortest stretch that answers, and abstains when the evidence is weak.

Where the difference of two figures is asked for, it quotes both and works it out.
"""

from __future__ import annotations

from collections.abc import Iterator

from core.answers import Draft, Quote, Usage
from core.deadline import Deadline
from indexes.embedders.protocol import Embedder
from service.answering.models.protocol import Abilities, Prompt, Written
from service.answering.quoting.compose import choose, word
from service.answering.quoting.match import rank
from service.answering.quoting.question import take_apart


class Extractive:
    """Needs no key and no network. The same prompt always gives the same answer."""

    def __init__(self, embedder: Embedder) -> None:
        self._embedder = embedder

    @property
    def abilities(self) -> Abilities:
        """Its replies need no asking for."""
        return Abilities(structured="json_schema", streams=True)

    def generate(self, prompt: Prompt, *, until: Deadline) -> Draft:
        """The answer with its quotes, or an abstention; usage counts words."""
        until.require()
        read = len(prompt.question.split()) + sum(len(passage.hit.text.split()) for passage in prompt.passages)
        asking = take_apart(prompt.question)
        with until.kept():
            chosen = choose(asking, rank(asking, prompt.passages, self._embedder))
        if not chosen:
            return Draft(text="", quotes=(), usage=Usage(input_tokens=read), abstained=True)
        text = word(asking, chosen)
        quotes = tuple(Quote(passage=unit.passage, text=unit.text) for unit in chosen)
        return Draft(text=text, quotes=quotes, usage=Usage(input_tokens=read, output_tokens=len(text.split())))

    def stream(self, prompt: Prompt, *, until: Deadline) -> Iterator[Draft]:
        """The same: nothing of it is known before the whole is."""
        yield self.generate(prompt, until=until)

    def write(self, text: str, *, until: Deadline) -> Written | None:
        """It only quotes."""
        del text, until
        return None
