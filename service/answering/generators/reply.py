"""A model's reply, whatever shape it came in, becomes a draft."""

from __future__ import annotations

import json
import re
from typing import Any

from core.answers import Draft, Quote, Usage

_THOUGHTS = re.compile(r"<think(?:ing)?>.*?</think(?:ing)?>", re.DOTALL | re.IGNORECASE)
_FENCE = re.compile(r"```(?:json)?\s*\n?(.*?)```", re.DOTALL | re.IGNORECASE)
_MOST_OBJECTS = 64
"""How many opening braces are tried before a reply counts as plain text."""


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


def find_object(text: str) -> dict[str, Any] | None:
    """The JSON object with an "answer" in a reply; None when there is none."""
    for candidate in (text, *_FENCE.findall(text)):
        found = _decode(candidate.strip())
        if found is not None:
            return found
    braces = [match.start() for match in re.finditer(r"\{", text)][:_MOST_OBJECTS]
    return next((found for start in braces if (found := _decode(text[start:])) is not None), None)


def _decode(text: str) -> dict[str, Any] | None:
    if not text.startswith("{"):
        return None
    try:
        found, _ = json.JSONDecoder(strict=False).raw_decode(text)
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) and "answer" in found else None


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
