"""What a run was made of: enough to tell whether another run can be compared with it, or go on with it."""

from __future__ import annotations

import datetime
import hashlib
import json
import os
import platform
from collections.abc import Mapping, Sequence
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from core.errors import UsageError
from core.files import write_whole
from core.settings.load import Settings
from core.settings.sections import EvaluationSettings, Price
from evaluation.dataset import Dataset
from evaluation.run.budget import Budget
from evaluation.run.rungs import RUNGS, Rung, Subject
from service.answering.models.choose import Model
from service.answering.prompt import prompt_version

MANIFEST = "manifest.json"
SCHEMA = 1
PACKAGES = ("touchstone", "chromadb", "onnxruntime", "tokenizers", "numpy", "ir-measures")
PACKAGE_ROOT = Path(__file__).parents[2]


def fingerprint(dataset: Dataset, subject: Subject) -> dict[str, str]:
    """What must not change while a run goes on: each part in words, with a value that changes when it does."""
    settings, model = subject.settings, subject.model
    where_set = {} if subject.best is None else {"best model": _model(settings, subject.best)}
    if subject.indexes.reranker.candidates:
        where_set["reranker"] = _hash(settings.reranker.model_dump(mode="json"))
    return {
        **where_set,
        "dataset": dataset.sha256,
        "collection": subject.collection,
        "documents": _hash(sorted(subject.documents().items())),
        "index version": subject.indexes.version,
        "model": _model(settings, model),
        "prompt": prompt_version(),
        "settings": _hash([settings.search.model_dump(mode="json"), settings.answering.model_dump(mode="json")]),
    }


def new_manifest(dataset: Dataset, subject: Subject) -> dict[str, Any]:
    """Everything about a run that does not depend on when it is made."""
    settings, model = subject.settings, subject.model
    return {
        "schema": SCHEMA,
        "fingerprint": fingerprint(dataset, subject),
        "dataset": {"name": dataset.name, "sha256": dataset.sha256, "questions": len(dataset.items)},
        "model": _named(settings, model),
        "price_book": _prices(model),
        "best_model": subject.best and {**_named(settings, subject.best), "price_book": _prices(subject.best)},
        "replicates": settings.evaluation.replicates,
        "prompt_version": prompt_version(),
        "index_version": subject.indexes.version,
        "embedder": subject.indexes.embedder.name,
        "collection": subject.collection,
        "documents": len(subject.documents()),
        "settings": {
            "search": settings.search.model_dump(mode="json"),
            "answering": settings.answering.model_dump(mode="json"),
        },
        "values": settings.evaluation.model_dump(mode="json"),
        "seed": settings.evaluation.seed,
        "git_revision": _git_revision(),
        "python": platform.python_version(),
        "machine": f"{platform.system()} {platform.machine()}, {os.cpu_count()} cores",
        "packages": {name: _version(name) for name in PACKAGES},
    }


KEPT = ("judge", "judge_spend", "split", "repriced")
"""Parts that others than a sitting write."""


def begin(folder: Path, dataset: Dataset, subject: Subject, rungs: Sequence[Rung]) -> dict[str, Any]:
    """The manifest of the run in this folder: a new one, or the one it began with if nothing that matters changed.

    Raises:
        UsageError: something that matters did.
    """
    manifest = new_manifest(dataset, subject)
    names, started = [rung.name for rung in rungs], now()
    if before := refuse_other(folder, manifest["fingerprint"]):
        manifest["fingerprint"] = before["fingerprint"] | manifest["fingerprint"]
        names += [name for name in before["rungs"] if name not in names]
        started = before["started"]
        manifest["replicates"] = max(manifest["replicates"], before.get("replicates", 1))
        manifest |= {name: before[name] for name in KEPT if name in before}
        if changed := _changed_prices(before, manifest):  # then what was answered before is priced anew too
            manifest["repriced"] = manifest.get("repriced", {}) | changed
    manifest |= {"rungs": [name for name in RUNGS if name in names], "state": "running", "started": started}
    write_json(folder / MANIFEST, manifest)
    return manifest


def end(folder: Path, manifest: dict[str, Any], budget: Budget, state: str) -> None:
    """Note how a sitting ended."""
    ended = {"finished": now(), "budget_usd": str(budget.cap), "spent_usd": str(budget.spent)}
    write_json(folder / MANIFEST, manifest | {"state": state, **ended})


