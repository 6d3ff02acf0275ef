"""A model's reply, whatever shape it came in, becomes a draft."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from typing import Any

from pydantic_core import from_json

from core.answers import Draft, Quote, Usage

_THOUGHTS = re.compile(r"\A(?:\s*<think(?:ing)?>.*?</think(?:ing)?>)+", re.DOTALL | re.IGNORECASE)
_OPENING = re.compile(r"\s*(?:```(?:json)?\s*)?(?=\{)", re.IGNORECASE)
_FENCE = re.compile(r"```(?:json)?\s*+(.*?)```", re.DOTALL | re.IGNORECASE)
_MAX_OBJECTS = 64
"""How many opening braces are tried before a reply counts as plain text."""
_STEP = 64
"""A reply is read again when it has grown by one part in so many: the time for all of it grows with its length."""


def read_reply(reply: str, usage: Usage | None) -> Draft:
    """The draft a reply stands for.

    Read are: the JSON object asked for, the same in a code fence, the same with text around it. Anything else is an
    answer without quotes; nothing at all, or an answer of null, is an abstention.
    """
    text = _THOUGHTS.sub("", reply).strip()
    found = find_object(text)
    if found is None:
        return Draft(text=text, quotes=(), usage=usage, abstained=not text)
    answer = _as_text(found["answer"])
    if not answer:
        return Draft(text="", quotes=(), usage=usage, abstained=True)
    return Draft(text=answer, quotes=_quotes(found.get("quotes")), usage=usage)


class Growing:
    """A reply that is still arriving, as the drafts it stands for so far.

    A draft begins with those before it. Text is in it once the quotes are complete, so it comes only from an object
    that names its quotes first, as it is asked to; any other reply becomes a draft when it is whole.
    """

    def __init__(self) -> None:
        self.reply = ""
        self._read = 0
        self._text = ""
        self._quotes: tuple[Quote, ...] | None = None
        """Those that stood there when the answer began."""

    def add(self, piece: str) -> Draft | None:
        """The draft with the next piece of the reply; None when there is nothing new to show."""
        self.reply += piece
        if len(self.reply) - self._read <= len(self.reply) // _STEP:
            return None
        self._read = len(self.reply)
        text = self._begun()
        if text is None or not text.startswith(self._text) or text == self._text:
            return None
        self._text = text
        return Draft(text=text, quotes=self._quotes or (), usage=None, whole=False)

    def whole(self, usage: Usage | None) -> Draft:
        """The draft of the whole reply."""
        draft = read_reply(self.reply, usage)
        begun = self._quotes or ()
        return draft if draft.quotes[: len(begun)] == begun else replace(draft, quotes=begun + draft.quotes)

    def _begun(self) -> str | None:
        """As much of the answer's text as will not change any more."""
        text = _THOUGHTS.sub("", self.reply)
        opening = _OPENING.match(text)
        if opening is None:
            return None
        try:
            found = from_json(text[opening.end() :], allow_partial="trailing-strings")
        except ValueError:
            return None
        if not isinstance(found, dict) or not isinstance(found.get("answer"), str):
            return None
        if self._quotes is None:
            before = list(found).index("quotes") < list(found).index("answer") if "quotes" in found else False
            self._quotes = _quotes(found["quotes"]) if before else ()
        answer = str(found["answer"]).strip()
        return None if "null".startswith(answer.lower()) else answer


def broken_off(reply: str) -> bool:
    """Whether a reply begins with an object and is none."""
    text = _THOUGHTS.sub("", reply)
    return _OPENING.match(text) is not None and find_object(text) is None


def find_object(text: str) -> dict[str, Any] | None:
    """The JSON object with an "answer" in a reply; None when there is none."""
    for candidate in (text, *_FENCE.findall(text)):
        found = _decode(candidate.strip())
        if found is not None:
            return found
    braces = [match.start() for match in re.finditer(r"\{", text)][:_MAX_OBJECTS]
    return next((found for start in braces if (found := _decode(text[start:])) is not None), None)


def _decode(text: str) -> dict[str, Any] | None:
    if not text.startswith("{"):
        return None
    try:
        found, _ = json.JSONDecoder(strict=False, object_pairs_hook=_first_of_each).raw_decode(text)
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) and "answer" in found else None


def _first_of_each(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Of a key that stands twice the first one counts, since it was shown first."""
    return dict(reversed(pairs))


def _as_text(answer: object) -> str:
    if isinstance(answer, bool):
        return "Yes." if answer else "No."
    if isinstance(answer, list):
        return ", ".join(text for item in answer if (text := _as_text(item)))
    if isinstance(answer, str):
        return "" if answer.strip().lower() == "null" else answer.strip()
    return "" if answer is None else json.dumps(answer, ensure_ascii=False)


def _quotes(quotes: object) -> tuple[Quote, ...]:
    """One quote an entry; an entry of the wrong form becomes one that no passage holds, so that it is counted."""
    return tuple(_quote(entry) for entry in quotes) if isinstance(quotes, list) else ()


def _quote(entry: object) -> Quote:
    if not isinstance(entry, dict):
        return Quote(passage=0, text="")
    number, text = entry.get("passage"), entry.get("text")
    digits = re.search(r"\d{1,6}", str(number)) if not isinstance(number, bool) else None
    return Quote(passage=int(digits[0]) if digits else 0, text=text if isinstance(text, str) else "")
