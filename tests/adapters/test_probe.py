"""Asking a web address: what it answers, and which addresses are never asked."""

from __future__ import annotations

import socket
import ssl
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path
from threading import Thread

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from bot.adapters import probe
from bot.adapters.probe import Answer, ask, is_inside
from bot.core.errors import Rejected, Unavailable
from tests.patience import PATIENCE
from tests.servers.web_site import WebSite


def standing_for(*addresses: str) -> Callable[[str, int], list[str]]:
    """A name service in which every name stands for these; each time it is asked, for the next one."""
    left = list(addresses)
    return lambda _host, _port: [left.pop(0) if len(left) > 1 else left[0]]


@pytest.mark.parametrize("status", [200, 204, 404, 503])
def test_the_status_is_what_it_answers(status: int) -> None:
    with WebSite(status) as site:
        assert ask(f"{site.url}/up?deep=1") == Answer(status)
        assert site.asked == [(f"127.0.0.1:{site.port}", "/up?deep=1")]


def test_a_path_cannot_say_more_than_a_path() -> None:
    with WebSite() as site:
        ask(f"{site.url}/a\r\nX: b/ü%20{{}}")

        assert site.asked == [(f"127.0.0.1:{site.port}", "/aX:%20b/%C3%BC%20%7B%7D")]


def test_however_long_the_answer_is_only_its_head_is_read() -> None:
    with WebSite(body=b"x" * 10_000_000) as site:
        assert ask(site.url) == Answer(200)


def test_redirects_are_followed_on_the_same_host_alone() -> None:
    with WebSite((302, "/up"), (301, "up/"), 200) as site:
        assert ask(f"{site.url}/") == Answer(200)
        assert [path for _, path in site.asked] == ["/", "/up", "/up/"]
    for elsewhere in (
        *("http://localhost:{port}/", "//10.0.0.1/", "http://127.0.0.1:1/", "file:///etc/passwd"),
        *("http://u@127.0.0.1:{port}/", "https://127.0.0.1:{port}/"),
    ):
        with WebSite((302, "")) as site:
            where = elsewhere.format(port=site.port)
            site.answers = [(302, where)]
            assert ask(site.url) == Answer(302, where)
            assert len(site.asked) == 1


def test_a_circle_of_redirects_has_an_end() -> None:
    with WebSite((302, "/")) as site:
        with pytest.raises(Unavailable, match="does not stop redirecting after 3 times"):
            ask(site.url)

        assert len(site.asked) == 3


@pytest.mark.parametrize(
    "address",
    [
        *(
            "127.0.0.1",
            "127.8.8.8",
            "0.0.0.0",
            "10.1.2.3",
            "172.16.0.1",
            "192.168.1.1",
            "100.64.0.1",
            "169.254.169.254",
        ),
        *("224.0.0.1", "240.0.0.1", "255.255.255.255", "192.0.2.1", "198.18.0.1"),
        *("::1", "::", "fe80::1%eth0", "fd00::1", "fec0::1", "ff02::1", "2001:db8::1"),
        *("::ffff:10.0.0.1", "64:ff9b::7f00:1", "2002:7f00:1::", "64:ff9b::a9fe:a9fe"),
    ],
)
def test_what_is_inside_is_not_asked_under_another_name(address: str) -> None:
    with WebSite() as site:
        with pytest.raises(Rejected) as refused:
            ask(f"http://web.example:{site.port}/", resolve=standing_for(address))

        assert str(refused.value) == f"stands for {address}, which is not an address of the open internet"
        assert site.asked == []


@pytest.mark.parametrize(
    "address", ["93.184.216.34", "8.8.8.8", "2606:4700::1111", "::ffff:8.8.8.8", "64:ff9b::808:808"]
)
def test_what_is_outside_may_be_asked(address: str) -> None:
    assert not is_inside(address)


def test_a_name_inside_is_asked_where_the_settings_say_so_and_by_its_name() -> None:
    with WebSite(503) as site:
        answer = ask(f"http://web.internal:{site.port}/up", private=True, resolve=standing_for("127.0.0.1"))

        assert answer == Answer(503)
        assert site.asked == [(f"web.internal:{site.port}", "/up")]


