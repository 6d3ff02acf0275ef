"""The settings, section by section: what each is called, what it means and what it is by itself."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints

from core.globs import fault_in

Name = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200)]
"""Of a group or a tag."""


def _sound(pattern: str) -> str:
    if fault := fault_in(pattern):
        raise ValueError(f"it {fault}")
    return pattern


def _sound_in_small_letters(pattern: str) -> str:
    _sound(pattern.casefold())
    return pattern


Pattern = Annotated[str, AfterValidator(_sound)]
"""Of file names (core.sources.Patterns)."""


class Section(BaseModel):
    """A frozen group of settings; an unknown field is an error."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Price(Section):
    """USD per million tokens."""

    input: Decimal = Field(ge=0, description="USD per million input tokens")
    output: Decimal = Field(ge=0, description="USD per million output tokens")
    cached_input: Decimal | None = Field(
        None, ge=0, description="USD per million cached input tokens; as input if missing"
    )
    as_of: date | None = Field(None, description="the day on which the price was read; missing: that of the run")


class ModelSettings(Section):
    """One model that questions can be put to."""

    kind: Literal["extractive", "openai", "scripted"] = Field(
        description="extractive, openai (any compatible URL), scripted"
    )
    base_url: str = Field("", description="the server's URL, up to and including /v1 (openai)")
    model: str = Field("", description="the model's name at that server (openai)")
    api_key_env: str = Field("", description="name of the variable that holds the key, never the key itself (openai)")
    context_window: int = Field(8192, ge=512, description="tokens the model reads and writes in one call")
    max_output_tokens: int = Field(512, ge=1, description="tokens the model may write")
    timeout_seconds: float = Field(60.0, gt=0, description="longest wait for one call")
    replies: tuple[str, ...] = Field((), description="replies given in turn, for tests (scripted)")
    answers: Path | None = Field(
        None,
        description="file of what it replies to which question, one JSON object a line: question, answer, knows (said "
        "without a passage too), guess (scripted)",
    )
    in_flight: int = Field(8, ge=1, le=256, description="calls that an evaluation has open at once")
    price: Price | None = Field(None, description="USD per million tokens; missing: cost is not stated")
    default: bool = Field(False, description="used when a request names no model")


BUILT_IN_MODEL = ModelSettings(
    kind="extractive", context_window=1_000_000, in_flight=1, price=Price(input=Decimal(0), output=Decimal(0))
)


class EmbedderSettings(Section):
    """What turns text into vectors."""

    kind: Literal["minilm", "sentence_transformers", "openai", "hashing"] = Field(
        "minilm",
        description="minilm (onnxruntime), sentence_transformers (any of its models), openai (any compatible URL), "
        "hashing (tests)",
    )
    model: str = Field(
        "all-MiniLM-L6-v2", description="name or path of the model (sentence_transformers), its name there (openai)"
    )
    device: Literal["auto", "cpu", "cuda", "mps"] = Field(
        "auto", description="where torch runs the model; auto: a GPU that it sees, else the processor"
    )
    threads: int = Field(
        0, ge=0, description="threads of the model, or calls at once (openai); 0: as many as there are cores"
    )
    precision: Literal["fp32", "bf16", "int8"] = Field(
        "fp32",
        description="fp32; bf16 (minilm, sentence_transformers), where the hardware has it; int8 (minilm), twice as "
        "fast on processors with VNNI, a little less exact",
    )
    cache: Path = Field(Path("~/.cache/touchstone"), description="folder for the exported model (minilm)")
    query_prefix: str | None = Field(
        None, description="written before each question; left out: what the model's folder asks for"
    )
    passage_prefix: str | None = Field(
        None, description="written before each passage; left out: what the model's folder asks for"
    )
    base_url: str = Field("", description="the server's URL, up to and including /v1 (openai)")
    api_key_env: str = Field("", description="name of the variable that holds the key, never the key itself (openai)")
    dimension: int = Field(
        0, ge=0, description="length of a vector, asked of the server (openai); 0: what it gives by itself"
    )
    max_tokens: int = Field(512, ge=8, description="longest text that the model reads, in its tokens (openai)")
    batch: int = Field(64, ge=1, description="texts in one call (openai)")
    timeout_seconds: float = Field(60.0, gt=0, description="longest wait for one call (openai)")


