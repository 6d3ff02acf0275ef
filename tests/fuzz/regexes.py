"""Looks for regular expressions that take too long: `python -m tests.fuzz.regexes [CHARACTERS]`.

Every expression of the product is found in its source: `re.compile`, `re.search` and the like, with a pattern that what
its module knows is enough for. Each gets texts that are made of its own parts: what can repeat is repeated, after what
has to come before it and before what cannot follow. It is called as the product calls it; the slowest are printed.
"""

from __future__ import annotations

import argparse
import ast
import importlib
import random
import re
import signal
import sys
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType, ModuleType
from typing import Any

ROOT = Path(__file__).parents[2]
PACKAGES = ("core", "indexes", "ingest", "service", "evaluation", "app", "cli")
Uses = defaultdict[str, set[tuple[Path, str]]]
Making = tuple[str, str, str]
METHODS = ("match", "fullmatch", "search", "findall", "finditer", "sub", "subn", "split")
FILLERS: tuple[str, ...] = (
    " ",
    "\n",
    "\t",
    "a",
    "A",
    "1",
    ".",
    ",",
    "-",
    "(",
    "[",
    "<",
    "/",
    "=",
    "#",
    "*",
    "_",
    '"',
    "\\",
    "é",
    " a",
    "a ",
)
FILLERS += (
    "1 ",
    "1,",
    "a.",
    ". ",
    "a-",
    "a1",
    "A ",
    "Ab ",
    " \n",
    "\r\n",
    "\n\n",
    "a\n",
    "<a",
    "<!--",
    "```",
    "1.",
    "('",
    "|-",
)
ENDS = ("", "\x00", "\n#")
SAMPLES, MAX_MADE = 3, 60
LIMIT_SECONDS = 20.0
SHORT, SURELY_QUICK_SECONDS = 8, 0.0002
"""An eighth of a text is tried first; what is done with it so soon is not tried over the whole."""


@dataclass
class Expression:
    """A pattern, where it stands, and how the product calls it."""

    pattern: re.Pattern[Any]
    place: str
    methods: set[str] = field(default_factory=set)


@dataclass(frozen=True, slots=True, order=True)
class Slow:
    """The longest that an expression took, over a text that was made like this."""

    seconds: float
    place: str
    method: str
    pattern: str
    text: str


class TooLong(Exception):
    """An expression did not end within the limit."""


def expressions(folder: Path = ROOT) -> list[Expression]:
    """Every expression of the product whose pattern can be told from its module."""
    sources = {path: path.read_text("utf-8") for name in PACKAGES for path in sorted((folder / name).rglob("*.py"))}
    sources = {path: source for path, source in sources.items() if path.name != "__main__.py"}
    trees = {path: ast.parse(source) for path, source in sources.items()}
    uses = _uses(trees)
    found = []
    for path, source in sources.items():
        parts = path.relative_to(folder).with_suffix("").parts
        module = importlib.import_module(".".join(parts))
        for node in ast.walk(trees[path]):
            if isinstance(node, ast.Call) and (made := _expression(node, module, path.relative_to(folder))):
                made.methods |= _methods(node, source, uses, path)
                found.append(made)
    return found


def _expression(call: ast.Call, module: ModuleType, path: Path) -> Expression | None:
    match call.func:
        case ast.Attribute(value=ast.Name(id="re"), attr=name) if name == "compile" or name in METHODS:
            pass
        case _:
            return None
    flags = next((each for each in call.args[1:] if "re." in ast.unparse(each) and "I" in ast.unparse(each)), None)
    keyword = next((each.value for each in call.keywords if each.arg == "flags"), flags)
    with suppress(Exception):  # made of what only its function knows: such a pattern is read by hand
        text = eval(ast.unparse(call.args[0]), vars(module))
        said = eval(ast.unparse(keyword), vars(module)) if keyword else _flags(call, module)
        return Expression(re.compile(text, said), f"{path}:{call.lineno}", {name} - {"compile"})
    return None


