"""`touchstone search`: passages, best first."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Annotated

import typer

from cli.options import Collection, Data, Json, settings_of
from cli.output import place, print_json, say

if TYPE_CHECKING:
    from service.api.schemas import HitOut

SNIPPET_CHARACTERS = 260
SHORTEST_TERM = 3


def search(
    context: typer.Context,
    text: Annotated[str, typer.Argument(metavar="TEXT", help="What to look for.")],
    collection: Collection = "default",
    limit: Annotated[int | None, typer.Option("--limit", "-n", metavar="N", help="Most hits (default 10).")] = None,
    as_json: Json = False,
    data: Data = None,
) -> None:
    """Find passages by meaning and by words."""
    from cli.engine import open_engine, request
    from service.api.schemas import SearchIn

    settings = settings_of(context, data)
    body = request(SearchIn, text=text, collection=collection, limit=limit)
    with open_engine(settings) as engine:
        found = engine.search(body)
    if as_json:
        print_json(found)
        return
    if not found.hits:
        say("Nothing found.")
    terms = terms_of(text)
    for rank, hit in enumerate(found.hits, start=1):
        _show(rank, hit, terms)


def _show(rank: int, hit: HitOut, terms: re.Pattern[str] | None) -> None:
    where = place(hit.document, hit.page_start, hit.page_end)
    say((f"{rank:>2}  {hit.score:.3f}  ", "dim"), (where, "bold"))
    if hit.headings:
        say((" › ".join(hit.headings), "dim"), indent=11)
    pieces = snippet(hit.text, terms)
    say(*((piece, "bold yellow" if term else "") for piece, term in pieces), indent=11)


def terms_of(text: str) -> re.Pattern[str] | None:
    """A pattern for the words of the query; None when it has none."""
    words = [re.escape(word) for word in re.findall(r"\w+", text) if len(word) >= SHORTEST_TERM]
    return re.compile(rf"\b(?:{'|'.join(words)})\w*", re.IGNORECASE) if words else None


def snippet(text: str, terms: re.Pattern[str] | None) -> list[tuple[str, bool]]:
    """A stretch of the text around the query's words, in pieces; True marks a word of the query."""
    flat = re.sub(r"\s+", " ", text).strip()
    first = terms.search(flat) if terms else None
    start = max(0, first.start() - SNIPPET_CHARACTERS // 4) if first and len(flat) > SNIPPET_CHARACTERS else 0
    start = flat.rfind(" ", 0, start) + 1
    cut = flat[start : start + SNIPPET_CHARACTERS]
    if start + SNIPPET_CHARACTERS < len(flat):
        cut = cut.rsplit(" ", 1)[0] + " …"
    cut = ("… " if start else "") + cut
    pieces, done = [], 0
    for match in terms.finditer(cut) if terms else ():
        pieces += [(cut[done : match.start()], False), (match.group(), True)]
        done = match.end()
    return [*pieces, (cut[done:], False)]
