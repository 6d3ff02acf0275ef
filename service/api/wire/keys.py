"""Keys to the service, over the wire and as `--json` prints them. The key itself is in one reply, the first."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Self

from pydantic import AwareDatetime, Field, field_validator

from core.access import Scope
from core.settings.sections import Name
from service.api.wire.message import MAX_LIMIT, Reply, Request

if TYPE_CHECKING:
    from indexes.catalogue.rows import KeyRow


class KeyIn(Request):
    """A key to be made."""

    name: str = Field(
        pattern=r"^[A-Za-z0-9][A-Za-z0-9._@-]{0,62}$",
        description="what it is for; keys of one name are one caller",
        examples=["wiki"],
    )
    scopes: tuple[Scope, ...] = Field(("query",), min_length=1, description="what it may do; admin: everything")
    groups: tuple[Name, ...] = Field(
        (), max_length=MAX_LIMIT, description="groups it is in; none: it reads what is open to all"
    )
    expires: AwareDatetime | None = Field(None, description="when it ends; null: when it is revoked")

    @field_validator("expires")
    @classmethod
    def _is_to_come(cls, value: datetime | None) -> datetime | None:
        if value is not None and value <= datetime.now(UTC):
            raise ValueError("is not in the future")
        return value

    def row(self) -> KeyRow:
        """The same as the catalogue takes it."""
        from indexes.catalogue.rows import KeyRow

        return KeyRow(
            id="",
            name=self.name,
            digest="",
            scopes=tuple(dict.fromkeys(self.scopes)),
            groups=tuple(sorted(set(self.groups))),
            created="",
            expires=self.expires.astimezone(UTC).isoformat(timespec="seconds") if self.expires else None,
        )


class KeyOut(Reply):
    """What is known of a key. Times are UTC in ISO 8601."""

    id: str = Field(description="the part of the key that is no secret")
    name: str
    scopes: tuple[Scope, ...]
    groups: tuple[str, ...]
    created: str
    expires: str | None
    revoked: str | None
    last_used: str | None = Field(description="a day")

    @classmethod
    def of(cls, row: KeyRow) -> Self:
        """The catalogue's row as it goes over the wire."""
        return cls(
            id=row.id,
            name=row.name,
            scopes=tuple(row.scopes),
            groups=tuple(row.groups),
            created=row.created,
            expires=row.expires,
            revoked=row.revoked,
            last_used=row.last_used,
        )


class NewKeyOut(Reply):
    """A key that was just made. `key` is told this once."""

    key: str = Field(repr=False, description="what callers send; it is stored nowhere")
    about: KeyOut


class KeysOut(Reply):
    """Keys, the oldest first."""

    keys: tuple[KeyOut, ...]
