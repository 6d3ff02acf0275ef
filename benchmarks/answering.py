"""What the built-in model answers and refuses, and its weights: `make bench-answering CORPORA="DIR ..."`.

A folder holds `documents/` and `questions.jsonl`. It is ingested, every question is asked as anybody asks it, and the
weights of `service/answering/quoting/weights.py` are fitted to the folders before `--held-out`: which unit answers
(a softmax over the units of a question) and whether it does (a logistic fit on the best of them, over the questions of
the folder and those made of them in `asked.py`). Every figure is cross-fitted: documents are dealt into five parts by a
hash, and a question's score comes from weights, and its cut-off from questions, of the other four. `--fit` prints the
weights fitted to everything, as they stand in the code.
"""

from __future__ import annotations

import argparse
import hashlib
import tempfile
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from benchmarks.asked import Asked, ask_all
from evaluation.scoring.answers import answer_type, judge
from service.answering.quoting import weights as shipped

PARTS = 5
CHOOSE_PENALTY, JUDGE_PENALTY = 10.0, 6.0
"""Of squared standardised weights (ridge)."""
COUNTS = {"": 1.0, "hidden": 0.3, "renamed": 1.0}
"""What a question counts in the second fit, by how it was made: a hidden answer may stand elsewhere in other words."""
REFUSED = 0.9
"""Share of the unanswerable questions that the cut-off has to refuse."""
DISTINCT = 3
"""Characters from which on an accepted answer does not turn up by chance in another document."""
JUDGED = tuple(shipped.JUDGING)
Floats = NDArray[np.float64]
Rows = Sequence[int]


@dataclass(frozen=True)
class Case:
    """A question with its candidates: evidence float64 (candidates, fields), and which of them answer rightly."""

    asked: Asked
    evidence: Floats
    right: NDArray[np.bool_]
    texts: tuple[str, ...]

    @property
    def real(self) -> bool:
        return not self.asked.made

    @property
    def unanswerable(self) -> bool:
        return self.asked.item.unanswerable

    @property
    def part(self) -> int:
        return int(hashlib.sha256(self.asked.cluster.encode()).hexdigest(), 16) % PARTS


FIELDS = tuple(shipped.Evidence.__dataclass_fields__)


def main(folders: Sequence[Path], held_out: Sequence[Path], *, data: Path | None, most: int, fit: bool) -> None:
    from core.settings.load import load
    from indexes.open import open_indexes

    with ExitStack() as stack:
        scratch = data or Path(stack.enter_context(tempfile.TemporaryDirectory()))
        settings = load(data=scratch)
        indexes = stack.enter_context(open_indexes(settings))
        seed = settings.evaluation.seed
        cases = [
            [case(one, indexes.embedder) for one in ask_all(folder, indexes, settings, make=made, most=most, seed=seed)]
            for folder, made in [*((folder, True) for folder in folders), *((folder, False) for folder in held_out)]
        ]
    fitted = [one for group in cases[: len(folders)] for one in group]
    print("| set (answerable, not) | cut-off | answerable: refused | right | wrong | unanswerable: refused | AUC |")
    print("|---" * 7 + "|")
    sure, right = cross_fitted(fitted)
    for folder in folders:
        chosen = [row for row, one in enumerate(fitted) if one.asked.set == folder.name and one.real]
        report(folder.name, [fitted[row] for row in chosen], sure[chosen], right[chosen])
    for group in cases[len(folders) :]:
        report(group[0].asked.set + ", held out", group, *as_shipped(group))
    if fit:
        print_weights(fitted)


def case(asked: Asked, embedder) -> Case:
    from service.answering.quoting.compose import whole, word
    from service.answering.quoting.match import rank
    from service.answering.quoting.question import take_apart

    asking = take_apart(asked.item.question)
    candidates = rank(asking, asked.passages, embedder)
    documents = {passage.number: passage.hit.document for passage in asked.passages}
    texts = tuple(word(asking, whole(asking, candidate)) for candidate in candidates)
    right = [is_right(text, documents[c.unit.passage], asked) for text, c in zip(texts, candidates, strict=True)]
    rows = [[float(value) for value in asdict(candidate.evidence).values()] for candidate in candidates]
    return Case(asked, np.array(rows).reshape(-1, len(FIELDS)), np.array(right, dtype=bool), texts)