class RerankerSettings(Section):
    """A second, slower look at the best hits."""

    kind: Literal["none", "cross_encoder"] = Field(
        "none", description="none, cross_encoder (any CrossEncoder of sentence-transformers)"
    )
    model: str = Field("", description="name or path of the model")
    device: Literal["auto", "cpu", "cuda", "mps"] = Field(
        "auto", description="where torch runs the model; auto: a GPU that it sees, else the processor"
    )
    candidates: int = Field(30, ge=1, le=1000, description="hits it puts in a new order")
    seconds: float = Field(
        1.0, gt=0, description="longest it may take for one question; after that the order that search found stands"
    )
    batch: int = Field(8, ge=1, description="pairs of question and passage that the model reads together")


class Rule(Section):
    """What holds for every document of a name like `pattern`, unless its metadata file says otherwise."""

    pattern: Annotated[Pattern, AfterValidator(_sound_in_small_letters)] = Field(
        min_length=1, description="names as 'documents list' shows them: hr/**, **/*.draft.docx"
    )
    groups: tuple[Name, ...] | None = Field(
        None, min_length=1, description="who may read them; left out: this rule does not say"
    )
    tags: tuple[Name, ...] | None = Field(None, description="words of your own; left out: this rule does not say")
    valid_from: date | None = Field(None, description="a date; left out: this rule does not say")


class IngestSettings(Section):
    """How files become chunks."""

    max_file_mb: int = Field(100, ge=1, description="files larger than this are skipped, in MB")
    chunk_word_pieces: int = Field(
        254,
        ge=32,
        description="longest chunk with its heading path, in word pieces of the embedder; an index that is there keeps "
        "its own until `touchstone index rebuild`",
    )
    batch_documents: int = Field(32, ge=1, description="documents embedded together")
    file_seconds: int = Field(60, ge=1, description="longest that reading one file may take, in seconds")
    file_memory_mb: int = Field(1024, ge=256, description="most memory that reading one file may take, in MB")
    include: tuple[Pattern, ...] = Field(
        (), description="patterns of the files that are meant; none: all (docs/ingestion.md)"
    )
    exclude: tuple[Pattern, ...] = Field(
        (), description="patterns of files and folders that are left out of every source"
    )
    allowed_hosts: tuple[str, ...] = Field(
        (),
        description="hosts that https sources may be read from: `docs.example.com`, `*.example.com`, or `*` for every "
        "public one; none: such sources are off",
    )
    workers: int = Field(
        0, ge=0, description="most processes that read files while others are embedded; 0: as many as there are cores"
    )
    hidden: bool = Field(
        False,
        description="read what authors hid too: sheets, rows, columns, slides, words; holds for files read from now on",
    )
    rules: tuple[Rule, ...] = Field((), description="groups, tags and dates by the names of documents: see below")


class JobsSettings(Section):
    """Where the service keeps track of its ingestion jobs."""

    database_url: str = Field(
        "",
        pattern=r"^(postgresql(\+psycopg)?://.+)?$",
        description="postgresql://USER:PASSWORD@HOST/NAME for the job engine; empty: SQLite in the data folder",
    )


class ScheduledSource(Section):
    """A source that the service ingests again and again."""

    source: str = Field(min_length=1, description="a path on the machine of the service, or a URL")
    every_minutes: int = Field(ge=1, description="minutes from one ingestion to the next")
    collection: str = Field("default", min_length=1, description="where to put the documents")
    include: tuple[Pattern, ...] = Field((), description="look only at files that match one of these patterns")
    exclude: tuple[Pattern, ...] = Field((), description="do not look at files that match one of these patterns")


