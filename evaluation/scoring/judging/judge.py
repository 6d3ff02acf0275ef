"""records.jsonl -> judgements.jsonl: ask a model whether each answer is right, within a budget of its own."""

from __future__ import annotations

import dataclasses
import fcntl
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import partial
from pathlib import Path
from typing import Any, BinaryIO

from core.deadline import Deadline
from core.errors import ModelUnavailable, UsageError
from core.settings.load import Settings
from evaluation.dataset import Item, load_dataset
from evaluation.run.budget import MILLION, Budget, require_price
from evaluation.run.concurrency import InFlight
from evaluation.run.ledger import RECORDS, Begun, lost
from evaluation.run.manifest import read_manifest, write_json
from evaluation.run.records import drop_torn_line, read_records
from evaluation.run.run import GIVE_UP_AFTER, QUESTIONS
from evaluation.scoring.judging.judgements import CALLS, JUDGEMENTS, Judgement, key_of, read_judgements, spent, to_line
from evaluation.scoring.judging.prompt import prompt_version, read_verdict, write_prompt
from service.answering.cost import cost
from service.answering.models.choose import Model
from service.answering.models.protocol import Prompt

AT_ONCE = 64
"""Calls that are sent ahead; how many are open at once is the model's setting `in_flight`."""
MAX_REPLY = 400
"""Characters of a reply that are kept."""
KINDS = ("input_tokens", "cached_tokens", "output_tokens")
Landed = tuple[str, "Judgement | ModelUnavailable"]
"""What became of a call, by the key of its task."""
ENVELOPE = 1_024
"""Bytes for what a server wraps around a prompt and the form of the reply. A token is at least one byte."""


@dataclass(frozen=True, slots=True)
class Judged:
    """How judging ended: answers with a judgement, answers that need one, USD spent on them in all sittings.

    `unread`: judgements that are none of the three words, and count as unscored.
    """

    done: int
    total: int
    spent_usd: Decimal
    warning: str = ""
    unread: int = 0


@dataclass(frozen=True, slots=True)
class _Task:
    key: str
    item: Item
    prompt: Prompt
    worst: Decimal


def judge_folder(
    folder: Path,
    model: Model,
    settings: Settings,
    *,
    budget_usd: Decimal,
    progress: Callable[[Judged], None] = lambda _: None,
) -> Judged:
    """Judge every answer of a run that this model has not judged yet; each judgement is on disk before the next.

    Equal answers to one question are judged once, whichever rungs gave them. The order is that of the records'
    hashes, so that a stop favours no rung.

    Raises:
        UsageError: the folder holds no run, or the model quotes instead of writing.
        MissingPrice: the model has no price, so that no cap could hold.
        BudgetReached: the next judgement could pass the cap; those before are kept.
        ModelUnavailable: the model's server left several calls in a row unanswered.
    """
    manifest = read_manifest(folder)
    chosen = settings.all_models()[model.name]
    if chosen.kind == "extractive":
        raise UsageError(f"The model {model.name} only quotes passages: name a model that writes, to judge with.")
    require_price(model, "what judging costs")
    items = {item.id: item for item in load_dataset(folder / QUESTIONS).items}
    identity = f"{model.name} {chosen.model}".strip()
    tasks = _tasks(folder, identity, items, model)
    warning = family_warning(model, settings, manifest)
    with (folder / JUDGEMENTS).open("ab") as out, (folder / CALLS).open("ab") as calls:
        _require_alone(out, folder)
        drop_torn_line(folder / JUDGEMENTS)
        drop_torn_line(folder / CALLS)
        known = read_judgements(folder)
        budget = Budget(cap=budget_usd, spent=_spent(folder), raised_by="evaluation.judge_budget_usd")
        missing = [task for task in tasks if task.key not in known]
        done = len(tasks) - len(missing)
        flight: InFlight[Landed] = InFlight({model.name: chosen.in_flight})
        try:
            ask = partial(_call, identity=identity, model=model, begun=Begun(calls))
            for judgement in _ask(missing, ask, model.name, budget, flight):
                _append(out, judgement)
                done += 1
                progress(Judged(done, len(tasks), budget.spent, warning))
        finally:
            flight.close()
            _note(folder, manifest, identity, warning)
    known = read_judgements(folder)
    unread = sum(known[task.key].verdict == "unscored" for task in tasks if task.key in known)
    return Judged(done, len(tasks), budget.spent, warning, unread)


