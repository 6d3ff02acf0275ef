"""URLs reach the public hosts that the settings allow, and nothing else: not a socket is opened to anything else.

The rule itself is judged on addresses; the way to a server on real ones of this machine, with another rule on which
addresses are public, since those of this machine are not.
"""

from __future__ import annotations

import io
import ssl
import subprocess
import threading
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from core.errors import ParseError
from ingest.sources.reach import Reach, allowed, fetch, is_public
from tests.ingest.sources.servers import Answer, Server, page, serving

PUBLIC = ["93.184.215.14", "1.1.1.1", "8.8.8.8", "2606:2800:21f:cb07:6820:80da:af6b:8b2c", "2001:4860:4860::8888"]
INNER = [
    *("127.0.0.1", "127.8.9.1", "0.0.0.0", "0.1.2.3", "10.0.0.1", "172.16.0.1", "172.31.255.255", "192.168.1.1"),
    *("100.64.0.1", "100.127.255.254", "100.100.100.200", "169.254.0.1", "169.254.169.254", "192.0.0.192"),
    *("192.0.2.1", "198.18.0.1", "198.51.100.1", "203.0.113.1", "224.0.0.1", "239.1.1.1", "240.0.0.1"),
    *("255.255.255.255", "168.63.129.16", "192.88.99.1"),
    *("::", "::1", "::ffff:127.0.0.1", "::ffff:8.8.8.8", "::127.0.0.1", "64:ff9b::7f00:1", "64:ff9b::808:808"),
    *("64:ff9b:1::1", "fe80::1", "fe80::1%eth0", "fec0::1", "fc00::1", "fd00:ec2::254", "ff02::1", "100::1"),
    *("2001:db8::1", "2001::1", "2001:0:53aa:64c::1", "2002:7f00:1::", "2002:808:808::1", "3fff::1", "4000::1"),
    *("", "example.com", "127.1", "0x7f000001", "2130706433", "0177.0.0.1"),
]


@pytest.mark.parametrize("address", PUBLIC)
def test_an_address_on_the_internet_is_public(address: str) -> None:
    assert is_public(address)


@pytest.mark.parametrize("address", INNER)
def test_an_inner_reserved_or_disguised_address_is_not(address: str) -> None:
    assert not is_public(address)


HOSTS = Reach(hosts=("docs.example.com", "*.example.org", "other.example:8443"))


@pytest.mark.parametrize(
    "url",
    [
        "https://docs.example.com/a",
        "http://DOCS.example.com./a",
        "https://docs.example.com:443/a",
        "https://a.b.example.org/",
        "https://other.example:8443/",
    ],
)
def test_a_host_that_is_named_is_allowed(url: str) -> None:
    assert allowed(url, HOSTS).hostname


@pytest.mark.parametrize(
    "url",
    [
        "https://example.com/",
        "https://xdocs.example.com/",
        "https://docs.example.com.evil.net/",
        "https://example.org/",
        "https://evilexample.org/",
        "https://docs.example.com:8080/",
        "https://docs.example.com:80/",
        "https://other.example/",
        "https://user@docs.example.com/",
        "https://docs.example.com@evil.net/",
        "https://evil.net\\@docs.example.com/",
        "https://evil.net#@docs.example.com/",
        "https://docs.example.com /",
        "https://docs.example.com\t/",
        "https://docs.example.com\n.evil.net/",
        "https://docs.example.com:port/",
        "https://docs.example.com%00.evil.net/",
        "https:///a",
        "https:docs.example.com",
        "//docs.example.com/",
        "file:///etc/passwd",
        "ftp://docs.example.com/",
        "gopher://docs.example.com/",
        "javascript:alert(1)",
        "https://[::1]/",
        "https://[fe80::1%25eth0]/",
        "https://[docs.example.com/",
        "https://127.0.0.1/",
        "https://2130706433/",
        "https://xn--a/" + "ü" * 80,
    ],
)
def test_any_other_url_is_not(url: str) -> None:
    with pytest.raises(ParseError) as refused:
        allowed(url, HOSTS)
    assert refused.value.reason == "not_allowed"


