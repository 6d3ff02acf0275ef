"""The error tree. A message says what was tried, on what, and what to do next.

    TouchstoneError
    ├─ UsageError              the caller can mend it
    │  ├─ SettingsError        a setting is unknown or wrong
    │  ├─ SourceError          the folder to ingest is missing or cannot be read
    │  ├─ DatasetError         a question file is wrong; says the line
    │  ├─ UnknownModel         no such model in the settings
    │  ├─ UnknownCollection
    │  ├─ CollectionExists     the name is taken
    │  ├─ UnknownDocument
    │  ├─ NoPageImage          there is no picture of that page
    │  ├─ UnknownJob
    │  ├─ JobConflict          a job's state, or another job, stands in the way
    │  ├─ KeyReused            an idempotency key came with another request
    │  ├─ UnknownKey           no such key to the service
    │  ├─ Unauthorized         a key is needed, or the one that came is not good
    │  ├─ Forbidden            the caller may not do this
    │  ├─ TooManyRequests      the caller asked more often than it may
    │  └─ MissingPrice         money was asked for and the model has no price
    ├─ BudgetReached           the next call could pass the spend cap
    ├─ Unavailable             something outside is down; trying again can help
    │  ├─ ModelUnavailable
    │  │  ├─ ModelBusy        it takes no more questions now
    │  │  └─ ModelTimeout     it was too slow
    │  ├─ DeadlineReached     the time for the whole request is over
    │  ├─ Cancelled           nobody waits for the answer any longer
    │  ├─ EmbedderUnavailable
    │  ├─ Overloaded           more is being asked than can be worked on
    │  ├─ DatabaseBusy         others kept the database for too long
    │  └─ DataFolderOwned      another process owns the data folder
    ├─ IndexBroken             the stored index cannot be used as it is
    │  ├─ InsufficientStorage  the disk is full: nothing is lost, and trying again helps once there is room
    │  └─ NotWritable          the file system is read-only, or something else is where a file or folder should be
    └─ ParseError              one file could not be read: a value in reports, never a crash

HTTP status codes are in service/api/errors.py, exit codes in cli/main.py.
"""

from __future__ import annotations

from typing import ClassVar


class TouchstoneError(Exception):
    """Base of every error that Touchstone raises on purpose."""

    code: ClassVar[str] = "error"


class UsageError(TouchstoneError):
    """The request cannot be done as it was made."""

    code = "bad_request"


class SettingsError(UsageError):
    """A setting is unknown, missing or of the wrong form."""

    code = "bad_settings"


class SourceError(UsageError):
    """The source to ingest does not exist or cannot be listed."""

    code = "bad_source"


class DatasetError(UsageError):
    """A question file cannot be used; the message names file and line."""

    code = "bad_dataset"


class UnknownModel(UsageError):
    """The settings name no such model."""

    code = "unknown_model"


class UnknownCollection(UsageError):
    """The catalogue has no such collection."""

    code = "unknown_collection"


class CollectionExists(UsageError):
    """There is a collection of that name already."""

    code = "collection_exists"


class UnknownDocument(UsageError):
    """The collection has no such document, or the caller may not read it."""

    code = "unknown_document"


class NoPageImage(UsageError):
    """The document has no such page, or none that can be shown."""

    code = "no_page_image"


class UnknownJob(UsageError):
    """There is no such ingestion job or evaluation."""

    code = "unknown_job"


class JobConflict(UsageError):
    """What was asked of a job does not fit its state, or another job is at work on the same source."""

    code = "job_conflict"


class KeyReused(UsageError):
    """The idempotency key was used for a different request."""

    code = "idempotency_key_reused"


class TooManyRequests(UsageError):
    """The caller asked more often than it may. `retry_after`: seconds until it may again."""

    code = "rate_limited"

    def __init__(self, sentence: str, retry_after: int = 1) -> None:
        super().__init__(sentence)
        self.retry_after = retry_after


class UnknownKey(UsageError):
    """No key to the service has this id or name."""

    code = "unknown_key"


class Unauthorized(UsageError):
    """The service needs a key, and none came, or one that is wrong, expired or revoked."""

    code = "unauthorized"


class Forbidden(UsageError):
    """The caller is known and may not do this."""

    code = "forbidden"


class MissingPrice(UsageError):
    """A cost was asked for and the settings give the model no price."""

    code = "missing_price"


class BudgetReached(TouchstoneError):
    """The next call could cost more than the cap leaves."""

    code = "budget_reached"


class Unavailable(TouchstoneError):
    """Something this process needs is not there right now."""

    code = "unavailable"


class ModelUnavailable(Unavailable):
    """The model's server did not answer, or not with an answer."""

    code = "model_unavailable"


class ModelBusy(ModelUnavailable):
    """The model's server takes no more questions now. `retry_after`: seconds after which to try again."""

    code = "model_busy"

    def __init__(self, sentence: str, retry_after: int = 1) -> None:
        super().__init__(sentence)
        self.retry_after = retry_after


class ModelTimeout(ModelUnavailable):
    """The model did not finish in time."""

    code = "model_timeout"


class DeadlineReached(Unavailable):
    """The time that a request may take is over."""

    code = "deadline_reached"


class Cancelled(Unavailable):
    """Nobody waits for the answer any longer; what was being done for it is left."""

    code = "cancelled"


class EmbedderUnavailable(Unavailable):
    """The embedding model's server did not answer, or not with vectors."""

    code = "embedder_unavailable"


class Overloaded(Unavailable):
    """More is being asked than can be worked on. `retry_after`: seconds after which to try again."""

    code = "overloaded"
    retry_after: ClassVar[int] = 1


class DatabaseBusy(Unavailable):
    """Others kept a database locked for too long. `retry_after`: seconds after which to try again."""

    code = "busy"
    retry_after: ClassVar[int] = 5


class DataFolderOwned(Unavailable):
    """Another process owns the data folder."""

    code = "data_folder_owned"


class IndexBroken(TouchstoneError):
    """The stored index cannot be used as it is; the message names the remedy."""

    code = "index_broken"


class InsufficientStorage(IndexBroken):
    """The disk is full, or the quota on it is used up."""

    code = "insufficient_storage"


class NotWritable(IndexBroken):
    """Nothing can be written there: a read-only file system, or a file in the place of a folder."""

    code = "not_writable"


class ParseError(TouchstoneError):
    """One file could not be turned into text. `reason` is one of `PARSE_CODES`."""

    code = "not_parsed"

    def __init__(self, reason: str, sentence: str) -> None:
        super().__init__(sentence)
        self.reason = reason


PARSE_CODES = (
    "encrypted",
    "corrupt",
    "empty",
    "no_text",
    "unsupported",
    "too_large",
    "unreadable",
    "not_allowed",
    "bad_name",
    "bad_metadata",
    "timed_out",
    "out_of_memory",
    "crashed",
)
"""The stable codes a file that was not indexed carries in reports."""
