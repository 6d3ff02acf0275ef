"""`touchstone search`: passages, best first."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Annotated

import typer

from cli.options import Collection, Data, Groups, Json, Paths, Since, Tags, Until, Within, settings_of
from cli.output import place, print_json, say

if TYPE_CHECKING:
    from service.api.wire.searches import ExplanationOut, HitOut, TraceOut

SNIPPET_CHARACTERS = 260
MIN_TERM_LENGTH = 3


def search(  # noqa: PLR0913 -- a parameter is an option that can be typed
    context: typer.Context,
    text: Annotated[str, typer.Argument(metavar="TEXT", help="What to look for.")],
    collection: Collection = "default",
    limit: Annotated[int | None, typer.Option("--limit", "-n", metavar="N", help="Most hits (default 10).")] = None,
    document: Within = None,
    path: Paths = None,
    tag: Tags = None,
    group: Groups = None,
    since: Since = None,
    until: Until = None,
    explain: Annotated[bool, typer.Option("--explain", help="Show how each hit was scored.")] = False,
    trace: Annotated[
        str | None, typer.Option("--trace", metavar="D", help="Say where this document ended up, and why.")
    ] = None,
    as_json: Json = False,
    data: Data = None,
) -> None:
    """Find passages by meaning and by words."""
    from app.engine import request
    from cli.engine import open_engine
    from service.api.wire.searches import FiltersIn, SearchIn

    settings = settings_of(context, data)
    filters = request(
        FiltersIn,
        paths=tuple(path or ()),
        tags=tuple(tag or ()),
        groups=tuple(group or ()),
        since=since.date() if since else None,
        until=until.date() if until else None,
    )
    body = request(
        SearchIn,
        text=text,
        collection=collection,
        limit=limit,
        documents=tuple(document or ()),
        filters=filters,
        explain=explain,
        trace=trace,
    )
    with open_engine(settings, reading=True) as engine:
        found = engine.search(body)
    if as_json:
        print_json(found)
        return
    if not found.hits:
        say("Nothing found.")
    terms = terms_of(text)
    for rank, hit in enumerate(found.hits, start=1):
        _show(rank, hit, terms)
    if found.trace is not None:
        _show_trace(found.trace)
    elif trace is not None:
        say("")
        say((trace, "bold"), " is left out by what the search was told to stay within.")


def _show(rank: int, hit: HitOut, terms: re.Pattern[str] | None) -> None:
    where = place(hit.document, hit.page_start, hit.page_end)
    say((f"{rank:>2}  {hit.score:.3f}  ", "dim"), (where, "bold"))
    if hit.explanation is not None:
        say((_scores(hit.explanation) + _more(hit.explanation), "dim"), indent=11)
    if hit.headings:
        say((" › ".join(hit.headings), "dim"), indent=11)
    pieces = snippet(hit.text, terms)
    say(*((piece, "bold yellow" if term else "") for piece, term in pieces), indent=11)


def _show_trace(trace: TraceOut) -> None:
    place = "not among the hits" if trace.rank is None else f"number {trace.rank} of the hits"
    say("")
    say((trace.document, "bold"), f": {place}.")
    say((_scores(trace), "dim"), indent=4)
    say(trace.reason, indent=4)


def _scores(scored: ExplanationOut | TraceOut) -> str:
    """The scores of both indexes in one line."""
    meaning = "none" if scored.dense is None else f"{scored.dense:.3f}"
    words = "none" if scored.keyword is None else f"{scored.keyword:.2f}"
    ranks = [f" (number {rank})" if rank else "" for rank in (scored.dense_rank, scored.keyword_rank)]
    return f"meaning {meaning}{ranks[0]} · words {words}{ranks[1]}"


def _more(explained: ExplanationOut) -> str:
    """What else made the hit's score."""
    whole = "" if explained.whole is None else f" · {explained.whole:.3f} for the document as a whole"
    return whole if explained.reranked is None else f"{whole} · {explained.fused:.3f} before reranking"


def terms_of(text: str) -> re.Pattern[str] | None:
    """A pattern for the words of the query; None when it has none."""
    words = [re.escape(word) for word in re.findall(r"\w+", text) if len(word) >= MIN_TERM_LENGTH]
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