def test_nothing_is_allowed_when_no_host_is_named() -> None:
    with pytest.raises(ParseError, match="does not name"):
        allowed("https://docs.example.com/", Reach(hosts=()))


# On real sockets

LOOPBACK = {"127.0.0.1"}


def reach(server: Server, *, here: str = "127.0.0.1", hosts: tuple[str, ...] = ("files.example",)) -> Reach:
    named = tuple(f"{host}:{server.port}" for host in hosts)
    return Reach(hosts=named, seconds=5, public=LOOPBACK.__contains__, addresses=lambda host, port: [here])


def got(url: str, way: Reach, max_bytes: int = 1000) -> bytes:
    into = io.BytesIO()
    fetch(url, into, reach=way, max_bytes=max_bytes)
    return into.getvalue()


def refused(url: str, way: Reach, max_bytes: int = 1000) -> tuple[str, str]:
    with pytest.raises(ParseError) as error:
        got(url, way, max_bytes)
    return error.value.reason, str(error.value)


def test_a_file_is_fetched_from_the_address_that_was_checked_and_asked_for_by_name() -> None:
    asked: list[str] = []

    def addresses(host: str, port: int) -> list[str]:
        asked.append(host)
        return ["127.0.0.1"]

    with serving(lambda path: page(b"hello")) as server:
        way = replace(reach(server), addresses=addresses)
        assert got(f"http://files.example:{server.port}/a%20b/ü.txt?x=1&y=ä", way) == b"hello"
        assert server.asked == ["/a%20b/%C3%BC.txt?x=1&y=%C3%A4"]
        assert (server.hosts, asked) == ([f"files.example:{server.port}"], ["files.example"])


@pytest.mark.parametrize("found", [["127.0.0.1", "10.0.0.1"], ["169.254.169.254"], []])
def test_a_name_with_one_inner_address_is_not_connected_to(found: list[str]) -> None:
    with serving(lambda path: page(b"secret")) as server:
        way = replace(reach(server), addresses=lambda host, port: found)
        assert refused(f"http://files.example:{server.port}/", way)[0] == "not_allowed"
        assert server.asked == []


def test_the_rule_for_everybody_lets_nobody_reach_this_machine() -> None:
    with serving(lambda path: page(b"secret")) as server:
        for name in ("localhost", "127.0.0.1", "127.1", "2130706433", "0x7f.1", "[::1]", "[::ffff:127.0.0.1]", "0"):
            way = Reach(hosts=("*", f"{name.strip('[]')}:{server.port}"), seconds=5)
            assert refused(f"http://{name}:{server.port}/", way)[0] in ("not_allowed", "unreadable")
        assert server.asked == []


def test_a_name_that_leads_elsewhere_the_second_time_is_checked_again() -> None:
    answers = iter([["127.0.0.1"], ["10.0.0.1"]])
    with serving(lambda path: (302, {"Location": "/again"}, b"")) as server:
        way = replace(reach(server), addresses=lambda host, port: next(answers))
        assert refused(f"http://files.example:{server.port}/first", way)[0] == "not_allowed"
        assert server.asked == ["/first"]


@pytest.mark.parametrize(
    "location",
    [
        "http://127.0.0.1:{port}/secret",
        "http://other.example:{port}/secret",
        "//localhost:{port}/secret",
        "http://user:word@files.example:{port}/secret",
        "file:///etc/passwd",
        "http://files.example:22/",
        "http://169.254.169.254/latest/meta-data/",
    ],
)
def test_a_redirect_leads_only_where_a_url_may(location: str) -> None:
    def answer(path: str) -> Answer:
        return 302, {"Location": location.format(port=server.port)}, b""

    with serving(answer) as server:
        assert refused(f"http://files.example:{server.port}/first", reach(server))[0] == "not_allowed"
        assert server.asked == ["/first"]


