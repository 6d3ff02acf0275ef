"""`touchstone evaluate roi`: an old run at other prices."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cli.evaluation.options import Run
from cli.evaluation.show import dollars, ladder
from cli.options import Data, Json, settings_of
from cli.output import print_json, say, table
from core.errors import UsageError

if TYPE_CHECKING:
    from core.settings.sections import EvaluationSettings, Price

PerRung = list[str] | None
BestPrice = Annotated[str | None, typer.Option(metavar="USD", help="The same for the model of closed_book_best.")]


def roi(  # noqa: PLR0913 -- a parameter is an option that can be typed
    context: typer.Context,
    folder: Run,
    value_correct: Annotated[str | None, typer.Option(metavar="USD", help="What a correct answer is worth.")] = None,
    cost_wrong: Annotated[str | None, typer.Option(metavar="USD", help="What a wrong answer costs.")] = None,
    cost_abstained: Annotated[
        str | None, typer.Option(metavar="USD", help="What handing a question to a person costs.")
    ] = None,
    queries_per_month: Annotated[int | None, typer.Option(metavar="N", help="Questions a month.")] = None,
    horizon_months: Annotated[int | None, typer.Option(metavar="N", help="Months that one-off costs serve.")] = None,
    one_off: Annotated[PerRung, typer.Option(metavar="RUNG=USD", help="One-off cost of a rung; repeat.")] = None,
    monthly: Annotated[PerRung, typer.Option(metavar="RUNG=USD", help="Monthly cost of a rung; repeat.")] = None,
    input_price: Annotated[str | None, typer.Option(metavar="USD", help="Per million input tokens.")] = None,
    output_price: Annotated[str | None, typer.Option(metavar="USD", help="Per million output tokens.")] = None,
    cached_price: Annotated[str | None, typer.Option(metavar="USD", help="Per million cached input tokens.")] = None,
    best_input_price: BestPrice = None,
    best_output_price: BestPrice = None,
    best_cached_price: BestPrice = None,
    write: Annotated[
        bool, typer.Option("--write", help="Keep these with the run, and write its results and report anew.")
    ] = False,
    as_json: Json = False,
    data: Data = None,
) -> None:
    """Say what a run is worth at other values and prices; no model is called, and what is not named stays as it was."""
    from evaluation.report.write import write_report
    from evaluation.results import results_of
    from evaluation.run.manifest import keep_prices, read_manifest, values_of

    settings_of(context, data)
    values = _values(
        values_of(read_manifest(folder)).model_dump(mode="json"),
        {
            "value_correct": value_correct,
            "cost_wrong": cost_wrong,
            "cost_abstained": cost_abstained,
            "queries_per_month": queries_per_month,
            "horizon_months": horizon_months,
        },
        {"one_off_usd": _by_rung(one_off), "monthly_usd": _by_rung(monthly)},
    )
    books = {
        **_book("model", input_price, output_price, cached_price),
        **_book("best_model", best_input_price, best_output_price, best_cached_price),
    }
    if write:
        keep_prices(folder, values, books)
    results = results_of(folder, values, books=books, write=write)
    if write:
        write_report(folder)
    if as_json:
        print_json(results)
        return
    ladder(results)
    say("")
    _returns(results)
    say("")
    say((results["verdict"]["sentence"], "bold"))
    for flip in results["verdict"]["flips"]:
        say(flip["sentence"])


def _values(known: dict[str, Any], changed: dict[str, Any], by_rung: dict[str, dict[str, str]]) -> EvaluationSettings:
    """The values of a run with some of them changed."""
    from pydantic import ValidationError

    from core.settings.sections import EvaluationSettings

    given = {name: value for name, value in changed.items() if value is not None}
    merged = {name: {**known.get(name, {}), **amounts} for name, amounts in by_rung.items()}
    try:
        return EvaluationSettings.model_validate({**known, **given, **merged})
    except ValidationError as error:
        first = error.errors()[0]
        option = str(first["loc"][0]).replace("_usd", "").replace("_", "-")
        raise UsageError(f"--{option}: {first['msg']}; {first['input']!r} was given.") from error


def _by_rung(given: PerRung) -> dict[str, str]:
    """{rung: USD} from the words RUNG=USD."""
    from evaluation.run.rungs import RUNGS

    found = {}
    for word in given or ():
        rung, equals, usd = word.partition("=")
        if not equals or rung not in RUNGS:
            raise UsageError(f"{word!r} is not RUNG=USD with one of the rungs {', '.join(RUNGS)}.")
        found[rung] = usd
    return found


def _book(who: str, fresh: str | None, written: str | None, cached: str | None) -> dict[str, Price]:
    """Prices to use in place of the run's, by who has them; empty when none were given."""
    from pydantic import ValidationError

    from core.settings.sections import Price

    if fresh is None and written is None and cached is None:
        return {}
    if fresh is None or written is None:
        raise UsageError("Other prices need one for input and one for output; cached input is as input when missing.")
    try:
        given = {"input": fresh, "output": written, "cached_input": cached, "as_of": datetime.now(UTC).date()}
        return {who: Price.model_validate(given)}
    except ValidationError as error:
        wrong = error.errors()[0]["input"]
        raise UsageError(f"A price is a number of USD per million tokens, 0 or more; {wrong!r} was given.") from error


def _returns(results: dict[str, Any]) -> None:
    """What each rung gains over the lowest one, and when that has paid for it."""
    from evaluation.report.view import decimals

    digits = decimals([row["incremental_net_benefit_usd"] for row in results["roi"]])
    rows = [
        [
            row["rung"],
            "{}  ({} to {})".format(
                *(dollars(row[key], digits) for key in ("incremental_net_benefit_usd", "low", "high"))
            ),
            dollars(row["usd_per_month"], 2),
            _number(row["break_even_queries_per_month"], "never"),
            _number(row["payback_months"], "never"),
            "–" if row["roi"] is None else f"{row['roi']:.1f}",
        ]
        for row in results["roi"]
    ]
    if rows:
        over = results["roi"][0]["baseline"]
        headings = [
            f"against {over}",
            "gain a question (95 %)",
            "a month",
            "pays from, a month",
            "payback, months",
            "ROI",
        ]
        table(headings, rows, numbers=range(1, len(headings)))


def _number(value: float | None, otherwise: str) -> str:
    return otherwise if value is None else f"{value:,.1f}".removesuffix(".0")
