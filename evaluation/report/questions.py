"""The questions of a run in groups: those that RAG spoils first, with every answer beside its source."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from evaluation.dataset import Item
from evaluation.report.view import BASELINE, Run, clipped
from evaluation.scoring.score import Score
from service.answering.cite import locate

MAX_SHOWN = 2_000
"""Questions that the page lists."""
MAX_OPENED = 400
"""Questions whose answers the page holds; more would make it slow to open."""
MAX_QUOTE_LENGTH = 320
MAX_READ = 100
"""Questions on which rungs differ, or the main one is wrong, whose passages the page holds."""
MAX_PASSAGES = 10
"""A prompt of more passages shows only those that hold the evidence or are quoted."""
MAX_DOCUMENTS = 8
"""Documents that are named of a prompt."""
MAX_PASSAGE_LENGTH, BEFORE_EVIDENCE = 900, 300
GROUPS = {
    "harmed": "Spoilt by {main}: right without documents, wrong with it",
    "wrong": "Answered wrongly by {main}",
    "lost": "Not answered by {main}, and right on another rung",
    "rescued": "Rescued by {main}: right with it, not without documents",
    "differ": "Other questions on which the rungs differ",
    "alike": "The same on every rung",
}
CAUSES = {
    "not_in_corpus": "not in the documents",
    "not_indexed": "document not indexed",
    "not_retrieved": "passage not found",
    "not_packed": "found, but not put into the prompt",
    "not_used": "in the prompt, but not used",
    "not_answerable": "answered, and cannot be",
    "grader_in_doubt": "the rule is in doubt",
    "unknown": "no evidence is named",
}


def grouped(run: Run) -> list[dict[str, Any]]:
    """Questions in the order of `GROUPS`: of each its `name`, `title`, `count` and the `rows` that are listed."""
    found: dict[str, list[tuple[int, Item]]] = {name: [] for name in GROUPS}
    for position, item in enumerate(run.items.values()):
        found[_group(item, run)].append((position, item))
    causes = causes_of(run.results)
    listed = opened = read = 0
    groups = []
    for name, members in found.items():
        rows = []
        for position, item in members[: MAX_SHOWN - listed]:
            opened += 1
            row = _row(f"q{position + 1}", item, run, causes, opened=run.has_text and opened <= MAX_OPENED)
            if name != "alike" and row["replies"] and read < MAX_READ:
                row["passages"] = passages_of(item, run)
                read += 1
            rows.append(row)
        listed += len(rows)
        title = GROUPS[name].format(main=run.label(run.main) if run.main else "RAG")
        groups.append({"name": name, "title": title, "count": len(members), "rows": rows})
    return [group for group in groups if group["count"]]


def causes_of(results: Mapping[str, Any]) -> dict[tuple[str, str], str]:
    """Why a rung has a question wrong, by (rung, question), where the results say it."""
    return {
        (rung, question): cause
        for rung, of in (results.get("attribution") or {}).items()
        for cause, questions in of.get("questions", {}).items()
        for question in questions
    }


def _group(item: Item, run: Run) -> str:
    scores = [run.scores[item.id, rung] for rung in run.ladder if (item.id, rung) in run.scores]
    differ = len({score.outcome == "correct" for score in scores if score.outcome != "unscored"}) > 1
    main = run.scores.get((item.id, run.main or ""))
    before = run.scores.get((item.id, BASELINE))
    if main is None or main.outcome == "unscored":
        return "differ" if differ else "alike"
    if main.outcome == "wrong":
        return "harmed" if before and before.outcome == "correct" else "wrong"
    if not differ:
        return "alike"
    if main.outcome == "abstained":
        return "lost"
    return "rescued" if before and before.outcome in ("wrong", "abstained") else "differ"


def _row(anchor: str, item: Item, run: Run, causes: Mapping[tuple[str, str], str], *, opened: bool) -> dict[str, Any]:
    scores = [(rung, run.scores[item.id, rung]) for rung in run.results["rungs"] if (item.id, rung) in run.scores]
    return {
        "anchor": anchor,
        "id": item.id,
        "question": clipped(item.question),
        "expected": _expected(item) if opened else "",
        "evidence": ", ".join(dict.fromkeys(item.documents)) if opened else "",
        "marks": [(_shown(score), f"{run.label(rung)}: {_says(score)}") for rung, score in scores],
        "replies": _replies(item, run, scores, causes) if opened else [],
        "passages": [],
    }


def _expected(item: Item) -> str:
    return "not in the documents, so the right answer is to refuse" if item.unanswerable else " / ".join(item.answers)


def _replies(
    item: Item, run: Run, scores: list[tuple[str, Score]], causes: Mapping[tuple[str, str], str]
) -> list[dict[str, Any]]:
    """What the rungs answered; those that said the same, from the same source, stand together."""
    replies: dict[object, dict[str, Any]] = {}
    for rung, score in scores:
        record = run.records[item.id, rung]
        quotes = [
            {"text": clipped(cited["quote"], MAX_QUOTE_LENGTH), "document": cited["document"], "page": cited["page"]}
            for cited in record.citations
        ]
        read, unnamed = _read(record.passages, set(record.gold.get("chunk_ids", ())))
        cause = CAUSES.get(causes.get((rung, item.id), ""), "")
        same = (score.outcome, record.answer, str(quotes), cause, score.judge)
        reply = replies.setdefault(
            same,
            {
                "labels": [],
                "outcome": _shown(score),
                "says": _says(score),
                "answer": clipped(record.answer),
                "how": clipped(score.how.replace("_", " ")),
                "cause": cause,
                "doubt": _doubt(score),
                "quotes": quotes,
                "read": read,
                "unnamed": unnamed,
            },
        )
        reply["labels"].append(run.label(rung))
    return list(replies.values())


def _doubt(score: Score) -> str:
    """What speaks against the outcome that is shown."""
    judge = f"the judge says: {score.judge}" if score.judge not in (None, score.outcome) else ""
    return "; ".join(filter(None, ("the rule is in doubt" if score.rule_in_doubt else "", judge)))


def _read(passages: tuple[dict[str, Any], ...], gold: set[str]) -> tuple[list[dict[str, Any]], int]:
    """The documents of a prompt, each with its pages in the order they were shown, and how many more there were."""
    documents: dict[str, dict[str, Any]] = {}
    for passage in passages:
        entry = documents.setdefault(passage["document"], {"document": passage["document"], "pages": [], "gold": False})
        entry["gold"] = entry["gold"] or passage["chunk_id"] in gold
        if passage["page"] is not None and passage["page"] not in entry["pages"]:
            entry["pages"].append(passage["page"])
    named = sorted(documents.values(), key=lambda entry: not entry["gold"])[:MAX_DOCUMENTS]
    return [entry for entry in documents.values() if entry in named], len(documents) - len(named)


def passages_of(item: Item, run: Run) -> list[dict[str, Any]]:
    """What the models read on a question: each passage once, with the rungs that were shown it and its evidence.

    Controls are left out: they read passages that do not answer.
    """
    found: dict[str, dict[str, Any]] = {}
    for rung in run.ladder:
        record = run.records.get((item.id, rung))
        if record is None:
            continue
        gold = set(record.gold.get("chunk_ids", ()))
        telling = gold.union(cited["chunk_id"] for cited in record.citations)
        for passage in record.passages:
            name = passage["chunk_id"]
            if name in run.passages and (len(record.passages) <= MAX_PASSAGES or name in telling):
                text = _excerpt(run.passages[name], item)
                entry = {"document": passage["document"], "page": passage["page"], "labels": [], **text}
                found.setdefault(name, entry | {"gold": name in gold})["labels"].append(run.label(rung))
    return sorted(found.values(), key=lambda one: not one["gold"])


def _excerpt(text: str, item: Item) -> dict[str, str]:
    """A passage in three parts, cut to what the page shows: before the evidence, the evidence, and after it."""
    places = (locate(place.text, text) for place in item.evidence if place.text)
    start, end = next(filter(None, places), (0, 0))
    first = max(0, start - BEFORE_EVIDENCE) if end > MAX_PASSAGE_LENGTH else 0
    last = max(end, first + MAX_PASSAGE_LENGTH)
    return {
        "before": ("… " if first else "") + text[first:start],
        "evidence": text[start:end],
        "after": text[end:last] + (" …" if last < len(text) else ""),
    }


def _shown(score: Score) -> str:
    return "refused" if score.outcome == "correct" and score.abstained else score.outcome


def _says(score: Score) -> str:
    said = {"correct": "refused, rightly" if score.abstained else "correct", "abstained": "no answer"}
    return said.get(score.outcome, score.outcome)