def _flags(call: ast.Call, module: ModuleType) -> int:
    flags = 0
    for each in call.args[1:]:
        with suppress(Exception):
            value = eval(ast.unparse(each), vars(module))
            flags |= value if isinstance(value, re.RegexFlag) else 0
    return flags


def _methods(call: ast.Call, source: str, uses: Uses, path: Path) -> set[str]:
    """How a compiled pattern with a name of its own is called; in two ways when it has none."""
    if not ast.unparse(call.func).endswith(".compile"):
        return set()
    lines = source.splitlines()
    line = next((at for at in range(call.lineno - 1, -1, -1) if re.match(r"\s*\w+(?:, \w+)* = ", lines[at])), 0)
    names = re.findall(r"\w+", lines[line].partition("=")[0])
    found = {method for name in names for where, method in uses[name] if not name.startswith("_") or where == path}
    return found or {"search", "fullmatch"}


def _uses(trees: dict[Path, ast.Module]) -> Uses:
    """The methods of expressions that are called on a name, and in which file."""
    found: Uses = defaultdict(set)
    for path, tree in trees.items():
        for node in ast.walk(tree):
            if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.attr in METHODS:
                found[node.value.id].add((path, node.attr))
    return found


def makings(pattern: re.Pattern[Any], most: int = MAX_MADE) -> list[Making]:
    """How to make texts that the pattern may find hard: what leads up to, what is repeated, and what comes after."""
    draw = random.Random(7)
    parser: Any = re._parser  # the parts of a pattern have no public name
    parsed = parser.parse(pattern.pattern, pattern.flags)
    made: set[tuple[str, str]] = set()
    for _ in range(SAMPLES):
        repeats = list(_repeats(parsed, draw, ""))
        made.update((("", _sample(parsed, draw)), *repeats, *(("", before) for before, _ in repeats)))
        made.update((before, inner + other) for before, inner in repeats for _, other in repeats if other != inner)
    chosen = sorted(each for each in made if each[1])
    chosen = draw.sample(chosen, min(len(chosen), most))
    return [*(("", filler, "") for filler in FILLERS), *((*each, after) for each in chosen for after in ENDS)]


