"""What several commands of `touchstone evaluate` take."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Annotated

import typer

from cli.options import settings_of
from core.settings.load import Settings

Dataset = Annotated[Path, typer.Argument(metavar="DATASET", help="A question file in JSON lines.")]
Run = Annotated[Path, typer.Argument(metavar="RUN", help="The folder of a run.")]
NoText = Annotated[bool, typer.Option("--no-text", help="Leave questions, answers and quotes out of the reports.")]
Model = Annotated[str | None, typer.Option("--model", "-m", metavar="M", help="A model of the settings.")]
BestModel = Annotated[
    str | None, typer.Option("--best-model", metavar="M", help="The model of the rung closed_book_best.")
]
Rungs = Annotated[
    str, typer.Option("--rungs", metavar="A,B", help="Rungs, by name, or all; the usual ones by default.")
]
Replicates = Annotated[
    int | None, typer.Option("--replicates", min=1, metavar="K", help="Times each question is put to each rung.")
]
Out = Annotated[Path | None, typer.Option("--out", "-o", metavar="DIR", help="Folder of the run.")]
Budget = Annotated[float | None, typer.Option("--budget-usd", min=0, metavar="X", help="Spend cap.")]


Split = Annotated[
    str | None, typer.Option("--split", metavar="S", help="Only the questions of this split: development, test, ...")
]


def settings_with(
    context: typer.Context,
    data: Path | None,
    *,
    best_model: str | None = None,
    replicates: int | None = None,
    split: str | None = None,
    no_text: bool = False,
) -> Settings:
    """The settings, with what was typed in place of what they say."""
    settings = settings_of(context, data)
    typed = {
        "best_model": best_model,
        "replicates": replicates,
        "split": split,
        "report_text": False if no_text else None,
    }
    changed = {name: value for name, value in typed.items() if value is not None}
    return settings.model_copy(update={"evaluation": settings.evaluation.model_copy(update=changed)})


def named(rungs: str) -> list[str]:
    """The rungs that were typed."""
    return [name.strip() for name in rungs.split(",") if name.strip()]


def cap(budget_usd: float | None) -> Decimal | None:
    """The cap that was typed, exactly; None for that of the settings."""
    return None if budget_usd is None else Decimal(str(budget_usd))


def folder_of(out: Path | None, dataset: Path, kind: str = "") -> Path:
    """Where a run goes: the folder that was typed, or a new one in `runs`, named after the question file."""
    stem = dataset.name.removesuffix(".gz").removesuffix(".jsonl") or "run"
    return out or Path("runs") / f"{stem}{kind}-{datetime.now(UTC):%Y%m%d-%H%M%S}"