def is_right(text: str, document: str, asked: Asked) -> bool:
    """Judged as an evaluation does; an answer that many documents hold by chance has to be a gold document's."""
    item = asked.item
    judgement = None if item.unanswerable else judge(text, item)
    if judgement is None or not judgement.correct:
        return False
    chance = answer_type(item) == "boolean" or len(item.answers[0]) < DISTINCT
    return document in item.documents or not item.documents or not chance


def cross_fitted(cases: Sequence[Case]) -> tuple[Floats, NDArray[np.bool_]]:
    """For each case how sure the model is, by weights of the other parts, and whether what it would say is right."""
    sure, right = np.full(len(cases), -np.inf), np.zeros(len(cases), dtype=bool)
    for part in range(PARTS):
        others = [one for one in cases if one.part != part]
        chooser = choosing(others)
        judger = judging(others, chooser)
        for row, one in enumerate(cases):
            if one.part == part and len(one.right):
                best, features = judged(one, chooser)
                sure[row], right[row] = judger(features), one.right[best]
    return sure, right


def as_shipped(cases: Sequence[Case]) -> tuple[Floats, NDArray[np.bool_]]:
    chooser = np.array([shipped.CHOOSING.get(name, 0.0) for name in FIELDS])
    weights = np.array([*shipped.JUDGING.values(), shipped.BY_SCORE])
    sure, right = np.full(len(cases), -np.inf), np.zeros(len(cases), dtype=bool)
    for row, one in enumerate(cases):
        if len(one.right):
            best, features = judged(one, chooser)
            sure[row], right[row] = float(features @ weights) + shipped.USUAL, one.right[best]
    return sure, right


def judged(one: Case, chooser: Floats) -> tuple[int, Floats]:
    """The best candidate, and what its judging goes by: the evidence named in JUDGING, then its score."""
    scores = one.evidence @ chooser
    best = int(np.argmax(scores))
    others = [score for score, text in zip(scores, one.texts, strict=True) if text != one.texts[best]]
    lead = min(scores[best] - max(others), shipped.MAX_LEAD) if others else shipped.MAX_LEAD
    found = {**dict(zip(FIELDS, one.evidence[best], strict=True)), "lead": lead}
    return best, np.array([*(found[name] for name in JUDGED), scores[best]])


def choosing(cases: Sequence[Case]) -> Floats:
    """Weights by field: of the units of a question, those that are right come first (softmax, ridge)."""
    usable = [one for one in cases if one.real and one.right.any() and not one.right.all()]
    columns = [FIELDS.index(name) for name in shipped.CHOOSING]
    stacked = np.concatenate([one.evidence[:, columns] for one in usable])
    right = np.concatenate([one.right for one in usable]).astype(float)
    sizes = np.array([len(one.right) for one in usable])
    starts, group = np.r_[0, np.cumsum(sizes)[:-1]], np.repeat(np.arange(len(usable)), sizes)
    spread = stacked.std(axis=0) + 1e-9
    scaled = (stacked - stacked.mean(axis=0)) / spread

    def loss(weights: Floats) -> tuple[float, Floats]:
        scores = scaled @ weights
        raised = np.exp(scores - np.maximum.reduceat(scores, starts)[group])
        everything, good = np.add.reduceat(raised, starts), np.add.reduceat(raised * right, starts)
        slope = scaled.T @ (raised / everything[group] - raised * right / good[group])
        value = -np.log(good / everything).sum() + CHOOSE_PENALTY * (weights @ weights) / 2
        return float(value), slope + CHOOSE_PENALTY * weights

    full = np.zeros(len(FIELDS))
    full[columns] = minimum(loss, len(columns)) / spread
    return full


def judging(cases: Sequence[Case], chooser: Floats) -> Callable[[Floats], float]:
    """Log-odds that a question's best candidate is right."""
    weights, usual = judging_weights(cases, chooser)
    return lambda features: float(features @ weights + usual)


