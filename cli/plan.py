"""What `touchstone ingest --dry-run` prints."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from cli.output import amount, print_json, say, size

if TYPE_CHECKING:
    from ingest.plan import Plan

LISTED = 20
"""Files of a kind that are named one by one; the rest is a number."""


def show_plans(plans: Sequence[Plan], *, as_json: bool) -> None:
    """What each source would lead to."""
    if as_json:
        print_json({"plans": [_as_json(plan) for plan in plans]})
        return
    for plan in plans:
        _show(plan)


def _show(plan: Plan) -> None:
    sizes = {item.document: item.size for item in plan.to_read}
    described = [changed.item.document for changed in plan.described]
    moved = [f"{old} -> {new}" for old, new in plan.moved]
    kinds: Sequence[tuple[str, str, Sequence[str]]] = (
        ("add", "green", plan.added),
        ("change", "green", plan.changed),
        ("move", "green", moved),
        ("describe", "green", described),
        ("remove", "yellow", plan.removed),
    )
    for word, colour, documents in kinds:
        for document in documents[:LISTED]:
            say((f"{word:<9}", colour), document, (f"  {size(sizes[document])}" if document in sizes else "", "dim"))
        if len(documents) > LISTED:
            say((f"{word:<9}", colour), f"and {amount(len(documents) - LISTED, 'other')}")
    for outcome in plan.decided:
        say(("skip     ", "yellow"), f"{outcome.document}  ", (outcome.reason, "dim"))
    same = len(plan.unchanged) + len(plan.touched)
    counts = f"{len(plan.added):,} to add, {len(plan.changed):,} changed, {len(moved):,} moved, "
    counts += f"{len(described):,} to describe, {same:,} unchanged, {len(plan.removed):,} to remove"
    say(
        (f"{plan.source}: ", "bold"),
        f"{amount(plan.found, 'file')} found, {counts}, {len(plan.decided):,} skipped. Nothing was done.",
    )


def _as_json(plan: Plan) -> dict[str, object]:
    """Every file under one of its kinds."""
    return {
        "source": plan.source,
        "found": plan.found,
        "added": list(plan.added),
        "changed": list(plan.changed),
        "moved": [{"from": old, "to": new} for old, new in plan.moved],
        "described": [changed.item.document for changed in plan.described],
        "unchanged": [item.document for item in (*plan.unchanged, *plan.touched)],
        "removed": list(plan.removed),
        "skipped": [
            {"document": outcome.document, "status": type(outcome).__name__.lower(), "code": outcome.code}
            | {"reason": outcome.reason}
            for outcome in plan.decided
        ],
    }
