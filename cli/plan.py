"""What `touchstone ingest --dry-run` prints."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from cli.output import amount, print_json, say, size

if TYPE_CHECKING:
    from ingest.plan import Plan

LISTED = 20
"""Files to read that are named one by one; the rest is a number."""


def show_plans(plans: Sequence[Plan], *, as_json: bool) -> None:
    """What each source would lead to."""
    if as_json:
        print_json({"plans": [_as_json(plan) for plan in plans]})
        return
    for plan in plans:
        _show(plan)


def _show(plan: Plan) -> None:
    for item in plan.to_read[:LISTED]:
        say(("read     ", "green"), f"{item.document}  ", (size(item.size), "dim"))
    if len(plan.to_read) > LISTED:
        say(("read     ", "green"), f"and {amount(len(plan.to_read) - LISTED, 'other file')}")
    for document in plan.vanished:
        say(("remove   ", "yellow"), document)
    for outcome in plan.decided:
        say(("skip     ", "yellow"), f"{outcome.document}  ", (outcome.reason, "dim"))
    for changed in plan.described:
        say(("describe ", "green"), changed.item.document)
    same = len(plan.unchanged) + len(plan.touched)
    read, described = len(plan.to_read), len(plan.described)
    counts = f"{read:,} to read, {described:,} to describe, {same:,} unchanged, {len(plan.vanished):,} to remove"
    say(
        (f"{plan.source}: ", "bold"),
        f"{amount(plan.found, 'file')} found, {counts}, {len(plan.decided):,} skipped. Nothing was done.",
    )


def _as_json(plan: Plan) -> dict[str, object]:
    return {
        "source": plan.source,
        "found": plan.found,
        "to_read": [item.document for item in plan.to_read],
        "unchanged": [item.document for item in (*plan.unchanged, *plan.touched)],
        "to_describe": [changed.item.document for changed in plan.described],
        "to_remove": list(plan.vanished),
        "skipped": [
            {"document": outcome.document, "status": type(outcome).__name__.lower(), "code": outcome.code}
            | {"reason": outcome.reason}
            for outcome in plan.decided
        ],
    }
