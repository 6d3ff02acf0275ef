"""What other web pages may not do, and those of listed origins may, sent as browsers send it over real sockets."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator
from contextlib import nullcontext
from dataclasses import dataclass, replace
from http.client import HTTPConnection
from typing import Any

import pytest

from core.settings.load import Settings
from core.settings.service import ServerSettings
from indexes.open import open_indexes
from ingest.pipeline import ingest
from service.api.app import create_app
from service.api.state import Service
from service.api.wire.keys import KeyIn
from tests.service.api.serving import serving

FRONT_END = "https://intranet.example.com"
LISTENING = {"host": "0.0.0.0", "allow_anonymous": True}
NAMED = LISTENING | {"names": ("rag.example.com", "rag.example.com:8443"), "origins": (FRONT_END,)}
SEARCH = {"text": "parental leave"}
PREFLIGHT = {"Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "authorization,content-type"}


@dataclass(frozen=True)
class Reply:
    """What came back."""

    status: int
    headers: dict[str, str]
    text: str


@dataclass(frozen=True)
class Reached:
    """A running service, and a key to it where there is one."""

    url: str
    key: str = ""

    @property
    def place(self) -> str:
        return self.url.removeprefix("http://")

    def send(self, method: str, path: str, body: Any = None, *fields: tuple[str, str]) -> Reply:
        """Send these headers and no others but Host, unless that is one of them, and those of a JSON body."""
        connection = HTTPConnection(self.place, timeout=30)
        content = b"" if body is None else json.dumps(body).encode()
        connection.putrequest(method, path, skip_host=any(name == "Host" for name, _ in fields))
        if body is not None:
            given = () if any(name == "Content-Type" for name, _ in fields) else (("Content-Type", "application/json"),)
            fields += (*given, ("Content-Length", str(len(content))))
        for name, value in fields:
            connection.putheader(name, value)
        connection.endheaders(content)
        got = connection.getresponse()
        reply = Reply(got.status, {name.lower(): value for name, value in got.getheaders()}, got.read().decode())
        connection.close()
        return reply

    def search(self, **fields: str) -> Reply:
        return self.send("POST", "/v1/search", SEARCH, *((name.replace("_", "-"), fields[name]) for name in fields))

    def listed(self, **fields: str) -> int:
        return self.send(
            "GET", "/v1/documents", None, *((name.replace("_", "-"), fields[name]) for name in fields)
        ).status


@pytest.fixture(scope="module", params=[{}, LISTENING, NAMED], ids=["on loopback", "published", "named"])
def everybody(request: pytest.FixtureRequest, service: Service) -> Iterator[Reached]:
    """A service without keys."""
    with serving(service, with_server(service.settings, **request.param)) as url:
        yield Reached(url)


@pytest.fixture(scope="module")
def named(service: Service) -> Iterator[Reached]:
    """A service without keys that knows a public name and a front end."""
    with serving(service, with_server(service.settings, **NAMED)) as url:
        yield Reached(url)


@pytest.fixture(scope="module")
def keyed(service: Service, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Reached]:
    """A service on the loopback address that asks for a key, and lists a front end."""
    own = with_server(service.settings, origins=(FRONT_END,)).model_copy(
        update={"data": tmp_path_factory.mktemp("keyed")}
    )
    (own.data / "shop.md").write_text("The shop opens at nine.")
    with open_indexes(own) as indexes:
        ingest(indexes, own.data / "shop.md", collection="default", settings=own.ingest)
        _, key = indexes.catalogue.keys.make(KeyIn(name="front-end", scopes=("admin",)).row())
        with serving(replace(service, settings=own, indexes=indexes), own) as url:
            yield Reached(url, f"Bearer {key}")


def with_server(settings: Settings, **server: Any) -> Settings:
    return settings.model_copy(update={"server": ServerSettings(**server)})


STRANGE = [
    "evil.example", "localhost.evil.example", "127.0.0.1.nip.io", "localhost:80@evil.example", "0x7f000001",
    "2130706433", "127.1", "localhost.", "", "127.0.0.1 evil.example", "[::1", "::1", "localhost,evil.example",
]  # fmt: skip


@pytest.mark.parametrize("host", STRANGE)
def test_a_name_that_is_not_its_own_is_refused_wherever_it_listens(everybody: Reached, host: str) -> None:
    reply = everybody.send("GET", "/v1/documents", None, ("Host", host))
    assert (reply.status, json.loads(reply.text)["code"]) == (400, "bad_host")
    assert "server.names" in reply.text
    assert everybody.search(Host=host, Origin=f"http://{host}", Sec_Fetch_Site="same-origin").status == 400


def test_two_names_are_refused(everybody: Reached) -> None:
    assert everybody.send("GET", "/v1/documents", None, ("Host", "localhost"), ("Host", "evil.example")).status == 400


@pytest.mark.parametrize("host", ["localhost:1", "LOCALHOST", "[::1]:8000", "127.0.0.1", "10.0.0.5:8000", "0.0.0.0:80"])
def test_its_own_name_and_any_address_are_answered(everybody: Reached, host: str) -> None:
    assert everybody.listed(Host=host) == 200


def test_a_health_check_of_the_old_protocol_names_no_host(everybody: Reached) -> None:
    host, port = everybody.place.split(":")
    with socket.create_connection((host, int(port)), timeout=30) as line:
        line.sendall(b"GET /healthz HTTP/1.0\r\n\r\n")
        assert line.recv(12) == b"HTTP/1.1 200"


def test_the_machine_s_own_name_is_answered_where_others_can_reach_it(named: Reached) -> None:
    assert named.listed(Host=f"{socket.gethostname()}:8000") == 200


@pytest.mark.parametrize("host", ["rag.example.com", "RAG.example.com:8443", "rag.example.com:9000"])
def test_a_name_in_the_settings_is_answered(named: Reached, host: str) -> None:
    assert named.listed(Host=host) == 200
    assert named.listed(Host=f"x.{host}") == 400


def test_with_a_good_key_the_name_is_not_looked_at(keyed: Reached) -> None:
    public = {"Host": "rag.example.com"}
    assert keyed.listed(**public, Authorization=keyed.key) == 200
    assert keyed.listed(**public, X_API_Key=keyed.key.removeprefix("Bearer ")) == 200
    assert keyed.listed(**public) == 400
    wrong = keyed.send("GET", "/openapi.json", None, ("Host", "evil.example"), ("Authorization", "Bearer ts_no"))
    assert (wrong.status, wrong.headers["www-authenticate"]) == (401, "Bearer")


def test_what_looks_like_a_key_opens_nothing_where_no_key_was_made(everybody: Reached) -> None:
    assert everybody.listed(Host="evil.example", Authorization="Bearer undefined") == 400


ELSEWHERE: list[dict[str, str]] = [
    {"Origin": "http://evil.example"},
    {"Origin": "null"},
    {"Origin": ""},
    {"Origin": "http://localhost:1"},
    {"Origin": "https://rag.example.com:9000"},
    {"Origin": "http://evil.example", "Sec_Fetch_Site": "same-origin"},
    {"Origin": "https://intranet.example.com.evil.example"},
    {"Sec_Fetch_Site": "cross-site"},
    {"Sec_Fetch_Site": "same-site"},
]


@pytest.mark.parametrize("sent", ELSEWHERE, ids=str)
def test_a_page_of_another_origin_changes_nothing(everybody: Reached, sent: dict[str, str]) -> None:
    reply = everybody.search(**sent)
    assert (reply.status, json.loads(reply.text)["code"]) == (403, "cross_site")
    assert "server.origins" in reply.text
    fields = [(name.replace("_", "-"), value) for name, value in sent.items()]
    for method, path in (("POST", "/"), ("POST", "/mcp"), ("POST", "/v1/keys"), ("DELETE", "/v1/keys/x")):
        assert everybody.send(method, path, None, *fields).status == 403
    assert (
        everybody.listed(**sent) == 200
    )  # it may be sent for, as a link does; the browser keeps the reply from the page


def test_a_page_of_another_origin_changes_nothing_with_a_key_either(keyed: Reached) -> None:
    """A proxy may be what adds the key."""
    assert keyed.search(Authorization=keyed.key, Origin="http://evil.example").status == 403


def test_two_origins_are_refused(named: Reached) -> None:
    twice = (("Origin", FRONT_END), ("Origin", "http://evil.example"))
    assert named.send("POST", "/v1/search", SEARCH, *twice).status == 403


def test_its_own_page_may_change_things(everybody: Reached) -> None:
    for host in (everybody.place, "localhost:8000", "[::1]:80", "127.0.0.1"):
        assert everybody.search(Host=host, Origin=f"http://{host}", Sec_Fetch_Site="same-origin").status == 200
    assert everybody.search(Host="10.0.0.5", Origin="https://10.0.0.5:443").status == 200


@pytest.mark.parametrize(
    ("host", "origin"),
    [
        ("rag.example.com", "https://rag.example.com"),
        ("rag.example.com:8443", "https://rag.example.com:8443"),
        ("rag.example.com", "https://rag.example.com:8443"),
        ("127.0.0.1:8000", "https://rag.example.com"),
        ("127.0.0.1:8000", FRONT_END),
    ],
)
def test_behind_a_proxy_its_own_page_may_change_things_whatever_the_proxy_makes_of_the_name(
    named: Reached, host: str, origin: str
) -> None:
    assert named.search(Host=host, Origin=origin).status == 200


def test_nothing_but_json_is_taken_as_json(named: Reached, service: Service) -> None:
    paths = create_app(service.settings, open_service=lambda: nullcontext(service)).openapi()["paths"]
    posted = {
        (method.upper(), path)
        for path, methods in paths.items()
        for method, operation in methods.items()
        if "requestBody" in operation
    } | {("POST", "/mcp"), ("POST", "/v1/index/purge")}
    assert len(posted) > 8
    for method, path in posted:
        for kind in ("text/plain", "application/x-www-form-urlencoded", "", "application/jsonp", "text/json",
                     "multipart/mixed", "text/plain; application/json"):  # fmt: skip
            reply = named.send(method, path.replace("{", "").replace("}", ""), {}, ("Content-Type", kind))
            assert (reply.status, json.loads(reply.text)["code"]) == (415, "unsupported_media_type"), (method, path)
    for kind in ("application/json", "Application/JSON; charset=utf-8", "application/vnd.own+json"):
        assert named.search(Content_Type=kind).status == 200
    form = named.send("POST", "/v1/search", {}, ("Content-Type", "multipart/form-data; boundary=b"))
    assert form.status == 415


def test_a_request_without_a_body_needs_no_type(everybody: Reached) -> None:
    assert everybody.send("POST", "/v1/index/purge").status == 200
    assert everybody.send("POST", "/v1/search").status == 422


def test_a_front_end_on_a_listed_origin_asks_with_a_key(keyed: Reached) -> None:
    asked = keyed.send("OPTIONS", "/v1/query", None, ("Origin", FRONT_END), *PREFLIGHT.items())
    assert (asked.status, asked.headers["access-control-allow-origin"]) == (200, FRONT_END)
    assert "authorization" in asked.headers["access-control-allow-headers"]
    assert "access-control-allow-credentials" not in asked.headers
    from_there = {"Origin": FRONT_END, "Sec_Fetch_Site": "cross-site"}
    for fields, status in (({"Authorization": keyed.key}, 200), ({}, 401), ({"Content_Type": "text/plain"}, 415)):
        reply = keyed.search(**from_there, **fields)
        assert (reply.status, reply.headers["access-control-allow-origin"]) == (status, FRONT_END)
        assert "X-Request-ID" in reply.headers["access-control-expose-headers"]


def test_a_front_end_reads_errors_and_streams(named: Reached, service: Service) -> None:
    origin = ("Origin", FRONT_END)
    streamed = named.send("POST", "/v1/query", {"question": "When does the shop open?", "stream": True}, origin)
    assert streamed.text.startswith("event: ")
    assert streamed.headers["access-control-allow-origin"] == FRONT_END
    strange = named.search(Origin=FRONT_END, Host="evil.example")
    assert (strange.status, strange.headers["access-control-allow-origin"]) == (400, FRONT_END)
    broken = replace(service, models=lambda _: 1 / 0)  # type: ignore[arg-type, return-value]
    with serving(broken, with_server(service.settings, **NAMED)) as url:
        failed = Reached(url).send("POST", "/v1/query", {"question": "x"}, origin)
    assert (failed.status, failed.headers["access-control-allow-origin"]) == (500, FRONT_END)


@pytest.mark.parametrize("origin", ["https://evil.example.net", "null", "http://intranet.example.com"])
def test_no_other_origin_reads_anything(named: Reached, keyed: Reached, origin: str) -> None:
    for reached in (named, keyed):
        fields = {"Authorization": reached.key} if reached.key else {}
        asked = reached.send("OPTIONS", "/v1/query", None, ("Origin", origin), *PREFLIGHT.items())
        read = reached.send("GET", "/v1/documents", None, ("Origin", origin), *fields.items())
        assert "access-control-allow-origin" not in {**asked.headers, **read.headers}
        assert (asked.status, read.status, reached.search(Origin=origin, **fields).status) == (400, 200, 403)


def test_where_none_is_listed_no_origin_is_answered(service: Service) -> None:
    with serving(service, service.settings) as url:
        asked = Reached(url).send("OPTIONS", "/v1/query", None, ("Origin", FRONT_END), *PREFLIGHT.items())
        assert (asked.status, Reached(url).search(Origin=FRONT_END).status) == (405, 403)
    assert not [name for name in asked.headers if name.startswith("access-control")]


CALLED = {"jsonrpc": "2.0", "id": 1, "method": "tools/list"}
ASSISTANT = {"Accept": "application/json, text/event-stream", "Content-Type": "application/json"}


@pytest.mark.parametrize(
    ("fields", "status"),
    [
        ({}, 200),
        ({"Host": "rag.example.com"}, 200),
        ({"Host": "evil.example"}, 400),
        ({"Origin": FRONT_END}, 200),
        ({"Origin": "http://evil.example"}, 403),
    ],
)
def test_the_tools_of_assistants_go_by_the_same_names_and_origins(
    named: Reached, fields: dict[str, str], status: int
) -> None:
    assert named.send("POST", "/mcp", CALLED, *(ASSISTANT | fields).items()).status == status


def test_an_assistant_calls_under_a_public_name_with_a_key(keyed: Reached) -> None:
    public = ASSISTANT | {"Host": "rag.example.com", "Authorization": keyed.key}
    assert "read_document" in keyed.send("POST", "/mcp", CALLED, *public.items()).text


@pytest.mark.parametrize(
    ("setting", "given", "kept"),
    [
        ("names", ["Rag.Example.com", "rag:8443", "[::1]"], ("rag.example.com", "rag:8443", "[::1]")),
        ("origins", ["HTTPS://a.example:443/", "http://b:3000"], ("https://a.example", "http://b:3000")),
        ("origins", ["chrome-extension://abcdef"], ("chrome-extension://abcdef",)),
        ("root_path", "/rag/", "/rag"),
        ("root_path", "/docs/rag-2.0", "/docs/rag-2.0"),
        ("root_path", "/", ""),
    ],
)
def test_settings_are_kept_as_they_are_compared(setting: str, given: Any, kept: Any) -> None:
    assert getattr(ServerSettings(**{setting: given}), setting) == kept


WRONG: list[tuple[str, Any]] = [
    *[("names", [name]) for name in ("https://rag.example.com", "", "*", "*.example.com", "a b", "rag.example.com/x")],
    *[("origins", [origin]) for origin in ("*", "null", "intranet.example.com", "https://", "https://a.example/x")],
    *[("root_path", path) for path in ("rag", "//rag", "/v1", "/v1/x", "/docs", "/mcp", "/rag/../x", "/a?b", "/a b")],
]


@pytest.mark.parametrize(("setting", "given"), WRONG)
def test_what_could_never_be_met_is_refused(setting: str, given: Any) -> None:
    with pytest.raises(ValueError, match="is not"):
        ServerSettings(**{setting: given})
