"""How often held-out questions were opened: every look at them makes their figures a little kinder."""

from __future__ import annotations

import datetime
import hashlib
import json
from pathlib import Path
from typing import Any

from core.errors import UsageError
from evaluation.dataset import HELD_OUT, Dataset, split_name
from evaluation.run.manifest import MANIFEST, read_manifest, write_json


def open_split(path: Path, dataset: Dataset, split: str | None, folder: Path) -> dict[str, Any]:
    """Note that a run reads held-out questions, and say how often they were opened: {"name", "openings"}.

    `dataset` is what the run asks, `folder` where it is kept: going on with a run opens nothing anew. An opening is a
    line of DATASET.openings.jsonl. `openings` is None where no held-out question is asked.

    Raises:
        UsageError: held-out questions are asked and the note cannot be written.
    """
    name = split_name(split)
    held_out = sorted(item.id for item in dataset.items if split_name(item.split) == HELD_OUT)
    if not held_out:
        return {"name": name, "openings": None}
    notes = path.with_name(path.name + ".openings.jsonl")
    run = str(folder.resolve())
    try:
        known = notes.read_text(encoding="utf-8").splitlines() if notes.exists() else []
        runs = list(dict.fromkeys(json.loads(line)["run"] for line in known if line.strip()))
        if run not in runs:
            when = datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds")
            digest = hashlib.sha256("\n".join(held_out).encode("utf-8", "surrogatepass")).hexdigest()[:16]
            row = {"run": run, "opened": when, "questions": len(held_out), "sha256": digest}
            with notes.open("a", encoding="utf-8") as out:
                out.write(json.dumps(row, ensure_ascii=False) + "\n")
            runs.append(run)
    except OSError as error:
        raise UsageError(
            f"{notes} cannot be written: {error.strerror}. Openings of held-out questions are counted there. Copy "
            f"{path.name} to a folder of your own, or ask another split with --split development."
        ) from error
    except (ValueError, KeyError, TypeError) as error:
        raise UsageError(f"{notes} is damaged: it counts the openings of the held-out questions. Mend it.") from error
    return {"name": name, "openings": runs.index(run) + 1}


def note_split(folder: Path, opened: dict[str, Any]) -> None:
    """Write into a run's manifest which split it asked, and how often that was opened, where either is known."""
    if opened["name"] or opened["openings"]:
        write_json(folder / MANIFEST, read_manifest(folder) | {"split": opened})