class SearchSettings(Section):
    """How hits are found and merged."""

    limit: int = Field(10, ge=1, le=100, description="hits returned when a request says nothing")
    candidates: int = Field(100, ge=1, description="hits taken from each index before they are merged")
    exact_chunks: int = Field(
        1000, ge=0, description="where a caller may read no more chunks than this, each is compared with the question"
    )
    fusion: Literal["min_max", "rrf"] = Field(
        "min_max", description="how both rankings are merged: by their scores, or by ranks alone (docs/retrieval.md)"
    )
    dense_weight: float = Field(
        0.5, ge=0, le=1, description="weight of the vector index in the merged score; 1 or 0: one index alone"
    )
    document_weight: float = Field(
        0.75, ge=0, description="weight of what a chunk's document as a whole says, beside that of the chunk, 1"
    )
    feedback: float = Field(
        0.25,
        ge=0,
        lt=1,
        description="how far the question's vector moves towards the best hits before the last ranking",
    )


class IndexSettings(Section):
    """What is stored for searching."""

    purge_hours: float = Field(
        24.0, ge=0, description="hours after which a running service purges what was deleted; 0: never"
    )


class AnsweringSettings(Section):
    """How passages become an answer."""

    passages: int = Field(8, ge=1, description="most passages shown to the model")
    min_similarity: float = Field(
        0.25, ge=-1, le=1, description="no passage this close to the question: refused before a model is called"
    )


class EvaluationSettings(Section):
    """What an answer is worth, and how carefully to measure."""

    currency: Literal["USD"] = Field("USD", description="currency of every amount")
    value_correct: Decimal = Field(Decimal("1.00"), ge=0, description="USD that a correct answer is worth")
    cost_wrong: Decimal = Field(Decimal("2.00"), ge=0, description="USD that a wrong answer costs")
    cost_abstained: Decimal = Field(
        Decimal("0.20"), ge=0, description="USD of handing an unanswered question to a person"
    )
    queries_per_month: int = Field(1000, ge=1, description="questions expected each month")
    horizon_months: int = Field(12, ge=1, description="months over which one-off costs are spread")
    one_off_usd: dict[str, Decimal] = Field(default_factory=dict, description="one-off USD by rung")
    monthly_usd: dict[str, Decimal] = Field(default_factory=dict, description="USD a month by rung")
    budget_usd: Decimal = Field(Decimal("5.00"), ge=0, description="most that a run may spend")
    split: str = Field("", description="the split of the questions that is asked; missing: all of them")
    judge: str = Field("", description="the model that judges answers beside the rules, by its name in the settings")
    judge_budget_usd: Decimal = Field(Decimal("1.00"), ge=0, description="most that judging a run may spend")
    replicates: int = Field(1, ge=1, description="times that each question is put to each rung")
    best_model: str = Field("", description="the model of the rung closed_book_best, by its name in the settings")
    litmus_questions: int = Field(50, ge=10, description="questions of `touchstone evaluate litmus`")
    quality_bar: float = Field(
        0.5, ge=0, le=1, description="share of correct answers below which even perfect retrieval would be of no use"
    )
    margin: float = Field(
        0.05, ge=0, lt=1, description="difference in the share of correct answers that is too small to matter"
    )
    seed: int = Field(7, description="seed of every random draw")
    resamples: int = Field(2000, ge=100, description="bootstrap resamples")
    report_text: bool = Field(True, description="whether reports hold questions, answers and quotes")
    smallest_gain: float = Field(
        0.1, ge=0, description="gain a question that is worth a change, as a share of the value of a correct answer"
    )
    looks: int = Field(
        2, ge=1, description="how often a verdict may be looked at as questions are added, the first time included"
    )
    most_wrong_rise: float | None = Field(
        None, gt=0, le=1, description="how far a rung may raise the share of wrong answers; missing: their cost decides"
    )
    most_usd_per_month: Decimal | None = Field(
        None, ge=0, description="USD a month that a rung may cost in all; missing: no limit"
    )
