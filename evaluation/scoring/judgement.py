"""What a rule says of an answer."""

from __future__ import annotations

from dataclasses import dataclass

from evaluation.scoring.claims import Claim


@dataclass(frozen=True, slots=True)
class Judgement:
    """Whether an answer is right, and the rule that says so, in words for the reader of the scores.

    `in_doubt`: the rule may well err here, so a person or a judge should look.
    """

    correct: bool
    how: str
    in_doubt: bool = False


def lacking(denied: Claim, otherwise: str) -> Judgement:
    """Wrong: no variant is claimed, though one may stand there and be denied."""
    return Judgement(False, f"holds an accepted variant, but {denied.why}" if denied.why else otherwise, denied.doubt)
