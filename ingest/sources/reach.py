"""Fetches from the web, and reaches nothing but the public hosts that the settings allow.

A URL comes from a person, a list or a redirect, and may be meant to reach what only this machine can: its own services,
its network, the metadata of its cloud. So for every URL, and again for each redirect:

    http or https, no password in it, no port but the usual one
    the host is allowed by name
    its name is resolved once, and every address it has must be public
    the connection is made to such an address, not to the name, which could lead elsewhere by now

No proxy and no credentials are taken from the environment, no cookies are kept, and size and time are limited.
"""

from __future__ import annotations

import http.client
import ipaddress
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import BinaryIO
from urllib.parse import SplitResult, quote, urljoin, urlsplit

from core.errors import ParseError
from ingest.discover import too_large

MAX_REDIRECTS = 3
MAX_SECONDS = 60.0
_BLOCK = 1 << 16
_PORTS = {"http": 80, "https": 443}
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_UNICAST = ipaddress.ip_network("2000::/3")
_NOT_FOR_US = [
    ipaddress.ip_network(block)
    for block in (
        *("2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20"),  # protocols, Teredo among them; examples; 6to4
        *("192.0.0.0/24", "192.88.99.0/24", "168.63.129.16/32"),  # protocols; 6to4; Azure inside its machines
    )
]
"""What not every version of Python knows to be no host's on the internet."""


def is_public(address: str) -> bool:
    """Whether an address is one host's on the public internet: not private, shared, local, reserved or multicast."""
    try:
        found = ipaddress.ip_address(address)
    except ValueError:
        return False
    if not found.is_global or found.is_multicast or found.is_reserved:
        return False
    return (found.version == 4 or found in _UNICAST) and not any(found in block for block in _NOT_FOR_US)


def addresses_of(host: str, port: int) -> list[str]:
    """Every address of a host, as the system's resolver has them now. Raises OSError when there is none."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(entry[4][0]) for entry in found))


@dataclass(frozen=True, slots=True, kw_only=True)
class Reach:
    """What may be reached. `hosts`: names, `*.name` for those below one, `*` for all; the rest is for tests."""

    hosts: tuple[str, ...]
    seconds: float = MAX_SECONDS
    public: Callable[[str], bool] = is_public
    addresses: Callable[[str, int], list[str]] = addresses_of
    tls: ssl.SSLContext | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """What a server said of a file: its size and its tag (etag, or time of change), where it said so."""

    size: int | None
    tag: str | None


def fetch(url: str, into: BinaryIO | None, *, reach: Reach, max_bytes: int) -> Seen:
    """Write what is at a URL to `into`; without it, only look.

    Raises:
        ParseError: "not_allowed", "too_large" (before more is written), or "unreadable".
    """
    clock = _Clock(reach.seconds)
    try:
        for _ in range(MAX_REDIRECTS + 1):
            with _response(url, reach, clock) as response:
                if response.status not in _REDIRECTS:
                    return _taken(response, into, max_bytes)
                url = _next(url, response.headers.get("Location"))
    except (OSError, http.client.HTTPException, ValueError) as error:
        if clock.struck or isinstance(error, TimeoutError):
            raise ParseError("unreadable", f"The server took more than {reach.seconds:.0f} s.") from error
        raise ParseError("unreadable", f"The server cannot be read: {_why(error)}.") from error
    finally:
        clock.stop()
    raise ParseError("unreadable", f"The URL leads on more than {MAX_REDIRECTS} times.")


def allowed(url: str, reach: Reach) -> SplitResult:
    """The parts of a URL that may be asked for. Raises ParseError "not_allowed"; nothing is resolved yet."""
    if any(character <= " " or character in "\\\x7f" for character in url):
        raise _refused(url, "it holds blanks, control characters or a backslash")
    try:
        parts = urlsplit(url)
        host, port = _host(parts), parts.port
    except ValueError as error:
        raise _refused(url, f"it is not a URL ({error})") from error
    if parts.scheme not in _PORTS:
        raise _refused(url, "only http and https are")
    if "@" in parts.netloc:
        raise _refused(url, "it carries a name or a password")
    if port not in (None, _PORTS[parts.scheme]) and f"{host}:{port}" not in reach.hosts:
        raise _refused(url, f"port {port} is not the usual one; ingest.allowed_hosts may name {host}:{port}")
    if not any(_names(entry, host, port) for entry in reach.hosts):
        raise _refused(url, f"ingest.allowed_hosts does not name {host}")
    return parts


def _host(parts: SplitResult) -> str:
    host = (parts.hostname or "").rstrip(".")
    if not host or "%" in host:
        raise ValueError("it names no host")
    return host if ":" in host else host.encode("idna").decode("ascii").lower()


def _names(entry: str, host: str, port: int | None) -> bool:
    """Whether an entry of the settings means this host."""
    entry = entry.lower()
    return entry in ("*", host, f"{host}:{port}") or (entry.startswith("*.") and host.endswith(entry[1:]))


@contextmanager
def _response(url: str, reach: Reach, clock: _Clock) -> Iterator[http.client.HTTPResponse]:
    """The answer to a GET, from an address that was checked."""
    parts = allowed(url, reach)
    host, port = _host(parts), parts.port or _PORTS[parts.scheme]
    addresses = reach.addresses(host, port)
    inner = [address for address in addresses if not reach.public(address)]
    if inner or not addresses:
        raise _refused(url, f"{host} has an address that is not public" if addresses else f"{host} has no address")
    tls = (reach.tls or ssl.create_default_context()) if parts.scheme == "https" else None
    connection = _Pinned(host, port, addresses, tls, clock)
    try:
        target = quote(parts.path or "/", safe="/%:@!$&'()*+,;=~-._")
        query = f"?{quote(parts.query, safe='/?%:@!$&()*+,;=~-._[]')}" if parts.query else ""
        connection.request("GET", target + query, headers={"Accept-Encoding": "identity", "User-Agent": "touchstone"})
        with connection.getresponse() as response:
            yield response
    finally:
        connection.close()


class _Clock:
    """Cuts the connection when the time for a file is up: a socket's own timeout begins anew with every wait."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self.struck = False
        self._socket: socket.socket | None = None
        self._lock = threading.Lock()
        self._timer = threading.Timer(seconds, self._strike)
        self._timer.daemon = True
        self._timer.start()

    def watch(self, connected: socket.socket) -> None:
        """Cut this one when the time is up; it may be up already."""
        with self._lock:
            self._socket = connected
            if self.struck:
                raise TimeoutError

    def stop(self) -> None:
        """Nothing is to be cut any more."""
        self._timer.cancel()

    def _strike(self) -> None:
        with self._lock, suppress(OSError):
            self.struck = True
            if self._socket is not None:
                socket.socket.shutdown(self._socket, socket.SHUT_RDWR)  # a TLS socket's own one forgets its keys


