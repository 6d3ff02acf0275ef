"""Retrieval measures on documents, computed by ir-measures and named as it names them."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

MEASURES = {
    "recall@5": "R@5",
    "recall@10": "R@10",
    "mrr@10": "RR@10",
    "ndcg@10": "nDCG@10",
    "success@5": "Success@5",
    "success@10": "Success@10",
    "precision@5": "P@5",
    "ap": "AP",
}
"""Our names for the measures, and those of ir-measures."""
JUDGED = {"judged@10": "Judged@10"}
"""Measured only where judgements name documents that are not relevant too: elsewhere unjudged is all but unknown."""


def retrieval_measures(
    ranked: Mapping[str, Sequence[str]], gold: Mapping[str, Sequence[str] | Mapping[str, int]]
) -> dict[str, dict[str, float]]:
    """The measures of each question in `gold`: {question: {measure: value}}.

    `ranked` holds the documents found for a question, best first, each once. A question without hits scores 0.
    A gold document counts by its grade, or 1 where none are given; with grades, the share that is judged comes along.
    """
    import ir_measures

    qrels = {
        question: dict(documents) if isinstance(documents, Mapping) else dict.fromkeys(documents, 1)
        for question, documents in gold.items()
        if documents
    }
    run = {
        question: {document: float(-position) for position, document in enumerate(documents)}
        for question, documents in ranked.items()
        if question in qrels and documents
    }
    names = {ir_measures.parse_measure(theirs): ours for ours, theirs in (MEASURES | JUDGED).items()}
    wanted = {question: [*MEASURES, *(JUDGED if isinstance(gold[question], Mapping) else ())] for question in qrels}
    values: dict[str, dict[str, float]] = {question: dict.fromkeys(names, 0.0) for question, names in wanted.items()}
    if run:
        for metric in ir_measures.iter_calc(list(names), qrels, run):
            if names[metric.measure] in wanted[metric.query_id]:
                values[metric.query_id][names[metric.measure]] = metric.value
    return values


# Do the citations point where the dataset says the answer is?


def citation_precision(cited: Sequence[str], gold: Collection[str]) -> float | None:
    """Share of the citations whose document is a gold document; None when nothing is cited or no gold is known."""
    if not cited or not gold:
        return None
    return sum(document in gold for document in cited) / len(cited)


def citation_recall(cited: Collection[str], gold: Collection[str]) -> float | None:
    """Share of the gold documents that are cited; None when no gold is known."""
    return sum(document in cited for document in set(gold)) / len(set(gold)) if gold else None
