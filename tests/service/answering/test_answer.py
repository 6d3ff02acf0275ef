from __future__ import annotations

import json
from decimal import Decimal

import pytest

from core.access import ANONYMOUS, OWNER, Access
from core.answers import Answer, Refusal
from core.deadline import Deadline
from core.errors import Cancelled, SettingsError, UnknownDocument
from core.settings.sections import AnsweringSettings
from service.answering.answer import Found, Question, Text, answer, answer_from, stream
from tests.indexes.store import store
from tests.service.answering.hits import hit

SETTINGS = AnsweringSettings()
LEAVE = "Every employee has 28 days of leave a year."
CANTEEN = "The canteen opens at noon."


def reply(text: str | None, *quotes: tuple[int, str]) -> str:
    return json.dumps({"answer": text, "quotes": [{"passage": number, "text": quote} for number, quote in quotes]})


@pytest.fixture
def ask(indexes, scripted):
    store(indexes, "leave.md", LEAVE, "Unused days lapse in March.")
    store(indexes, "canteen.md", CANTEEN, groups=("staff",))

    def asked(text, *replies, access=OWNER, **fields):
        model = scripted(*replies, price={"input": "1", "output": "1"})
        question = Question(text=text, **fields)
        return answer(question, access=access, indexes=indexes, model=model, settings=SETTINGS), model

    return asked


def test_an_answer_cites_the_place_its_quote_stands_at(ask):
    outcome, _ = ask("How many days of leave?", reply("28 days", (1, "28 days of leave")))
    assert isinstance(outcome, Answer)
    cited = outcome.citations[0]
    assert (cited.document, cited.quote, LEAVE[cited.start : cited.end]) == (
        "leave.md", "28 days of leave", "28 days of leave",
    )  # fmt: skip
    assert outcome.passages[0].hit.chunk_id == cited.chunk_id


def test_what_an_answer_took_is_told(ask, indexes):
    outcome, _ = ask("How many days of leave?", reply("28 days", (1, "28 days")))
    assert {"embed", "dense", "keyword", "pack", "generate", "cite", "total"} <= set(outcome.timings_ms)
    assert outcome.cost_usd == Decimal(outcome.usage.input_tokens + outcome.usage.output_tokens) / 1_000_000
    assert (outcome.model, outcome.mode, outcome.index_version) == ("main", "rag", indexes.version)


def test_an_answer_whose_quotes_do_not_hold_is_refused_and_says_how_many(ask):
    outcome, _ = ask("How many days of leave?", reply("30 days", (1, "30 days"), (9, "28 days")))
    assert isinstance(outcome, Refusal)
    assert (outcome.reason, outcome.dropped_quotes) == ("unsupported_answer", 2)
    assert outcome.cost_usd is not None


def test_a_model_that_abstains_is_not_overruled(ask):
    outcome, _ = ask("How many days of leave?", reply(None, (1, "28 days")))
    assert isinstance(outcome, Refusal)
    assert outcome.reason == "model_abstained"


def test_without_anything_relevant_no_model_is_called(ask):
    outcome, model = ask("zzyzx qwertz", reply("x"))
    assert isinstance(outcome, Refusal)
    assert (outcome.reason, len(model.generator.prompts)) == ("no_relevant_passage", 0)


def test_no_word_of_a_forbidden_document_reaches_the_model(ask):
    _, model = ask("When does the canteen open?", reply(None), access=ANONYMOUS)
    assert all(CANTEEN not in prompt.rendered for prompt in model.generator.prompts)
    _, model = ask("When does the canteen open?", reply(None), access=Access(groups=frozenset({"staff"})))
    assert CANTEEN in model.generator.prompts[0].rendered


def test_pinned_documents_are_shown_whole_and_in_order(ask):
    outcome, _ = ask("Anything?", reply("March", (2, "March")), mode="documents", documents=("leave.md",))
    assert isinstance(outcome, Answer)
    assert [passage.hit.text for passage in outcome.passages] == [LEAVE, "Unused days lapse in March."]


