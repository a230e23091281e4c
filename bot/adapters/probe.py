"""Asks a web address whether it answers, and connects to no address inside unless the settings name it (SSRF).

A name is resolved once, the addresses that it stands for are judged, and one of these is connected to: what the name
stands for a moment later does not matter (DNS rebinding). Of the answer no more is read than its head.
"""

from __future__ import annotations

import socket
import ssl
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from urllib.parse import SplitResult, quote, urljoin, urlsplit

from bot.core.errors import Rejected, Unavailable

TIMEOUT = 10.0
"""Seconds for one answer, with all that is redirected."""
LARGEST_HEAD = 64 * 1024
REDIRECTS = 3
_PORTS = {"http": 80, "https": 443}
# https://www.rfc-editor.org/rfc/rfc6052#section-2.1
_NAT64 = ip_network("64:ff9b::/96")
# Where clouds keep the keys of their machines; some are within the networks that are anybody's own.
_METADATA = tuple(map(ip_network, ("169.254.0.0/16", "fe80::/10", "fd00:ec2::/32", "100.100.100.200/32")))
_SAFE = "!$&'()*+,/:;=?@-._~%[]"

Resolve = Callable[[str, int], list[str]]


def resolve(host: str, port: int) -> list[str]:
    """The addresses that a name stands for. Raises OSError."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(entry[4][0]) for entry in found))


@dataclass(frozen=True, slots=True)
class Answer:
    """The status, and where it leads, if it does."""

    status: int
    location: str | None = None


def ask(url: str, *, private: bool = False, resolve: Resolve = resolve, trust: ssl.SSLContext | None = None) -> Answer:
    """What ``url`` answers; redirects are followed where they stay on the same host.

    ``private`` lets a name stand for an address inside. Raises Rejected where the address may not be asked, and
    Unavailable where nothing answers.
    """
    until = time.monotonic() + TIMEOUT
    for _ in range(REDIRECTS):
        answer = _asked(urlsplit(url), private, resolve, trust, until)
        onward = urljoin(url, answer.location) if answer.location and 300 <= answer.status < 400 else None
        if onward is None or not _same_host(urlsplit(url), urlsplit(onward)):
            return answer
        url = onward
    raise Unavailable(f"does not stop redirecting after {REDIRECTS} times")


def is_inside(address: str) -> bool:
    """Whether an address is of this machine, of a network of one's own, of a cloud's metadata or of no host at all.

    >>> [is_inside(one) for one in ("10.0.0.1", "::1", "169.254.169.254", "::ffff:127.0.0.1", "93.184.216.34")]
    [True, True, True, True, False]
    """
    found = _meant(address)
    site_local = isinstance(found, IPv6Address) and found.is_site_local
    return not found.is_global or found.is_multicast or found.is_reserved or site_local


def _meant(address: str) -> IPv4Address | IPv6Address:
    """The address, or the older one that a newer one stands for."""
    found = ip_address(address.partition("%")[0])
    if isinstance(found, IPv4Address):
        return found
    if found in _NAT64:
        return IPv4Address(int(found) & 0xFFFF_FFFF)
    return found.ipv4_mapped or found.sixtofour or (found.teredo[1] if found.teredo else found)


def _named(host: str) -> bool:
    """Whether the host is an address itself, or this machine by its name: then it is meant."""
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        ip_address(host)
    except ValueError:
        return False
    return True


def _asked(url: SplitResult, private: bool, resolve: Resolve, trust: ssl.SSLContext | None, until: float) -> Answer:
    host, port = url.hostname or "", url.port or _PORTS[url.scheme]
    try:
        addresses = resolve(host, port)
        allowed = [one for one in addresses if _may_be_asked(one, host, private=private)]
        if addresses and not allowed:
            raise Rejected(f"stands for {addresses[0]}, which is not an address of the open internet")
        with _connected(allowed, port, until) as plain:
            if url.scheme == "http":
                return _answer(plain, url, until)
            plain.settimeout(_left(until))
            with (trust or ssl.create_default_context()).wrap_socket(plain, server_hostname=host) as secure:
                return _answer(secure, url, until)
    except (OSError, UnicodeError, ValueError) as error:
        raise Unavailable(_why(error)) from error


def _may_be_asked(address: str, host: str, *, private: bool) -> bool:
    if not is_inside(address) or _named(host):
        return True
    return private and not any(_meant(address) in network for network in _METADATA)


def _connected(addresses: list[str], port: int, until: float) -> socket.socket:
    error: OSError = OSError("has no address")
    for address in addresses:
        try:
            return socket.create_connection((address, port), timeout=_left(until))
        except OSError as failed:
            error = failed
    raise error


def _answer(connection: socket.socket, url: SplitResult, until: float) -> Answer:
    connection.settimeout(_left(until))
    connection.sendall(_request(url))
    lines = _head(connection, until)
    while True:
        status = next(lines).split(" ", 2)
        if len(status) < 2 or not status[0].startswith("HTTP/1.") or not status[1].isdigit():
            raise ValueError("does not answer as a web server does")
        headers = [line.partition(":") for line in iter(lambda: next(lines), "")]
        if not status[1].startswith("1"):  # an interim answer comes before the real one
            where = next((value.strip() for name, _, value in headers if name.lower() == "location"), None)
            return Answer(int(status[1]), where)


def _request(url: SplitResult) -> bytes:
    host = (url.hostname or "").encode("idna").decode() if not _named(url.hostname or "") else url.hostname or ""
    host = f"[{host}]" if ":" in host else host
    where = quote(url.path or "/", safe=_SAFE) + (f"?{quote(url.query, safe=_SAFE)}" if url.query else "")
    port = f":{url.port}" if url.port else ""
    head = (f"GET {where} HTTP/1.1", f"Host: {host}{port}", "User-Agent: shipmate", "Accept: */*", "Connection: close")
    return "\r\n".join([*head, "", ""]).encode("ascii")


def _head(connection: socket.socket, until: float) -> Iterator[str]:
    """The lines of the head, as they come."""
    rest, read = b"", 0
    while True:
        line, found, after = rest.partition(b"\n")
        if found:
            rest = after
            yield line.rstrip(b"\r").decode("latin-1")
            continue
        connection.settimeout(_left(until))
        more = connection.recv(4096)
        read += len(more)
        if not more or read > LARGEST_HEAD:
            raise ValueError("answers with too long a head" if more else "closes the connection without an answer")
        rest += more


def _left(until: float) -> float:
    left = until - time.monotonic()
    if left <= 0:
        raise TimeoutError
    return left


def _why(error: Exception) -> str:
    """In words that go on after the address."""
    if isinstance(error, TimeoutError):
        return f"does not answer within {TIMEOUT:.0f} s"
    if isinstance(error, ssl.SSLError):
        return f"has no certificate that can be trusted: {getattr(error, 'verify_message', '') or error.reason}"
    if isinstance(error, socket.gaierror):
        return "has a name that cannot be resolved"
    if isinstance(error, OSError):
        return f"cannot be reached: {error.strerror or error}"
    return str(error)


def _same_host(one: SplitResult, other: SplitResult) -> bool:
    """The same machine, and the same or a safer way to it."""
    same = (one.hostname or "").lower() == (other.hostname or "").lower()
    safer = one.scheme == "http" and other.scheme == "https"
    if not same or other.scheme not in _PORTS or "@" in other.netloc:
        return False
    ports = (one.port or _PORTS[one.scheme]), (other.port or _PORTS[other.scheme])
    return (one.scheme == other.scheme and ports[0] == ports[1]) or (safer and other.port in {None, 443})