class _Pinned(http.client.HTTPConnection):
    """Connects to the first address that answers; request and certificate are about the host nevertheless."""

    def __init__(self, host: str, port: int, addresses: list[str], tls: ssl.SSLContext | None, clock: _Clock) -> None:
        super().__init__(host, port, timeout=clock.seconds)
        self.default_port = _PORTS["https" if tls else "http"]
        self._addresses = addresses
        self._tls = tls
        self._clock = clock

    def connect(self) -> None:
        """Open the socket. Raises OSError when no address answers."""
        self.sock = self._connected()
        self._clock.watch(self.sock)
        if self._tls is not None:
            secured = self._tls.wrap_socket(self.sock, server_hostname=self.host, do_handshake_on_connect=False)
            self.sock = secured
            self._clock.watch(secured)
            secured.do_handshake()

    def _connected(self) -> socket.socket:
        failed: OSError | None = None
        for address in self._addresses:
            try:
                return socket.create_connection((address, self.port), self._clock.seconds / len(self._addresses))
            except OSError as error:
                failed = error
        raise failed or OSError("it has no address")


def _next(url: str, location: str | None) -> str:
    """Where a redirect leads; to be checked like any URL."""
    if not location:
        raise ParseError("unreadable", "The server redirects without saying where.")
    following = urljoin(url, location)
    if urlsplit(url).scheme == "https" and urlsplit(following).scheme != "https":
        raise _refused(following, "a secure URL leads to one that is not")
    return following


def _taken(response: http.client.HTTPResponse, into: BinaryIO | None, max_bytes: int) -> Seen:
    """Read a response's body, no further than `max_bytes`."""
    if response.status != http.client.OK:
        raise ParseError("unreadable", f"The server replied {response.status} {response.reason}.".replace(" .", "."))
    if response.headers.get("Content-Encoding", "identity").lower() != "identity":
        raise ParseError("unreadable", "The server sends the file compressed, which was not asked for.")
    said = response.length
    if said is not None and said > max_bytes:
        raise ParseError("too_large", too_large(max_bytes))
    if into is not None:
        taken = 0
        while block := response.read1(_BLOCK):
            taken += len(block)
            if taken > max_bytes:
                raise ParseError("too_large", too_large(max_bytes))
            into.write(block)
        if said is not None and taken != said:
            raise http.client.IncompleteRead(b"", said - taken)
    return Seen(size=said, tag=response.headers.get("ETag") or response.headers.get("Last-Modified"))


def _refused(url: str, why: str) -> ParseError:
    return ParseError("not_allowed", f"{url[:200]!r} is not fetched: {why}.")


def _why(error: Exception) -> str:
    if isinstance(error, http.client.IncompleteRead):
        return "it ended too early"
    return str(getattr(error, "strerror", None) or error or type(error).__name__)
