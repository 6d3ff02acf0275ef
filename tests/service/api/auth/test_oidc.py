"""Tokens of an issuer: the good ones give groups and scopes, and everything else is refused."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Callable, Iterator
from contextlib import nullcontext

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from fastapi.testclient import TestClient

from core.errors import SettingsError, Unauthorized, Unavailable
from core.settings.load import load
from core.settings.service import OidcSettings
from service.api.app import create_app
from service.api.auth.oidc import LIFETIME_SECONDS, PAUSE_SECONDS, Issuer
from service.api.state import Service
from tests.service.api.auth.issuer import AUDIENCE, In, TestIssuer, b64, running

SCOPES = {"*": ("query",), "loaders": ("ingest",), "admins": ("admin",)}


@pytest.fixture(scope="module")
def issuer() -> Iterator[TestIssuer]:
    with running() as issuer:
        yield issuer


@pytest.fixture
def oidc(issuer: TestIssuer) -> OidcSettings:
    return OidcSettings(issuer=issuer.url, audience=AUDIENCE, scopes=SCOPES)


@pytest.fixture
def client(service: Service, oidc: OidcSettings) -> Iterator[TestClient]:
    settings = service.settings.model_copy(update={"oidc": oidc})
    app = create_app(settings, open_service=lambda: nullcontext(service))
    with TestClient(app, base_url="http://127.0.0.1:8000") as client:
        yield client


def get(client: TestClient, token: str, path: str = "/v1/models") -> int:
    return client.get(path, headers={"Authorization": f"Bearer {token}"}).status_code


@pytest.mark.parametrize(("alg", "kid"), [("RS256", "r1"), ("ES256", "e1")])
def test_a_token_of_the_issuer_opens_what_its_groups_may(
    client: TestClient, issuer: TestIssuer, alg: str, kid: str
) -> None:
    key = issuer.rsa if alg == "RS256" else issuer.ec
    for groups, statuses in (([], [200, 403, 403]), (["loaders"], [200, 200, 403]), (["admins"], [200, 200, 200])):
        token = issuer.token(key=key, alg=alg, header={"kid": kid}, groups=groups)
        assert [get(client, token, f"/v1/{path}") for path in ("models", "ingestions", "keys")] == statuses
    assert client.get("/v1/models").status_code == 401


@pytest.mark.parametrize(
    "changed",
    [
        {"aud": ["other", AUDIENCE]},
        {"exp": In(-30)},
        {"nbf": In(30)},
        {"nbf": None, "iat": None},
        {"groups": "staff"},
        {"exp": In(300.5)},
    ],
    ids=str,
)
def test_what_a_good_token_may_look_like(client: TestClient, issuer: TestIssuer, changed: dict[str, object]) -> None:
    assert get(client, issuer.token(**changed)) == 200  # type: ignore[arg-type]


CLAIMS: dict[str, dict[str, object]] = {
    "expired": {"exp": In(-61)},
    "long expired": {"exp": 1},
    "no expiry": {"exp": None},
    "an expiry in words": {"exp": "9999999999"},
    "an expiry that is true": {"exp": True},
    "an endless expiry": {"exp": float("inf")},
    "an expiry that is no number": {"exp": float("nan")},
    "a negative expiry": {"exp": -1},
    "an expiry in a list": {"exp": [1]},
    "not yet": {"nbf": In(3600)},
    "a start in words": {"nbf": "soon"},
    "issued in the future": {"iat": In(3600)},
    "issued in a list": {"iat": []},
    "no issuer": {"iss": None},
    "another issuer": {"iss": "https://evil.example"},
    "the issuer with a slash": {"iss": "SLASH"},
    "two issuers": {"iss": ["LIST"]},
    "no audience": {"aud": None},
    "another audience": {"aud": "other"},
    "an audience that begins so": {"aud": AUDIENCE + "-admin"},
    "the audience in capitals": {"aud": AUDIENCE.upper()},
    "an empty audience": {"aud": []},
    "an audience that is an object": {"aud": {AUDIENCE: True}},
    "no subject": {"sub": None},
    "an empty subject": {"sub": ""},
    "a subject that is a number": {"sub": 7},
    "groups that are an object": {"groups": {"admins": True}},
    "groups that are not names": {"groups": [["admins"]]},
}


@pytest.mark.parametrize("changed", CLAIMS.values(), ids=CLAIMS)
def test_a_signed_token_with_wrong_claims_is_refused(
    client: TestClient, issuer: TestIssuer, changed: dict[str, object]
) -> None:
    if "iss" in changed:
        changed = {"iss": {"SLASH": f"{issuer.url}/"}.get(str(changed["iss"]), changed["iss"])}
    assert get(client, issuer.token(**changed)) == 401  # type: ignore[arg-type]


def confused(issuer: TestIssuer, algorithm: str = "HS256") -> str:
    """Signed with the issuer's public key as if it were a shared secret."""
    pem = issuer.rsa.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    signed = issuer.raw({"alg": algorithm, "kid": "r1"}).rpartition(".")[0]
    return f"{signed}.{b64(hmac.new(pem, signed.encode(), hashlib.sha256).digest())}"