@pytest.mark.parametrize("address", ["169.254.169.254", "fe80::1", "::ffff:169.254.169.254", "fd00:ec2::254"])
def test_where_clouds_keep_their_keys_is_not_asked_even_then(address: str) -> None:
    with pytest.raises(Rejected):
        ask("http://metadata.internal/", private=True, resolve=standing_for(address))


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
def test_an_address_that_the_settings_name_themselves_is_asked(host: str) -> None:
    with WebSite(200) as site:
        assert ask(f"http://{host}:{site.port}/", resolve=standing_for("127.0.0.1")) == Answer(200)


@pytest.mark.parametrize("host", ["127.1", "2130706433", "0x7f.0.0.1"])
def test_an_address_in_disguise_is_a_name(host: str) -> None:
    with pytest.raises(Rejected):
        ask(f"http://{host}/", resolve=standing_for("127.0.0.1"))


def test_a_name_that_means_another_address_after_a_redirect_is_judged_again() -> None:
    with WebSite((302, "/on"), 200) as site:
        rebinding = standing_for("127.0.0.1", "169.254.169.254")
        with pytest.raises(Rejected):
            ask(f"http://web.internal:{site.port}/", private=True, resolve=rebinding)

        assert [path for _, path in site.asked] == ["/"]


def _unknown(_host: str, _port: int) -> list[str]:
    raise socket.gaierror(-2, "Name or service not known")


def test_what_cannot_be_reached_says_why(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    with pytest.raises(Unavailable, match="cannot be reached: Connection refused"):
        ask(f"http://127.0.0.1:{port}/")
    with pytest.raises(Unavailable, match="has a name that cannot be resolved"):
        ask("http://web.example/", resolve=_unknown)
    monkeypatch.setattr(probe, "TIMEOUT", 0.2)
    with socket.create_server(("127.0.0.1", 0)) as silent, pytest.raises(Unavailable, match="does not answer within"):
        ask(f"http://127.0.0.1:{silent.getsockname()[1]}/")


@pytest.mark.parametrize(
    ("said", "why"),
    [
        (b"SSH-2.0-OpenSSH_9.6\r\n", "does not answer as a web server does"),
        (b"HTTP/1.1 many\r\n\r\n", "does not answer as a web server does"),
        (b"", "closes the connection without an answer"),
        (b"HTTP/1.1 200 OK\r\nX: y\r\n", "closes the connection without an answer"),
        (b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 20_000, "answers with too long a head"),
        (b"x" * 200_000, "answers with too long a head"),
    ],
)
def test_what_is_no_answer_says_so(said: bytes, why: str) -> None:
    with pytest.raises(Unavailable) as failed:
        answered(said)

    assert str(failed.value) == why


def test_what_is_said_before_the_answer_is_passed_over() -> None:
    assert answered(b"HTTP/1.1 103 Early Hints\r\nLocation: /x\r\n\r\nHTTP/1.1 204 Fine\r\n\r\n") == Answer(204)


def answered(said: bytes) -> Answer:
    """What is made of these bytes, from a server that says nothing else."""
    with socket.create_server(("127.0.0.1", 0)) as server:

        def talk() -> None:
            connection, _ = server.accept()
            with connection:
                connection.recv(4096)
                try:
                    connection.sendall(said)
                    connection.shutdown(socket.SHUT_WR)
                    connection.recv(1)
                except OSError:
                    return

        talking = Thread(target=talk, daemon=True)
        talking.start()
        try:
            return ask(f"http://127.0.0.1:{server.getsockname()[1]}/")
        finally:
            talking.join(PATIENCE)


def test_only_a_certificate_that_can_be_trusted_is(tmp_path: Path) -> None:
    secure, trust = _certified(tmp_path)
    with WebSite(200, secure=secure) as site:
        assert ask(site.url, trust=trust) == Answer(200)
        with pytest.raises(Unavailable, match="has no certificate that can be trusted: self-signed certificate"):
            ask(site.url)
        with pytest.raises(Unavailable, match="has no certificate that can be trusted: Hostname mismatch"):
            ask(f"https://web.internal:{site.port}/", private=True, resolve=standing_for("127.0.0.1"), trust=trust)

        assert len(site.asked) == 1


def _certified(directory: Path) -> tuple[ssl.SSLContext, ssl.SSLContext]:
    """For a server at 127.0.0.1, and for whoever trusts its certificate."""
    key, now = ec.generate_private_key(ec.SECP256R1()), datetime.now(UTC)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "site")])
    certificate = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    file = directory / "site.pem"
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    file.write_bytes(private + certificate.public_bytes(serialization.Encoding.PEM))
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(file)
    return server, ssl.create_default_context(cadata=certificate.public_bytes(serialization.Encoding.PEM).decode())