def test_a_pinned_document_that_may_not_be_read_does_not_exist(ask):
    with pytest.raises(UnknownDocument):
        ask("Anything?", reply("x"), mode="documents", documents=("canteen.md",), access=ANONYMOUS)
    with pytest.raises(UnknownDocument):
        ask("Anything?", reply("x"), mode="documents", documents=("nowhere.md",))


def test_of_pinned_documents_too_long_for_the_model_the_closest_chunks_are_shown(indexes, scripted):
    chunks = [f"Rule {number}: nothing of note. " * 8 for number in range(30)]
    store(indexes, "rules.md", *chunks[:20], "The gate code is 4711. " * 8, *chunks[20:])
    model = scripted(reply("4711", (1, "4711")), context_window=1200, max_output_tokens=100)
    question = Question(text="gate code", mode="documents", documents=("rules.md",))
    outcome = answer(question, access=OWNER, indexes=indexes, model=model, settings=SETTINGS)
    starts = [passage.hit.start for passage in outcome.passages]
    assert 0 < len(starts) < 31
    assert starts == sorted(starts)
    assert any("4711" in passage.hit.text for passage in outcome.passages)


def test_closed_book_shows_nothing_and_needs_no_citation(ask):
    outcome, model = ask("How many days of leave?", reply("25 days", (1, "25 days")), mode="closed_book")
    assert isinstance(outcome, Answer)
    assert (outcome.text, outcome.citations, outcome.passages) == ("25 days", (), ())
    assert LEAVE not in model.generator.prompts[0].rendered


def test_gold_passages_go_the_same_way_without_a_search(scripted):
    model = scripted(reply("28", (1, "28 days")))
    outcome = answer_from(Question(text="How many?"), [hit(LEAVE)], model=model, index_version="v", settings=SETTINGS)
    assert isinstance(outcome, Answer)
    none = answer_from(Question(text="How many?"), [], model=model, index_version="v", settings=SETTINGS)
    assert isinstance(none, Refusal)
    assert none.reason == "no_relevant_passage"


def test_a_window_too_small_for_any_passage_is_a_setting_to_mend(scripted):
    model = scripted("x", context_window=512, max_output_tokens=512)
    with pytest.raises(SettingsError, match="context_window"):
        answer_from(Question(text="How many?"), [hit(LEAVE)], model=model, index_version="v", settings=SETTINGS)


def test_a_stream_tells_what_was_found_then_the_text_then_the_answer(indexes, scripted):
    store(indexes, "leave.md", LEAVE)
    model = scripted(reply("28 days", (1, "28 days of leave")))
    question = Question(text="How many days of leave?")
    found, *texts, last = stream(question, access=OWNER, indexes=indexes, model=model, settings=SETTINGS)
    assert isinstance(found, Found)
    assert [passage.hit.document for passage in found.passages] == ["leave.md"]
    assert isinstance(last, Answer)
    assert "".join(piece.text for piece in texts if isinstance(piece, Text)) == last.text == "28 days"


def test_no_text_of_an_answer_that_nothing_supports_is_streamed(indexes, scripted):
    store(indexes, "leave.md", LEAVE)
    model = scripted(reply("30 days", (1, "30 days")))
    question = Question(text="How many days of leave?")
    events = list(stream(question, access=OWNER, indexes=indexes, model=model, settings=SETTINGS))
    assert [type(event) for event in events] == [Found, Refusal]


def test_work_that_nobody_waits_for_is_not_begun(indexes, scripted):
    store(indexes, "leave.md", LEAVE)
    model, until = scripted("x"), Deadline.never()
    until.cancel()
    question = Question(text="How many days of leave?")
    with pytest.raises(Cancelled):
        answer(question, access=OWNER, indexes=indexes, model=model, settings=SETTINGS, until=until)
    assert not model.generator.prompts