def tampered(issuer: TestIssuer) -> str:
    header, _, signature = issuer.token().split(".")
    return f"{header}.{b64(issuer.claims(groups=['admins']))}.{signature}"


FORGED: dict[str, Callable[[TestIssuer], str]] = {
    "unsigned": lambda i: i.raw({"alg": "none"}),
    "unsigned, in capitals": lambda i: i.raw({"alg": "NONE", "kid": "r1"}),
    "no algorithm": lambda i: i.raw({"kid": "r1"}),
    "an algorithm that is a list": lambda i: i.raw({"alg": ["RS256"], "kid": "r1"}),
    "the public key as a secret": confused,
    "the public key as a secret, said to be RS256": lambda i: confused(i, "RS256"),
    "an empty secret": lambda i: i.token(key="x" * 32, alg="HS256"),
    "an algorithm that is not named in the settings": lambda i: i.token(alg="RS512"),
    "a stranger's key": lambda i: i.token(key=i.stranger),
    "a stranger's key under another name": lambda i: i.token(key=i.stranger, header={"kid": "nobody"}),
    "a stranger's key that comes along": lambda i: i.token(
        key=i.stranger, header={"jwk": i.public(i.stranger, "r1"), "kid": "r1"}
    ),
    "a stranger's key by URL": lambda i: i.token(key=i.stranger, header={"jku": "http://127.0.0.1:9/keys"}),
    "a stranger's certificate by URL": lambda i: i.token(key=i.stranger, header={"x5u": "http://127.0.0.1:9/c"}),
    "a critical extension": lambda i: i.token(header={"crit": ["exp"]}),
    "a detached payload": lambda i: i.raw({"alg": "RS256", "kid": "r1", "b64": False, "crit": ["b64"]}),
    "a curve's key for RSA": lambda i: i.token(header={"kid": "e1"}),
    "an RSA key for a curve": lambda i: i.token(key=i.ec, alg="ES256", header={"kid": "r1"}),
    "a kid with a path": lambda i: i.token(header={"kid": "../../dev/null"}),
    "a kid with SQL": lambda i: i.token(header={"kid": "r1' or '1'='1"}),
    "a log-out token": lambda i: i.token(header={"typ": "logout+jwt"}),
    "an encrypted token": lambda i: i.raw({"alg": "RSA-OAEP", "enc": "A256GCM", "kid": "r1"}) + ".a.b",
    "other claims under a good signature": tampered,
    "a signature cut short": lambda i: i.token()[:-10],
    "no signature": lambda i: i.token().rpartition(".")[0] + ".",
    "two parts": lambda i: i.token().rpartition(".")[0],
    "four parts": lambda i: i.token() + ".AAAA",
    "a signature of zeros": lambda i: i.raw({"alg": "ES256", "kid": "e1"}, b"\0" * 64),
    "claims that are a list": lambda i: f"{b64({'alg': 'RS256', 'kid': 'r1'})}.{b64([1])}.AAAA",
    "a header that is a list": lambda i: f"{b64([1])}.{b64(i.claims())}.AAAA",
    "a header too deep": lambda i: f"{b64(b'[' * 3000)}.e30.AAAA",
    "not even base64": lambda i: "!!.??.**",
    "only dots": lambda i: "..",
}


