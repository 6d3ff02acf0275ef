"""JSON, and JSON Lines: one value a line."""

from __future__ import annotations

import json
from dataclasses import replace

from core.documents import Parsed
from core.errors import ParseError
from ingest.parsers.builder import TextBuilder, stem
from ingest.parsers.encoding import decode
from ingest.parsers.records import Value, add_value
from ingest.parsers.text import parse_code

_WORDS = {True: "true", False: "false", None: ""}


def parse_json(content: bytes, *, name: str) -> Parsed:
    """Numbers keep the digits they are written with. What is not valid JSON is read as the text it is, with a note.

    Raises:
        ParseError: "corrupt" when it is nested too deeply.
    """
    text = decode(content)
    try:
        return _built([_loads(text)], name)
    except RecursionError as error:
        raise _too_deep() from error
    except json.JSONDecodeError as error:
        note = f"The file is not valid JSON (line {error.lineno}: {error.msg}) and was read as plain text."
        return replace(parse_code(content, name=name), notes=(note,))


def parse_json_lines(content: bytes, *, name: str) -> Parsed:
    """Lines that are no JSON are left out and counted in a note.

    Raises:
        ParseError: "corrupt" when no line is JSON, or one is nested too deeply.
    """
    values: list[Value] = []
    broken: list[int] = []
    for number, line in enumerate(decode(content).splitlines(), start=1):
        if not line.strip():
            continue
        try:
            values.append(_loads(line))
        except json.JSONDecodeError:
            broken.append(number)
        except RecursionError as error:
            raise _too_deep() from error
    if not values:
        raise ParseError("corrupt", "No line of the file is valid JSON.")
    notes = (f"{len(broken)} lines are not valid JSON, the first is line {broken[0]}",) if broken else ()
    try:
        return replace(_built(values, name), notes=notes)
    except RecursionError as error:
        raise _too_deep() from error


def _built(values: list[Value], name: str) -> Parsed:
    builder = TextBuilder()
    add_value(builder, "", values[0] if len(values) == 1 else values)
    return builder.build(title=stem(name))


def _loads(text: str) -> Value:
    found = json.loads(text, parse_int=str, parse_float=str, parse_constant=str, object_pairs_hook=_object)
    return _plain(found)


def _object(pairs: list[tuple[str, object]]) -> dict[str, object]:
    """An object; of a name that stands twice, both values are kept."""
    found: dict[str, object] = {}
    for key, value in pairs:
        place = key
        while place in found:
            place += " "
        found[place] = value
    return found


def _plain(value: object) -> Value:
    if isinstance(value, dict):
        return {key: _plain(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [_plain(inner) for inner in value]
    return value if isinstance(value, str) else _WORDS[bool(value) if value is not None else None]


def _too_deep() -> ParseError:
    return ParseError("corrupt", "The file is nested too deeply to be read.")