def _ask(
    missing: Sequence[_Task], ask: Callable[[_Task], Landed], provider: str, budget: Budget, flight: InFlight[Landed]
) -> Iterator[Judgement]:
    """The judgements in the order in which they come; money is set aside before each call and settled after it."""
    waiting, unanswered, stopped = list(reversed(missing)), 0, Decimal(0)
    worst = {task.key: task.worst for task in missing}
    while waiting or flight.outstanding:
        while waiting and not stopped and flight.outstanding < AT_ONCE:
            if not budget.reserve(waiting[-1].worst):
                stopped = waiting[-1].worst
                break
            flight.send(partial(ask, waiting.pop()), provider=provider)
        if not flight.outstanding:
            raise budget.reached(stopped)
        key, landed = flight.land()
        budget.settle(landed.cost_usd if isinstance(landed, Judgement) else None, worst=worst[key])
        unanswered = unanswered + 1 if isinstance(landed, ModelUnavailable) else 0
        if isinstance(landed, Judgement):
            yield landed
        elif unanswered == GIVE_UP_AFTER:
            raise landed


def _call(task: _Task, identity: str, model: Model, begun: Begun) -> Landed:
    begun.note(task.key, task.worst)
    try:
        draft = model.generator.generate(task.prompt, until=Deadline.never())
    except ModelUnavailable as error:
        return task.key, error
    usage = draft.usage
    return task.key, Judgement(
        key=task.key,
        model=identity,
        question_id=task.item.id,
        verdict=read_verdict(draft.text),
        reply=draft.text[:MAX_REPLY],
        usage={} if usage is None else dataclasses.asdict(usage),
        cost_usd=None if usage is None else cost(usage, model.price),
        at_most_usd=task.worst,
    )


def _tasks(folder: Path, identity: str, items: Mapping[str, Item], model: Model) -> list[_Task]:
    """One task for each different answer that needs a judge, in the order of their hashes."""
    found: dict[str, _Task] = {}
    for record in read_records(folder / RECORDS).values():
        item = items.get(record.question_id)
        if record.status != "answered" or item is None or not (item.answers or item.unanswerable):
            continue
        prompt = write_prompt(item, record.answer)
        key = key_of(identity, prompt)
        found.setdefault(key, _Task(key, item, prompt, _worst(prompt, model)))
    return [found[key] for key in sorted(found)]


def _worst(prompt: Prompt, model: Model) -> Decimal:
    """The most that a judgement can cost in USD; 0 without a price."""
    if model.price is None:
        return Decimal(0)
    dearest = max(model.price.input, model.price.cached_input or Decimal(0))
    size = ENVELOPE + len(prompt.rendered.encode("utf-8", "surrogatepass"))
    return (min(size, model.context_window) * dearest + model.max_output_tokens * model.price.output) / MILLION


def _require_alone(out: BinaryIO, folder: Path) -> None:
    """Hold the file against another judge, which would pay for the same answers, until it is closed."""
    try:
        fcntl.flock(out, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        raise UsageError(f"{folder} is being judged already: wait for that to end.") from error


def _append(out: BinaryIO, judgement: Judgement) -> None:
    out.write(to_line(judgement))
    out.flush()
    os.fsync(out.fileno())


def _note(folder: Path, manifest: dict[str, Any], identity: str, warning: str) -> None:
    """Write into the manifest who judged, and what all judging has cost."""
    known = read_judgements(folder)
    tokens = {kind: sum(each.usage.get(kind, 0) for each in known.values()) for kind in KINDS}
    manifest["judge"] = {"model": identity, "prompt_version": prompt_version(), "warning": warning}
    manifest["judge_spend"] = {"calls": len(known), **tokens, "usd": float(_spent(folder))}
    write_json(folder / "manifest.json", manifest)


def _spent(folder: Path) -> Decimal:
    """What judging has cost, or may have, in USD: calls without a judgement count as the dearest that they could be."""
    known = read_judgements(folder)
    return spent(known) + lost(folder / CALLS, known)


def family_warning(model: Model, settings: Settings, manifest: Mapping[str, object]) -> str:
    """A sentence where the judge is the model that answered, or one of its name; "" otherwise."""
    reader = manifest.get("model")
    names = {str(reader.get("name")), str(reader.get("model"))} if isinstance(reader, dict) else set()
    judge = settings.all_models()[model.name].model or model.name
    family = {name.lower().split("/")[-1].split("-")[0].split(".")[0] for name in names if name and name != "None"}
    if model.name in names or judge in names or judge.lower().split("/")[-1].split("-")[0].split(".")[0] in family:
        return f"The judge {model.name} is of the family of the model that answered: it may favour its own answers."
    return ""
