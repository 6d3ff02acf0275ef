"""What a run would ask and cost, and what its questions could show: worked out from the prompts, without a call."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from statistics import NormalDist

from core.answers import Draft, Usage
from core.deadline import Deadline
from evaluation.dataset import Dataset, Item
from evaluation.gold import gold_of
from evaluation.prepare.sample import spread
from evaluation.run.budget import MILLION, require_prices
from evaluation.run.contexts import Asked
from evaluation.run.rungs import Rung, Subject
from evaluation.run.subject import library_of
from service.answering.answer import Question, answer_from
from service.answering.models.protocol import Abilities, Prompt
from service.answering.pack import tokens

# What a sample can show before it is paid for: the sample size of a paired comparison of shares, and its reverse.


_STEPS = 60
"""Halvings of an interval of at most 1: far finer than a question."""


def questions_needed(
    difference: float, discordant: float, *, power: float = 0.8, alpha: float = 0.05, design_effect: float = 1
) -> float:
    """Questions with which a true difference of paired shares is found significant with this power; not rounded.

    n = (z_(1-alpha/2) sqrt(psi) + z_power sqrt(psi - d^2))^2 / d^2, times the design effect. d: `difference`, in
    (0, psi]. psi: `discordant`, the share of questions that come out differently on the two rungs.

    Source: Connor (1987), Biometrics 43:207, for McNemar's test.
    """
    two_sided, one_sided = NormalDist().inv_cdf(1 - alpha / 2), NormalDist().inv_cdf(power)
    spread = two_sided * math.sqrt(discordant) + one_sided * math.sqrt(max(discordant - difference**2, 0.0))
    return design_effect * (spread / difference) ** 2


def smallest_difference(
    n: int, discordant: float, power: float = 0.8, alpha: float = 0.05, design_effect: float = 1
) -> float | None:
    """The smallest true difference of paired shares that `n` questions show as significant with this power.

    None where not even a difference of all of the discordant share would be. The inverse of `questions_needed`.
    """
    known = {"power": power, "alpha": alpha, "design_effect": design_effect}
    if n <= 0 or not 0 < discordant <= 1 or questions_needed(discordant, discordant, **known) > n:
        return None
    low, high = 0.0, discordant
    for _ in range(_STEPS):
        middle = (low + high) / 2
        low, high = (low, middle) if questions_needed(middle, discordant, **known) <= n else (middle, high)
    return high


def design_effect(sizes: list[int], correlation: float) -> float:
    """How many times more questions are needed because those of one cluster are alike: 1 + (m - 1) rho.

    `sizes`: questions by cluster; m is their mean weighted by size, so that large clusters count for what they are.

    Source: Kish (1965), Survey Sampling, section 5.4; for unequal sizes Kerry and Bland (2001), Statistics in
    Medicine 20:377.
    """
    total = sum(sizes)
    weighted = sum(size * size for size in sizes) / total if total else 1.0
    return 1 + (weighted - 1) * correlation


SAMPLED = 40
"""Questions whose prompts are made: what they need on average is taken for all."""
CHARACTERS_PER_TOKEN = 4.5
"""Of English with an economical tokenizer: the low estimate. The high one is that by which prompts are packed."""
SHORT_ANSWER = 24
"""Tokens of a short answer in the form asked for: the low estimate. The high one is all that the model may write."""
DISCORDANT = (0.1, 0.2, 0.3)
"""Shares of questions on which two rungs may differ, for what the sample can show."""
ALIKE = 0.1
"""How alike questions of one cluster are taken to be (correlation within it), before anything is measured."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RungPlan:
    """What one rung would take: at most `calls`, of which `refused` (estimated) need no model; tokens and USD."""

    rung: str
    model: str
    calls: int
    refused: int
    input_tokens_low: int
    input_tokens_high: int
    output_tokens_low: int
    output_tokens_high: int
    usd_low: Decimal
    usd_high: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What a run would take, by rung.

    `smallest`: by share of questions on which two rungs differ, the smallest true difference in the share of correct
    answers that is found with 80 % power at p < 0.05; None where none is. `clusters`, `design_effect`: what questions
    that are alike take from it.
    """

    questions: int
    replicates: int
    clusters: int
    design_effect: float
    rungs: tuple[RungPlan, ...]
    smallest: dict[float, float | None]

    @property
    def usd_low(self) -> Decimal:
        """Of all rungs together."""
        return sum((rung.usd_low for rung in self.rungs), Decimal(0))

    @property
    def usd_high(self) -> Decimal:
        """Of all rungs together."""
        return sum((rung.usd_high for rung in self.rungs), Decimal(0))


def plan(dataset: Dataset, *, rungs: Sequence[Rung], subject: Subject) -> Plan:
    """What putting the questions to the rungs would take. No model is called; a sample of prompts is made.

    Raises:
        MissingPrice: a model has no price.
        UnknownCollection: nothing was ingested under that name.
    """
    require_prices(rungs, subject)
    subject.indexes.catalogue.require_collection(subject.collection, access=subject.access)
    sizes = list(Counter(item.cluster_name for item in dataset.items).values())
    effect = design_effect(sizes, ALIKE)
    n = len(dataset.items)
    prompts = _prompts(dataset, rungs, subject)
    return Plan(
        questions=n,
        replicates=subject.settings.evaluation.replicates,
        clusters=len(sizes),
        design_effect=round(effect, 3),
        rungs=tuple(_planned(rung, prompts[rung.name], n, subject) for rung in rungs),
        smallest={share: smallest_difference(n, share, design_effect=effect) for share in DISCORDANT},
    )


def _prompts(dataset: Dataset, rungs: Sequence[Rung], subject: Subject) -> dict[str, list[str | None]]:
    """The prompts of a sample of questions by rung; None where the question is refused before a model is asked."""
    library, settings = library_of(subject), subject.settings
    found: dict[str, list[str | None]] = {rung.name: [] for rung in rungs}
    for item in spread(dataset.items, SAMPLED, seed=settings.evaluation.seed):
        asked = Asked(item, gold_of(item, library.corpus, limit=settings.answering.passages), library)
        for rung in rungs:
            found[rung.name].append(_prompt(item, rung, asked, subject))
    return found


def _prompt(item: Item, rung: Rung, asked: Asked, subject: Subject) -> str | None:
    """What the model would be sent: made by the code that answers, with a model that only takes note."""
    note = _Note()
    context = rung.context(asked)
    answer_from(
        Question(text=item.question, mode=context.mode),
        context.hits,
        model=replace(rung.model(subject), generator=note),
        index_version=subject.indexes.version,
        settings=subject.settings.answering,
    )
    return note.prompts[0] if note.prompts else None


@dataclass(slots=True)
class _Note:
    """A generator that takes note of what it is asked, and abstains."""

    prompts: list[str] = field(default_factory=list)
    abilities: Abilities = field(default=Abilities(structured="none", streams=False))

    def generate(self, prompt: Prompt, *, until: Deadline) -> Draft:
        del until
        self.prompts.append(prompt.rendered)
        return Draft(text="", quotes=(), usage=Usage(), abstained=True)

    def stream(self, prompt: Prompt, *, until: Deadline) -> Iterator[Draft]:
        yield self.generate(prompt, until=until)

    def write(self, text: str, *, until: Deadline) -> None:
        del text, until


def _planned(rung: Rung, prompts: Sequence[str | None], questions: int, subject: Subject) -> RungPlan:
    model = rung.model(subject)
    calls = questions * subject.settings.evaluation.replicates
    sent = [prompt for prompt in prompts if prompt is not None]
    asked = calls * len(sent) / len(prompts)
    of_all = calls / len(prompts)
    low_input = math.ceil(of_all * sum(len(prompt) / CHARACTERS_PER_TOKEN for prompt in sent))
    high_input = math.ceil(of_all * sum(map(tokens, sent)))
    low_output, high_output = math.ceil(asked * SHORT_ANSWER), math.ceil(asked * model.max_output_tokens)
    assert model.price is not None
    cheapest = model.price.input if model.price.cached_input is None else model.price.cached_input
    return RungPlan(
        rung=rung.name,
        model=model.name,
        calls=calls,
        refused=calls - round(asked),
        input_tokens_low=low_input,
        input_tokens_high=high_input,
        output_tokens_low=low_output,
        output_tokens_high=high_output,
        usd_low=(low_input * min(cheapest, model.price.input) + low_output * model.price.output) / MILLION,
        usd_high=(high_input * model.price.input + high_output * model.price.output) / MILLION,
    )
