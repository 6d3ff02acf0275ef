"""The settings of a service: where it listens, who gets in, and how much is done at once."""

from __future__ import annotations

import json
import re
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, BeforeValidator, Field, model_validator
from pydantic_settings import NoDecode

from core.access import Scope
from core.settings.sections import Section

ADDRESS = re.compile(r"(\[[0-9a-f:.]+\]|[a-z0-9_-][a-z0-9._-]*)(?::(\d{1,5}))?")
"""A name or an IP address, in brackets if it is of version 6, and a port if one is given."""
USUAL_PORTS = {"http": 80, "https": 443}
"""What is meant by an address without a port."""
ROOT_PATH = re.compile(r"(?!/(?:v1(?:/|$)|(?:docs|mcp|healthz|readyz|metrics)$))(?:/[A-Za-z0-9_~-][A-Za-z0-9._~-]*)*")
"""A path to serve below; not one of the service's own, since nobody could tell whether it was taken off."""


def _listed(value: object) -> object:
    """What an environment variable lists: as JSON, or with commas."""
    if not isinstance(value, str):
        return value
    if value.lstrip().startswith("["):
        return json.loads(value)
    return [part for part in map(str.strip, value.split(",")) if part]


def _as_named(text: str) -> str:
    name = text.strip().lower()
    if ADDRESS.fullmatch(name) is None:
        raise ValueError(f"{text!r} is not a name like rag.example.com or rag.example.com:8443")
    return name


def _as_sent(text: str) -> str:
    """An origin as browsers send it."""
    origin = text.strip().lower().rstrip("/")
    scheme, _, host = origin.partition("://")
    if not re.fullmatch(r"[a-z][a-z0-9+.-]*", scheme) or ADDRESS.fullmatch(host) is None:
        raise ValueError(f"{text!r} is not an origin like https://intranet.example.com; each one is listed")
    return origin.removesuffix(f":{USUAL_PORTS[scheme]}") if scheme in USUAL_PORTS else origin


def _as_root(text: str) -> str:
    root = text.strip().rstrip("/")
    if ROOT_PATH.fullmatch(root) is None:
        raise ValueError(f"{text!r} is not a path to serve below like /rag, or it is one of the service's own")
    return root


class ServerSettings(Section):
    """The API."""

    host: str = Field("127.0.0.1", description="address to listen on")
    port: int = Field(8000, ge=0, le=65535, description="port to listen on; 0: any free one")
    allow_anonymous: bool = Field(
        False,
        description="as long as there is no key: answer on an address other than this machine's own, to everybody",
    )
    names: Annotated[tuple[Annotated[str, AfterValidator(_as_named)], ...], NoDecode, BeforeValidator(_listed)] = Field(
        (),
        description="names that browsers reach it by, besides localhost and addresses: `rag.example.com`, with a port "
        "where that is not 80 or 443; with a key any name will do",
    )
    origins: Annotated[tuple[Annotated[str, AfterValidator(_as_sent)], ...], NoDecode, BeforeValidator(_listed)] = (
        Field(
            (),
            description="origins of other web pages that may call it from a browser: `https://intranet.example.com`",
        )
    )
    root_path: Annotated[str, AfterValidator(_as_root)] = Field(
        "", description="the path that a proxy serves it below, whether the proxy takes it off or not: `/rag`"
    )
    sources: Annotated[tuple[str, ...], NoDecode, BeforeValidator(_listed)] = Field(
        (),
        description="folders and URL prefixes (s3://bucket/folder) that keys without the scope admin may ingest from; "
        "none: they may upload files",
    )
    max_question_chars: int = Field(4000, ge=1, description="longest question")
    max_upload_mb: int = Field(100, ge=1, description="largest upload, in MB")
    deadline_s: float = Field(
        60.0,
        gt=0,
        description="longest that one question may take, in seconds; a model gets what is left of it",
    )
    metrics_open: bool = Field(False, description="show /metrics to callers without the scope admin")
    max_body_kb: int = Field(1000, ge=1, description="largest body that is no upload, in kB")
    bodies_mb: int = Field(
        64, ge=1, description="most that is held of all bodies together, in MB; of those of one caller at most half"
    )
    body_seconds: float = Field(
        30.0,
        gt=0,
        description="longest that a body may take to arrive; of an upload, longest without upload_kb a second",
    )
    upload_kb: float = Field(16.0, gt=0, description="least of an upload that must come each second, in kB")
    connections: int = Field(
        2000, ge=16, description="most connections at once; of more, the one that its client left silent longest ends"
    )
    rate_per_minute: int | None = Field(
        None, ge=1, description="requests a minute of one key, or of one address where none is asked for; none: any"
    )
    searches: int = Field(0, ge=0, description="searches worked on at once; 0: as many as there are cores")
    answers: int = Field(32, ge=1, description="questions under way at once, most of which wait for a model")
    waiting: int = Field(16, ge=0, description="requests of a kind that may wait for their turn; more are refused")
    wait_seconds: float = Field(2.0, gt=0, description="longest wait for a turn")
    stop_seconds: float = Field(30.0, gt=0, description="longest that requests under way are waited for on stopping")
    drain_seconds: float = Field(
        0.0,
        ge=0,
        description="how long, once told to stop, it says at /readyz that it is not ready and still takes requests",
    )
    threads: int = Field(16, ge=1, description="requests worked on at once that are neither searches nor questions")


def _everybody_asks() -> dict[str, tuple[Scope, ...]]:
    return {"*": ("query",)}


class OidcSettings(Section):
    """Bearer tokens of an OpenID Connect issuer, beside keys."""

    issuer: str = Field(
        "", pattern=r"^(https?://.+)?$", description="the tokens' `iss`, a URL; empty: no tokens, keys alone"
    )
    audience: str = Field("", description="the tokens' `aud` that means this service; needed with an issuer")
    jwks_url: str = Field(
        "",
        pattern=r"^(https?://.+)?$",
        description="where the issuer's keys are; empty: as its discovery document says",
    )
    algorithms: tuple[
        Literal["RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA"], ...
    ] = Field(("RS256", "ES256"), min_length=1, description="signatures that are taken, and no other")
    groups_claim: str = Field(
        "groups", min_length=1, description="the claim that lists a caller's groups; dots lead into it: `a.roles`"
    )
    scopes: dict[str, tuple[Scope, ...]] = Field(
        default_factory=_everybody_asks,
        description="what the members of each group may do; `*`: everybody with a token",
    )

    @model_validator(mode="after")
    def _is_whole(self) -> Self:
        if self.issuer and not self.audience:
            raise ValueError(
                "oidc.audience is needed with oidc.issuer: a token for another service is not for this one"
            )
        return self