@pytest.mark.parametrize("forge", FORGED.values(), ids=FORGED)
def test_a_forged_token_is_refused(client: TestClient, issuer: TestIssuer, forge: Callable[[TestIssuer], str]) -> None:
    assert get(client, forge(issuer)) == 401


def test_a_token_is_no_key_and_keys_are_good_beside_tokens(client: TestClient, issuer: TestIssuer) -> None:
    assert client.get("/v1/models", headers={"X-API-Key": issuer.token()}).status_code == 401


def test_a_new_key_of_the_issuer_is_fetched_once_however_many_ask_and_an_old_one_ends(oidc: OidcSettings) -> None:
    with running() as issuer:
        now = 0.0
        known = Issuer(oidc.model_copy(update={"issuer": issuer.url}), clock=lambda: now)
        assert known.principal(issuer.token()).name.endswith(" ada")
        fresh = rsa.generate_private_key(65537, 2048)
        issuer.published = [issuer.public(fresh, "r2")]
        for _ in range(5):
            with pytest.raises(Unauthorized):
                known.principal(issuer.token(key=fresh, header={"kid": "r2"}))
        assert issuer.asked == 1
        now += PAUSE_SECONDS + 1
        assert known.principal(issuer.token(key=fresh, header={"kid": "r2"}))
        assert issuer.asked == 2
        with pytest.raises(Unauthorized):
            known.principal(issuer.token())


def test_an_issuer_that_is_down_does_not_lock_out_those_whose_key_is_known(oidc: OidcSettings) -> None:
    with running() as issuer:
        settings = oidc.model_copy(update={"issuer": issuer.url})
        now = 0.0
        known = Issuer(settings, clock=lambda: now)
        known.principal(issuer.token())
        issuer.down = True
        now += PAUSE_SECONDS + 1
        assert known.principal(issuer.token())
        with pytest.raises(Unavailable):
            Issuer(settings).principal(issuer.token())
        now += LIFETIME_SECONDS
        for _ in range(2):
            with pytest.raises(Unavailable):
                known.principal(issuer.token())


def test_keys_for_another_use_and_short_ones_are_not_taken(oidc: OidcSettings) -> None:
    with running() as issuer:
        small = rsa.generate_private_key(65537, 1024)
        curve = ec.generate_private_key(ec.SECP256R1())
        issuer.published = [
            issuer.public(issuer.rsa, "r1", use="enc"),
            issuer.public(curve, "e1", alg="ES384"),
            issuer.public(small, "s1"),
            {"kty": "oct", "kid": "o1", "k": b64(b"x" * 32)},
        ]
        known = Issuer(oidc.model_copy(update={"issuer": issuer.url}))
        with pytest.warns(match="below"):
            short = issuer.token(key=small, header={"kid": "s1"})
        for token in (issuer.token(), issuer.token(key=curve, alg="ES256", header={"kid": "e1"}), short):
            with pytest.raises(Unauthorized):
                known.principal(token)


def test_an_issuer_needs_an_audience_and_signatures_that_cannot_be_shared(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(SettingsError, match="audience"):
        load(oidc={"issuer": "https://id.example"})
    with pytest.raises(SettingsError):
        load(oidc={"issuer": "https://id.example", "audience": "a", "algorithms": ["HS256"]})