def test_redirects_are_followed_three_times() -> None:
    def answer(path: str) -> Answer:
        left = int(path[1:])
        return (301, {"Location": f"/{left - 1}"}, b"") if left else page(b"here")

    with serving(answer) as server:
        url = f"http://files.example:{server.port}"
        assert got(f"{url}/3", reach(server)) == b"here"
        assert "leads on more than 3 times" in refused(f"{url}/4", reach(server))[1]


@pytest.mark.parametrize("length", ["5000", ""])
def test_a_large_file_is_refused_by_what_is_said_of_it_or_by_what_comes(length: str) -> None:
    with serving(lambda path: (200, {"Content-Length": length}, b"x" * 5000)) as server:
        into = io.BytesIO()
        with pytest.raises(ParseError) as error:
            fetch(f"http://files.example:{server.port}/", into, reach=reach(server), max_bytes=1000)
        assert (error.value.reason, into.getvalue()) == ("too_large", b"")


@pytest.mark.parametrize(
    ("answer", "says"),
    [
        ((404, {}, b""), "replied 404"),
        ((500, {}, b""), "replied 500"),
        ((206, {}, b"part"), "replied 206"),
        ((302, {}, b""), "without saying where"),
        ((200, {"Content-Encoding": "gzip"}, b"x"), "compressed"),
        ((200, {"Content-Length": "10"}, b"x"), "more than 1 s"),
    ],
)
def test_what_is_no_file_is_said_in_words(answer: Answer, says: str) -> None:
    with serving(lambda path: answer) as server:
        way = replace(reach(server), seconds=1)
        code, sentence = refused(f"http://files.example:{server.port}/", way)
        assert (code, says in sentence) == ("unreadable", True), sentence


def test_a_server_that_never_ends_is_cut_off() -> None:
    stop = threading.Event()

    def answer(path: str) -> Answer:
        stop.wait(10)
        return page(b"")

    with serving(answer) as server:
        code, sentence = refused(f"http://files.example:{server.port}/", replace(reach(server), seconds=0.3))
        stop.set()
    assert (code, "more than" in sentence) == ("unreadable", True)


def test_nobody_answering_is_said_in_words() -> None:
    with serving(lambda path: page(b"")) as server:
        way, url = reach(server), f"http://files.example:{server.port}/"
    assert refused(url, way)[0] == "unreadable"


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], tuple[Path, Path]]:
    folder = tmp_path_factory.mktemp("certificates")

    def make(host: str) -> tuple[Path, Path]:
        key, certificate = folder / f"{host}.key", folder / f"{host}.pem"
        words = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
        words += ["-keyout", str(key), "-out", str(certificate), "-days", "2", "-subj", f"/CN={host}"]
        try:
            subprocess.run([*words, "-addext", f"subjectAltName=DNS:{host}"], check=True, capture_output=True)
        except (OSError, subprocess.CalledProcessError):
            pytest.skip("openssl makes no certificates here")
        return key, certificate

    return make


def test_a_certificate_is_checked_for_the_name_and_not_the_address(certificate) -> None:
    for host, expected in (("files.example", "hello"), ("wrong.example", "")):
        key, chain = certificate(host)
        own = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        own.load_cert_chain(chain, key)
        with serving(lambda path: page(b"hello"), own) as server:
            way = replace(reach(server), tls=ssl.create_default_context(cafile=str(chain)))
            url = f"https://files.example:{server.port}/"
            if expected:
                assert got(url, way) == b"hello"
                assert refused(url, replace(way, tls=None))[0] == "unreadable"
            else:
                assert "certificate" in refused(url, way)[1].lower()


def test_a_secure_url_does_not_lead_to_one_that_is_not(certificate) -> None:
    key, chain = certificate("files.example")
    own = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    own.load_cert_chain(chain, key)
    with serving(lambda path: page(b"plain")) as plain:
        location = f"http://files.example:{plain.port}/"
        with serving(lambda path: (302, {"Location": location}, b""), own) as server:
            hosts = (*reach(server).hosts, *reach(plain).hosts)
            way = replace(reach(server), hosts=hosts, tls=ssl.create_default_context(cafile=str(chain)))
            assert "a secure URL leads" in refused(f"https://files.example:{server.port}/", way)[1]
        assert plain.asked == []
