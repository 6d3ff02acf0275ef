"""Questions as every route puts them: for one caller, within the time of one request, noted for the log."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import closing
from dataclasses import dataclass
from typing import Any

from core.access import Access
from core.answers import Answer, Refusal
from core.deadline import Deadline
from service.answering.answer import Event, Question, answer, stream
from service.answering.models.choose import Model
from service.api.observe.request import tell_answer
from service.api.state import Service
from service.api.wire.message import short_enough


@dataclass(frozen=True, slots=True)
class Asking:
    """A caller, the model that is asked, and until when."""

    service: Service
    access: Access
    model: Model
    until: Deadline

    @classmethod
    def of(cls, service: Service, access: Access, model: str | None, until: Deadline | None = None) -> Asking:
        """The named model, or the default one; the time of the request begins now. Raises UnknownModel.

        `until`: what may call the request off.
        """
        until = (until or Deadline.never()).sooner(service.settings.server.deadline_s)
        return cls(service, access, service.models(model), until)

    def answer(self, question: Question) -> Answer | Refusal:
        """As service.answering.answer.answer. Raises UsageError for a text that is too long."""
        return tell_answer(answer(self._checked(question), **self._with()))

    def stream(self, question: Question) -> Generator[Event, None, None]:
        """As service.answering.answer.stream. Raises UsageError for a text that is too long."""
        with closing(stream(self._checked(question), **self._with())) as events:
            for event in events:
                yield tell_answer(event) if isinstance(event, Answer | Refusal) else event

    def _checked(self, question: Question) -> Question:
        for text in (question.text, *(turn.text for turn in question.turns)):
            short_enough(text, self.service.settings.server.max_question_chars)
        return question

    def _with(self) -> dict[str, Any]:
        return {
            "access": self.access,
            "indexes": self.service.indexes,
            "model": self.model,
            "settings": self.service.settings.answering,
            "until": self.until,
        }