def written(making: Making, characters: int) -> str:
    """The text of about that length."""
    before, inner, after = making
    return before + inner * max(1, (characters - len(before)) // len(inner)) + after


def _repeats(parsed: Any, draw: random.Random, before: str) -> Iterator[tuple[str, str]]:
    """What can repeat in a pattern, each with a text that leads up to it."""
    for operation, argument in parsed:
        name = str(operation)
        if name in {"MAX_REPEAT", "MIN_REPEAT", "POSSESSIVE_REPEAT"}:
            _, most, inner = argument
            if int(most) > 3:
                yield before, _sample(inner, draw)
            yield from _repeats(inner, draw, before)
        elif name == "SUBPATTERN":
            yield from _repeats(argument[3], draw, before)
        elif name == "ATOMIC_GROUP":
            yield from _repeats(argument, draw, before)
        elif name == "BRANCH":
            for branch in argument[1]:
                yield from _repeats(branch, draw, before)
        elif name in {"ASSERT", "ASSERT_NOT"}:
            yield from _repeats(argument[1], draw, before)
        before += _sample([(operation, argument)], draw)


def _sample(parsed: Any, draw: random.Random) -> str:
    """A text that a part of a pattern matches, or nearly."""
    made = ""
    for operation, argument in parsed:
        name = str(operation)
        if name == "LITERAL":
            made += chr(argument)
        elif name in {"NOT_LITERAL", "ANY", "IN"}:
            made += _letter(name, argument, draw)
        elif name in {"MAX_REPEAT", "MIN_REPEAT", "POSSESSIVE_REPEAT"}:
            made += _sample(argument[2], draw) * max(1, int(argument[0]))
        elif name == "SUBPATTERN":
            made += _sample(argument[3], draw)
        elif name == "ATOMIC_GROUP":
            made += _sample(argument, draw)
        elif name == "BRANCH":
            made += _sample(draw.choice(argument[1]), draw)
        elif name == "ASSERT" and argument[0] > 0:
            made += _sample(argument[1], draw)
    return made


def _letter(name: str, argument: Any, draw: random.Random) -> str:
    """A letter that one step of a pattern takes."""
    if name == "ANY":
        return draw.choice("a .-")
    if name == "IN" and str(argument[0][0]) != "NEGATE":
        operation, value = draw.choice(argument)
        if str(operation) == "LITERAL":
            return chr(value)
        if str(operation) == "RANGE":
            return chr(draw.choice(value))
    key = f"{name} {argument}"
    if key not in _TAKEN:
        parser: Any = re._parser  # as above
        one = parser.SubPattern(parser.State(), [(_OPERATIONS[name], argument)])
        takes = re._compiler.compile(one).match  # type: ignore[attr-defined]
        _TAKEN[key] = [letter for letter in "aZ1 .-_,(\n\t\"'/<#éß" if takes(letter)] or ["a"]
    return draw.choice(_TAKEN[key])


_TAKEN: dict[str, list[str]] = {}
_OPERATIONS: dict[str, Any] = {str(each): each for each in re._constants.OPCODES}  # as above


def call(expression: Expression, method: str, text: Any) -> None:
    """Call the expression as the product does, to the end."""
    bound: Callable[..., Any] = getattr(expression.pattern, method)
    empty = b"" if isinstance(text, bytes) else ""
    result = bound(empty, text) if method in {"sub", "subn"} else bound(text)
    if method == "finditer":
        for _ in result:
            pass


def slowest(expression: Expression, characters: int, limit: float, most: int = MAX_MADE) -> Slow:
    """The longest that it takes over any text of that length; past the limit it is stopped, and the limit is said.

    `most`: texts that are made of its parts, beside those that are tried with every expression.
    """
    signal.signal(signal.SIGPROF, _stop)
    worst = Slow(0.0, expression.place, "", "", "")
    said = repr(expression.pattern.pattern)[:80]
    for making in makings(expression.pattern, most):
        for method in sorted(expression.methods):
            seconds = timed(expression, method, written(making, characters // SHORT), limit)
            if SURELY_QUICK_SECONDS < seconds < limit:
                seconds = timed(expression, method, written(making, characters), limit)
            worst = max(worst, Slow(seconds, expression.place, method, said, repr(making)[:60]))
            if seconds >= limit:
                return worst
    return worst


def timed(expression: Expression, method: str, text: str, limit: float) -> float:
    """Seconds of this process's own that a call takes; past the limit it is stopped."""
    given = text.encode("utf-8", "replace") if isinstance(expression.pattern.pattern, bytes) else text
    began = time.process_time()
    signal.setitimer(signal.ITIMER_PROF, limit)
    with suppress(TooLong):
        call(expression, method, given)
    signal.setitimer(signal.ITIMER_PROF, 0)
    return time.process_time() - began


def _stop(number: int, frame: FrameType | None) -> None:
    raise TooLong


def main() -> None:
    """Print the slowest, and end with 1 when one did not get to its end."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("characters", nargs="?", type=int, default=4_000)
    options.add_argument("--limit", type=float, default=LIMIT_SECONDS, help="seconds after which one is stopped")
    options.add_argument("--show", type=int, default=30, help="how many to print")
    asked = options.parse_args()
    found = expressions()
    worst = sorted((slowest(each, asked.characters, asked.limit) for each in found), reverse=True)
    lines = [f"{len(found)} expressions, {asked.characters:,} characters"]
    lines += [f"{w.seconds:9.4f} s  {w.place}  {w.method}  {w.pattern}  over {w.text}" for w in worst[: asked.show]]
    sys.stdout.write("\n".join(lines) + "\n")
    if worst and worst[0].seconds >= asked.limit:
        raise SystemExit(1)


if __name__ == "__main__":
    main()