def read_manifest(folder: Path) -> dict[str, Any]:
    """The manifest of a run.

    Raises:
        UsageError: the folder holds no run.
    """
    try:
        manifest = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise UsageError(f"{folder} holds no run (no manifest.json): name the folder of an evaluation.") from error
    except ValueError as error:
        raise UsageError(f"{folder / 'manifest.json'} is not valid JSON: {error}.") from error
    if not isinstance(manifest, dict):
        raise UsageError(f"{folder / 'manifest.json'} is not the manifest of a run: move it away.")
    if manifest.get("schema") != SCHEMA:
        raise UsageError(f"{folder} was written by another version of Touchstone (schema {manifest.get('schema')}).")
    return manifest


def values_of(manifest: Mapping[str, Any]) -> EvaluationSettings:
    """The prices and limits that a run was made with; what settings no longer hold is left out."""
    known = EvaluationSettings.model_fields
    return EvaluationSettings.model_validate({name: v for name, v in manifest["values"].items() if name in known})


def with_prices(manifest: Mapping[str, Any], books: Mapping[str, Price]) -> dict[str, Any]:
    """The manifest as if the models had had other prices, `books` or else those that were kept with the run.

    Both go by who answers, "model" or "best_model", as does `repriced` in what is returned.
    """
    repriced = {**manifest.get("repriced", {}), **{who: book.model_dump(mode="json") for who, book in books.items()}}
    changed = {**manifest, "repriced": repriced}
    if "model" in repriced:
        changed["price_book"] = repriced["model"]
    if "best_model" in repriced and manifest.get("best_model"):
        changed["best_model"] = manifest["best_model"] | {"price_book": repriced["best_model"]}
    return changed


def keep_prices(folder: Path, values: EvaluationSettings, books: Mapping[str, Price]) -> None:
    """Have the results of a run computed at these values and prices from now on."""
    manifest = read_manifest(folder)
    repriced = with_prices(manifest, books)["repriced"]
    write_json(folder / MANIFEST, manifest | {"values": values.model_dump(mode="json"), "repriced": repriced})


def write_json(path: Path, value: object) -> None:
    """Write a JSON file whole or not at all."""
    write_whole(path, json.dumps(value, ensure_ascii=False, indent=2) + "\n")


def refuse_other(folder: Path, after: Mapping[str, str], *, called: Path | None = None) -> dict[str, Any]:
    """The manifest of the run in a folder, which can go on with this fingerprint; {} where there is no run.

    Raises:
        UsageError: it began with something else, which the sentence names; `called`: how it names the folder.
    """
    if not (folder / MANIFEST).exists():
        return {}
    manifest = read_manifest(folder)
    before = manifest["fingerprint"]
    changed = [part for part in after if part in before and before[part] != after[part]]
    if changed:
        raise UsageError(
            f"{called or folder} holds a run that differs in its {' and '.join(changed)}: its answers cannot be mixed "
            "with new ones. Name an empty folder for the new run."
        )
    return manifest


def _named(settings: Settings, model: Model) -> dict[str, str]:
    served = settings.all_models()[model.name]
    return {"name": model.name, "kind": served.kind, "model": served.model, "base_url": served.base_url}


def _prices(model: Model) -> dict[str, Any] | None:
    """USD per million tokens, and the day on which they were read."""
    if model.price is None:
        return None
    return model.price.model_dump(mode="json") | {"as_of": str(model.price.as_of or now()[:10])}


def _changed_prices(before: Mapping[str, Any], after: Mapping[str, Any]) -> dict[str, Any]:
    """The prices that are others than when the run began, by who has them; their days aside."""
    books = [
        {"model": of["price_book"], "best_model": (of.get("best_model") or {}).get("price_book")}
        for of in (before, after)
    ]
    undated = [{who: book and {**book, "as_of": None} for who, book in of.items()} for of in books]
    return {who: book for who, book in books[1].items() if book and undated[0][who] != undated[1][who]}


def _model(settings: Settings, model: Model) -> str:
    """Its name, and what its answers depend on."""
    besides = {"price", "default", "api_key_env", "in_flight"}
    return f"{model.name} {_hash(settings.all_models()[model.name].model_dump(mode='json', exclude=besides))}"


def _hash(value: object) -> str:
    return hashlib.sha256(json.dumps(value, sort_keys=True).encode("utf-8", "surrogatepass")).hexdigest()[:16]


def now() -> str:
    """The moment, in ISO 8601, UTC."""
    return datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds")


def _version(package: str) -> str | None:
    try:
        return version(package)
    except PackageNotFoundError:
        return None


def _git_revision() -> str | None:
    """The commit that is checked out where this package lies, read from .git itself; None for an installed one."""
    try:
        head = (PACKAGE_ROOT / ".git" / "HEAD").read_text().strip()
        if not head.startswith("ref: "):
            return head
        return (PACKAGE_ROOT / ".git" / head.removeprefix("ref: ")).read_text().strip()
    except OSError:
        return None
