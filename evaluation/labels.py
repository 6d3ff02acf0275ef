"""labels.jsonl: what people say of answers. They are drawn evenly over rungs and verdicts, and shown without either."""

from __future__ import annotations

import csv
import hashlib
import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from core.errors import UsageError
from evaluation.cells import cell
from evaluation.dataset import Item, load_dataset
from evaluation.run.ledger import RECORDS
from evaluation.run.manifest import read_manifest
from evaluation.run.records import read_records, whole_lines
from evaluation.run.run import QUESTIONS
from evaluation.scoring.judging.prompt import CITATION, NO_ANSWER
from evaluation.scoring.score import Score, read_scores
from evaluation.statistics.calibration import Key, cell_of, is_certain, verdict_of

LABELS = "labels.jsonl"
NAMES = {"c": "correct", "w": "wrong", "a": "abstained", "s": "skipped"}
"""A label by its letter. A skipped answer is not asked again, and counts nowhere."""
COLUMNS = ("id", "question", "accepted", "answer", "label")


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """An answer to label. `id` says neither rung nor verdict; `key` is not shown."""

    id: str
    key: Key
    question: str
    accepted: str
    answer: str


def read_labels(folder: Path) -> dict[Key, str]:
    """Every label of a run by question, rung and replicate, the later of two; "skipped" ones are left out.

    Raises:
        UsageError: a line is no label.
    """
    return {key: label for key, label in _all_labels(folder).items() if label != NAMES["s"]}


def queue(folder: Path, *, most: int) -> list[Task]:
    """The next answers to label, at most so many, in an order that tells nothing.

    Of each rung and each cell (what the instrument says, and whether that is disputed) as many are drawn, those with
    the fewest labels first; inside a cell chance decides, by the seed of the run. Equal answers to a question that are
    labelled already, of whatever rung, take that label without being asked for.

    Raises:
        UsageError: the run was not scored yet.
    """
    manifest = read_manifest(folder)
    scores, known = read_scores(folder), _all_labels(folder)
    judged = any(score.judge is not None for score in scores)
    seed = str(manifest.get("seed", 0))
    items = {item.id: item for item in load_dataset(folder / QUESTIONS).items}
    records = read_records(folder / RECORDS)
    cells: dict[tuple[str, bool, bool], list[Score]] = {}
    drawn: Counter[tuple[str, bool, bool]] = Counter()
    for score in sorted(scores, key=lambda each: _chance(seed, _key(each))):
        if is_certain(score) or score.error or verdict_of(score, judged=judged) is None:
            continue
        cell = (score.rung, *cell_of(score, judged=judged))
        if _key(score) in known:
            drawn[cell] += 1
        else:
            cells.setdefault(cell, []).append(score)
    chosen: list[Score] = []
    while cells and len(chosen) < most:
        cell = min(cells, key=lambda each: (drawn[each], each))
        chosen.append(cells[cell].pop(0))
        drawn[cell] += 1
        if not cells[cell]:
            del cells[cell]
    tasks = [_task(score, items[score.question_id], records[_key(score)].answer, seed) for score in chosen]
    return _without_known(folder, tasks, {key: records[key].answer for key in known if key in records}, known)


def save(folder: Path, task: Task, label: str) -> None:
    """Append a label; it is on disk when this returns."""
    question, rung, replicate = task.key
    row = {"id": task.id, "question_id": question, "rung": rung, "replicate": replicate, "label": label}
    with (folder / LABELS).open("a", encoding="utf-8") as labels:
        labels.write(json.dumps(row, ensure_ascii=False) + "\n")


def write_csv(path: Path, tasks: Iterable[Task]) -> None:
    """Write tasks as a table with an empty column `label`, to be filled in by hand.

    Raises:
        UsageError: there is a file of that name, or it cannot be written.
    """
    try:
        with path.open("x", encoding="utf-8-sig", newline="") as out:
            writer = csv.writer(out)
            writer.writerow(COLUMNS)
            writer.writerows(
                [task.id, *(cell(text) for text in (task.question, task.accepted, task.answer)), ""] for task in tasks
            )
    except FileExistsError as error:
        raise UsageError(f"{path} is there already: name another file, or move it away.") from error
    except OSError as error:
        raise UsageError(f"{path} cannot be written: {error.strerror}.") from error


def read_csv(folder: Path, path: Path) -> int:
    """Take over the labels of a filled table; rows without one are left for later. Returns how many were taken.

    Raises:
        UsageError: a row is of another run, or its label is none; nothing is taken then.
    """
    seed = str(read_manifest(folder).get("seed", 0))
    keys = {_id(seed, key): key for key in map(_key, read_scores(folder))}
    names = NAMES | {name: name for name in NAMES.values()}
    taken = []
    try:
        with path.open(encoding="utf-8-sig", newline="") as table:
            for number, row in enumerate(csv.DictReader(table), start=2):
                label = (row.get("label") or "").strip().lower()
                if not label:
                    continue
                if label not in names:
                    raise UsageError(
                        f"{path.name} row {number}: {label!r} is no label. Write {', '.join(NAMES.values())}."
                    )
                if row.get("id") not in keys:
                    raise UsageError(f"{path.name} row {number}: the id {row.get('id')!r} is of no answer of {folder}.")
                taken.append((str(row["id"]), names[label]))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise UsageError(f"{path} cannot be read: {error}.") from error
    for name, label in taken:
        save(folder, Task(id=name, key=keys[name], question="", accepted="", answer=""), label)
    return len(taken)


def _all_labels(folder: Path) -> dict[Key, str]:
    found = {}
    for number, line in whole_lines(folder / LABELS):
        try:
            row = json.loads(line)
            found[(str(row["question_id"]), str(row["rung"]), int(row["replicate"]))] = str(row["label"])
        except (ValueError, KeyError, TypeError) as error:
            raise UsageError(f"{folder / LABELS} line {number} is no label: mend it or take it out.") from error
    return found


def _without_known(
    folder: Path, tasks: Sequence[Task], answers: Mapping[Key, str], known: Mapping[Key, str]
) -> list[Task]:
    """The tasks in an order that tells nothing; those whose answer is labelled already take that label."""
    same = {(key[0], " ".join(answer.split())): known[key] for key, answer in answers.items()}
    left = []
    for task in sorted(tasks, key=lambda each: each.id):
        label = same.get((task.key[0], " ".join(task.answer.split())))
        if label:
            save(folder, task, label)
        else:
            left.append(task)
    return left


def _task(score: Score, item: Item, answer: str, seed: str) -> Task:
    accepted = NO_ANSWER if item.unanswerable else " | ".join(item.answers)
    shown = CITATION.sub("", answer).strip()
    return Task(id=_id(seed, _key(score)), key=_key(score), question=item.question, accepted=accepted, answer=shown)


def _id(seed: str, key: Key) -> str:
    return _chance(f"label {seed}", key)[:12]


def _chance(seed: str, key: Key) -> str:
    return hashlib.sha256(f"{seed}\x00{key[0]}\x00{key[1]}\x00{key[2]}".encode("utf-8", "surrogatepass")).hexdigest()


def _key(score: Score) -> Key:
    return score.question_id, score.rung, score.replicate
