"""Draft questions from the documents with a model: a start for whoever writes questions, no measure by itself."""

from __future__ import annotations

import hashlib
import json
import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import cache
from importlib.resources import files
from typing import Any

from core.access import OWNER
from core.answers import Hit
from core.deadline import Deadline
from core.errors import BudgetReached, UsageError
from evaluation.dataset import Evidence, Item
from evaluation.gold import Corpus, find
from evaluation.run.budget import MILLION, Budget
from evaluation.scoring.text import words
from service.answering.cost import cost
from service.answering.models.choose import Model

MIN_WORDS = 25
"""Words of a passage below which there is little to ask."""
POINTING = ("passage", "the text", "this document", "the document", "according to", "excerpt", "mentioned above")
"""Words of a question that needs the passage beside it."""
REASONS = (
    "no question",
    "speaks of the passage",
    "quote not in the passage",
    "answer not in the quote",
    "asked already",
)


@dataclass(frozen=True, slots=True)
class Drafted:
    """What came of drafting: questions, what was thrown away and why, USD spent."""

    items: tuple[Item, ...]
    dropped: dict[str, int]
    spent_usd: Decimal
    stopped: str = ""


def synthesise(
    corpus: Corpus,
    model: Model,
    *,
    count: int,
    budget_usd: Decimal,
    seed: int,
    progress: Callable[[int, int], None] = lambda _, __: None,
) -> Drafted:
    """Draft at most `count` questions, each from a passage drawn by the seed, evenly over documents.

    A draft counts when its quote stands in the passage and holds the answer. Every question is marked: source
    "synthetic", verified False, split "development". At most two passages are tried for each question wanted.

    Raises:
        UsageError: the model only quotes, or the collection holds no passage to ask about.
        ModelUnavailable: the model's server does not answer.
    """
    hits = list(_draw(corpus, seed))
    if not hits:
        raise UsageError(
            f"The collection {corpus.collection!r} holds no passage of {MIN_WORDS} words: ingest documents."
        )
    items: dict[str, Item] = {}
    dropped: dict[str, int] = {}
    budget, stopped = Budget(cap=budget_usd), ""
    for hit in hits[: 2 * count]:
        if len(items) == count:
            break
        prompt = _prompt(hit)
        worst = _worst(prompt, model)
        if not budget.reserve(worst):
            stopped = str(budget.reached(worst))
            break
        written = model.generator.write(prompt, until=Deadline.never())
        if written is None:
            raise UsageError(f"The model {model.name} only quotes and cannot write questions: name one that writes.")
        budget.settle(None if written.usage is None else cost(written.usage, model.price), worst=worst)
        found = read_draft(written.text, hit, known=[item.question for item in items.values()])
        if isinstance(found, str):
            dropped[found] = dropped.get(found, 0) + 1
        else:
            items[found.id] = found.model_copy(update={"model": model.name})
        progress(len(items), count)
    if stopped and not items:
        raise BudgetReached(stopped)
    return Drafted(tuple(items.values()), dropped, budget.spent, stopped)


def read_draft(reply: str, hit: Hit, *, known: Sequence[str]) -> Item | str:
    """The question that a reply drafts, its evidence anchored in the document; or why it is none, one of `REASONS`."""
    draft = _object(reply)
    texts = [draft.get(name) for name in ("question", "answer", "quote")]
    if not all(isinstance(text, str) and text.strip() for text in texts):
        return "no question"
    question, answer, quote = (str(text).strip() for text in texts)
    if any(word in question.lower() for word in POINTING):
        return "speaks of the passage"
    span = find(Evidence(document=hit.document, text=quote), hit.text)
    if span is None:
        return "quote not in the passage"
    if not set(words(answer)) <= set(words(quote)):
        return "answer not in the quote"
    if any(set(words(question)) == set(words(other)) for other in known):
        return "asked already"
    start, end = hit.start + span[0], hit.start + span[1]
    place = Evidence(document=hit.document, text=hit.text[slice(*span)], page=hit.page_start, start=start, end=end)
    digest = hashlib.sha256(f"{hit.chunk_id}\x00{question}".encode("utf-8", "surrogatepass")).hexdigest()[:10]
    return Item.model_validate(
        {
            "id": f"synthetic-{digest}",
            "question": question,
            "answers": (answer,),
            "documents": (hit.document,),
            "evidence": (place,),
            "cluster": hit.document,
            "split": "development",
            "source": "synthetic",
            "verified": False,
        }
    )


def _draw(corpus: Corpus, seed: int) -> Iterator[Hit]:
    """Passages in an order drawn by the seed: one of each document in turn, however long it is."""
    order = random.Random(seed)
    names = sorted(corpus.indexes.catalogue.known(corpus.collection))
    order.shuffle(names)
    left = {}
    for name in names:
        chunks = corpus.indexes.catalogue.chunks(corpus.collection, name, access=OWNER)
        hits = [hit for hit in chunks if len(hit.text.split()) >= MIN_WORDS]
        order.shuffle(hits)
        left[name] = hits
    while any(left.values()):
        for name in names:
            if left[name]:
                yield left[name].pop()


@cache
def instruction() -> str:
    """The instruction that a model gets to draft a question."""
    return files("evaluation.prepare").joinpath("synth.txt").read_text(encoding="utf-8").strip()


def _prompt(hit: Hit) -> str:
    code = hashlib.sha256(f"{hit.document}\x00{hit.text}".encode("utf-8", "surrogatepass")).hexdigest()[:16]
    where = " > ".join([hit.document, *hit.headings])
    return f"{instruction()}\n\n[passage begins, code {code}]\n{where}\n\n{hit.text}\n[passage ends, code {code}]"


def _worst(prompt: str, model: Model) -> Decimal:
    if model.price is None:
        return Decimal(0)
    dearest = max(model.price.input, model.price.cached_input or Decimal(0))
    size = min(1_024 + len(prompt.encode("utf-8", "surrogatepass")), model.context_window)
    return (size * dearest + model.max_output_tokens * model.price.output) / MILLION


def _object(reply: str) -> dict[str, Any]:
    """The first JSON object in a reply; an empty one where there is none."""
    start = reply.find("{")
    try:
        found, _ = json.JSONDecoder(strict=False).raw_decode(reply[start:] if start >= 0 else "null")
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}
