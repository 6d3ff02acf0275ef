"""Bearer tokens of an OpenID Connect issuer. The only file that imports jwt (PyJWT).

Taken: tokens that are signed with one of the issuer's own asymmetric keys by an algorithm that the settings name, for
this service (`aud`), by this issuer (`iss`), and in force (`exp`, and `nbf` and `iat` where they are given).
"""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Mapping
from typing import Any

import httpx
import jwt

from core.access import Principal, Scope
from core.errors import Unauthorized, Unavailable
from core.settings.service import OidcSettings

LEEWAY_SECONDS = 60
LIFETIME_SECONDS = 3600.0
"""After it the issuer's keys are fetched again, and those it no longer names are no longer taken."""
PAUSE_SECONDS = 30.0
"""Between two fetches, however many tokens name keys that are not known."""
FETCH_SECONDS = 5.0
MAX_BYTES = 1_000_000
"""Bytes of the issuer's answer."""
FAMILIES = {"RS": "RSA", "PS": "RSA", "ES": "EC", "Ed": "OKP"}
TYPES = frozenset({"jwt", "at+jwt", "application/at+jwt"})
UNDERSTOOD = frozenset({"alg", "typ", "kid", "x5t", "x5t#S256", "cty"})
"""Header fields that say nothing, or nothing that is followed: keys come from the issuer alone."""
WRONG = "The token is not one that this service takes, or it is over. Sign in again, or ask whoever runs the service."


class Issuer:
    """Owns the issuer's public keys. Safe to call from several threads."""

    def __init__(self, settings: OidcSettings, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._settings = settings
        self._clock = clock
        self._fetching = threading.Lock()
        self._keys: dict[str, Mapping[str, Any]] = {}
        self._fetched = self._tried = float("-inf")

    def principal(self, token: str) -> Principal:
        """Whoever the token was issued to, with the groups and scopes that it gives.

        Raises:
            Unauthorized: the token is not to be taken.
            Unavailable: the issuer's keys cannot be had.
        """
        try:
            claims = self._claims(token)
            groups = _groups(claims, self._settings.groups_claim)
        except (jwt.PyJWTError, ValueError, TypeError, KeyError, OverflowError, RecursionError) as error:
            raise Unauthorized(WRONG) from error
        scopes: set[Scope] = set()
        for group in {"*", *groups}:
            scopes.update(self._settings.scopes.get(group, ()))
        return Principal(f"{claims['iss']} {claims['sub']}", frozenset(scopes), groups)

    def _claims(self, token: str) -> dict[str, Any]:
        header = jwt.get_unverified_header(token)
        algorithm = header.get("alg")
        if algorithm not in self._settings.algorithms or header.keys() - UNDERSTOOD:
            raise ValueError("an algorithm or a header that is not taken")
        if str(header.get("typ", "JWT")).lower() not in TYPES:
            raise ValueError("a token of another kind")
        key = self._key(header.get("kid"), algorithm)
        claims: dict[str, Any] = jwt.decode(
            token,
            key=jwt.PyJWK(dict(key), algorithm),
            algorithms=[algorithm],
            audience=self._settings.audience,
            issuer=self._settings.issuer,
            leeway=LEEWAY_SECONDS,
            options={"require": ["exp", "iss", "aud", "sub"], "enforce_minimum_key_length": True},
        )
        for name in ("exp", "nbf", "iat"):
            if name in claims and type(claims[name]) not in (int, float):
                raise ValueError(f"{name} is not a number")
        if not isinstance(claims["sub"], str) or not claims["sub"]:
            raise ValueError("sub is not a name")
        return claims

    def _key(self, kid: object, algorithm: str) -> Mapping[str, Any]:
        """The issuer's key of this id, for this algorithm; its only one that fits when the token names none."""
        if kid is not None and not isinstance(kid, str):
            raise ValueError("kid is not a name")
        for _ in range(2):
            if self._in_force():
                fitting = [key for name, key in self._keys.items() if kid in (None, name) and _fits(key, algorithm)]
                if len(fitting) == 1:
                    return fitting[0]
            self._refresh()
        raise ValueError("no such key")

    def _in_force(self) -> bool:
        """Whether keys are at hand that are not too old to be taken."""
        return self._clock() - self._fetched < LIFETIME_SECONDS

    def _refresh(self) -> None:
        """Fetch the keys, unless that was just tried; those at hand stay when it fails, for as long as they live."""
        with self._fetching:
            if self._clock() - self._tried < PAUSE_SECONDS:
                if self._fetched < self._tried and not self._in_force():
                    raise Unavailable("The issuer of tokens does not tell its keys. Try again in half a minute.")
                return
            self._tried = self._clock()
            try:
                found = self._fetch()
            except (httpx.HTTPError, ValueError, TypeError, KeyError, RecursionError) as error:
                if not self._in_force():
                    raise Unavailable(
                        f"The issuer of tokens does not tell its keys ({type(error).__name__}). Try again in a minute."
                    ) from error
                return
            self._keys, self._fetched = found, self._tried

    def _fetch(self) -> dict[str, Mapping[str, Any]]:
        url = self._settings.jwks_url
        with httpx.Client(timeout=FETCH_SECONDS, trust_env=False, follow_redirects=False) as client:
            if not url:
                discovery = f"{self._settings.issuer.rstrip('/')}/.well-known/openid-configuration"
                described = _json(client, discovery)
                if described["issuer"] != self._settings.issuer:
                    raise ValueError("the discovery document is another issuer's")
                url = str(described["jwks_uri"])
            keys = _json(client, url)["keys"]
        return {
            str(key.get("kid", number)): key for number, key in enumerate(keys) if key.get("kty") in FAMILIES.values()
        }


def _json(client: httpx.Client, url: str) -> Any:  # noqa: ANN401 -- JSON, checked where it is used
    """What is at a URL. Raises HTTPError and ValueError."""
    with client.stream("GET", url) as response:
        response.raise_for_status()
        if response.status_code != 200:
            raise ValueError("the issuer answers with something else")
        content = b""
        for block in response.iter_bytes():
            content += block
            if len(content) > MAX_BYTES:
                raise ValueError("the issuer's answer is too large")
    return json.loads(content)


def _fits(key: Mapping[str, Any], algorithm: str) -> bool:
    """Whether a key is there for verifying signatures of this algorithm."""
    operations = key.get("key_ops")
    return (
        key.get("kty") == FAMILIES[algorithm[:2]]
        and key.get("alg", algorithm) == algorithm
        and key.get("use", "sig") == "sig"
        and (operations is None or "verify" in operations)
    )


def _groups(claims: Mapping[str, Any], name: str) -> frozenset[str]:
    """The groups that the claim lists: a list of names, or one; none when it is not there. Raises ValueError."""
    found: Any = claims.get(name)
    if found is None:
        found = claims
        for part in name.split("."):
            found = found.get(part) if isinstance(found, Mapping) else None
    if found is None:
        return frozenset()
    listed = [found] if isinstance(found, str) else found
    if not isinstance(listed, list) or not all(isinstance(group, str) for group in listed):
        raise ValueError("the groups are not a list of names")
    return frozenset(group for group in listed if group)