def judging_weights(cases: Sequence[Case], chooser: Floats) -> tuple[Floats, float]:
    usable = [one for one in cases if len(one.right)]
    best = [judged(one, chooser) for one in usable]
    right = np.array([one.right[row] for one, (row, _) in zip(usable, best, strict=True)], dtype=float)
    counts = np.array([COUNTS[one.asked.made] for one in usable])
    stacked = np.array([features for _, features in best])
    middle, spread = stacked.mean(axis=0), stacked.std(axis=0) + 1e-9
    scaled = np.c_[(stacked - middle) / spread, np.ones(len(stacked))]
    penalty = np.r_[np.full(scaled.shape[1] - 1, JUDGE_PENALTY), 0.0]

    def loss(weights: Floats) -> tuple[float, Floats]:
        odds = scaled @ weights
        slope = scaled.T @ (counts * (1 / (1 + np.exp(-odds)) - right)) + penalty * weights
        value = (counts * (np.logaddexp(0, odds) - right * odds)).sum() + (penalty * weights**2).sum() / 2
        return float(value), slope

    found = minimum(loss, scaled.shape[1])
    weights = found[:-1] / spread
    return weights, float(found[-1] - weights @ middle)


def minimum(loss: Callable[[Floats], tuple[float, Floats]], size: int) -> Floats:
    from scipy.optimize import minimize

    found: Floats = minimize(loss, np.zeros(size), jac=True, method="L-BFGS-B").x
    return found


def report(name: str, cases: Sequence[Case], sure: Floats, right: NDArray[np.bool_]) -> None:
    """One row at the cut-off in the code, one at that which refuses enough; each part's is found on the other parts."""
    no = np.array([one.unanswerable for one in cases])
    part = np.array([one.part for one in cases])
    rows = [(f"{shipped.ENOUGH}, as shipped", sure >= shipped.ENOUGH)]
    if no.any():
        cut = np.array([np.quantile(sure[no & (part != own)], REFUSED) for own in range(PARTS)])
        rows.append((f"refuses {REFUSED:.0%} of the other parts", sure > cut[part]))
    for cut_off, answered in rows:
        good, bad = answered & right, answered & ~right
        shares = [np.mean(values[~no]) for values in (~answered, good, bad)]
        refused = f"{np.mean(~answered[no]):.0%}" if no.any() else "-"
        cells = [f"{share:.0%}" for share in shares]
        print(
            f"| {name} ({(~no).sum()}, {no.sum()}) | {cut_off} | {' | '.join(cells)} | {refused} | {_auc(sure, no)} |"
        )
    print(end="", flush=True)


def _auc(sure: Floats, no: NDArray[np.bool_]) -> str:
    """How often an answerable question is surer than one that is not."""
    if not no.any():
        return "-"
    ahead = sure[~no][:, None] - sure[no][None, :]
    return f"{np.mean((ahead > 0) + 0.5 * (ahead == 0)):.2f}"


def print_weights(cases: Sequence[Case]) -> None:
    chooser = choosing(cases)
    weights, usual = judging_weights(cases, chooser)
    print("CHOOSING =", {name: round(float(chooser[FIELDS.index(name)]), 1) for name in shipped.CHOOSING})
    print("JUDGING =", {name: round(float(w), 2) for name, w in zip(JUDGED, weights, strict=False)})
    print("BY_SCORE =", round(float(weights[-1]), 2))
    print("USUAL =", round(usual, 2))


if __name__ == "__main__":
    import demo

    parser = argparse.ArgumentParser()
    parser.add_argument("folders", nargs="*", type=Path, default=[demo.DOCUMENTS.parent])
    parser.add_argument(
        "--held-out", nargs="*", type=Path, default=[], help="folders that the weights are only tried on"
    )
    parser.add_argument("--data", type=Path, help="keep the data folder here")
    parser.add_argument("--most", type=int, default=0, help="ask so many questions of a set, drawn at random; 0: all")
    parser.add_argument("--fit", action="store_true", help="print the weights fitted to all folders but those held out")
    given = parser.parse_args()
    main(given.folders, given.held_out, data=given.data, most=given.most, fit=given.fit)
