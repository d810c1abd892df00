"""Which requests are local, and which address a request comes from."""

import pytest
from starlette.requests import Request

from callscope.api.local import client_address, is_local
from callscope.config import Config

LOCAL = {"host": "localhost:8000"}


def request(peer: str | None = "127.0.0.1", headers: dict[str, str] | list[tuple[str, str]] = LOCAL) -> Request:
    pairs = headers.items() if isinstance(headers, dict) else headers
    raw = [(name.lower().encode(), value.encode()) for name, value in pairs]
    scope = {"type": "http", "method": "GET", "path": "/", "headers": raw, "client": (peer, 1234) if peer else None}
    return Request(scope)


def config(**settings: object) -> Config:
    return Config(_env_file=None, **settings)  # type: ignore[arg-type, call-arg]  # pydantic-settings' own argument


@pytest.mark.parametrize("peer", ["127.0.0.1", "127.8.9.1", "::1", "::ffff:127.0.0.1"])
@pytest.mark.parametrize(
    "host", ["localhost", "localhost:8000", "LOCALHOST:1", "127.0.0.1:8000", "[::1]:8000", "[::1]"]
)
def test_a_request_from_this_machine_to_this_machine_is_local(peer: str, host: str) -> None:
    assert is_local(request(peer, {"host": host}), config())
    assert is_local(request(peer, {"host": host, "origin": "http://localhost:5173"}), config())


@pytest.mark.parametrize("peer", [None, "10.0.0.1", "172.17.0.1", "::ffff:10.0.0.1", "testclient", "2001:db8::1"])
def test_a_peer_from_elsewhere_is_not_local(peer: str | None) -> None:
    assert not is_local(request(peer), config())


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"host": ""},
        {"host": "evil.example"},
        {"host": "localhost.evil.example"},
        {"host": "127.0.0.1.evil.example"},
        {"host": "localhost@evil.example"},
        {"host": "evil.example@localhost"},
        {"host": "localhost", "origin": "http://evil.example@localhost"},
        {"host": "localhost", "sec-fetch-site": "cross-site"},
        {"host": "["},
        {"host": "localhost", "origin": "http://evil.example"},
        {"host": "localhost", "origin": "null"},
        {"host": "localhost", "origin": "http://localhost.evil.example"},
        [("host", "localhost"), ("host", "evil.example")],
        [("host", "localhost"), ("origin", "http://localhost"), ("origin", "http://evil.example")],
    ],
)
def test_another_name_or_a_page_from_elsewhere_is_not_local(headers: dict[str, str]) -> None:
    assert not is_local(request(headers=headers), config())


@pytest.mark.parametrize(
    "name",
    [
        "X-Forwarded-For", "X-Forwarded-Host", "X-Forwarded-Proto", "Forwarded", "X-Real-IP", "Via", "CF-Connecting-IP",
        "X-Forwarded", "Client-IP", "X-Originating-IP", "X-ProxyUser-Ip", "X-Remote-Addr", "X-Azure-ClientIP",
        "X-AppEngine-User-IP", "CF-Ray", "True-Client-IP", "Tailscale-User-Login", "X-Envoy-External-Address",
    ],
)  # fmt: skip
def test_what_came_through_a_proxy_is_not_local(name: str) -> None:
    assert not is_local(request(headers={**LOCAL, name: "127.0.0.1"}), config())


def test_nothing_is_local_behind_a_public_address() -> None:
    assert not is_local(request(), config(public_url="https://obs.example.org"))


@pytest.mark.parametrize(
    ("hops", "forwarded", "address"),
    [
        (0, ["198.51.100.7"], "10.0.0.1"),
        (1, ["192.0.2.1, 198.51.100.7"], "198.51.100.7"),
        (2, ["192.0.2.1, 198.51.100.7"], "192.0.2.1"),
        (2, ["192.0.2.1", "198.51.100.7"], "192.0.2.1"),
        (3, ["192.0.2.1, 198.51.100.7"], "10.0.0.1"),
        (1, [], "10.0.0.1"),
        (1, ["198.51.100.7:4711"], "198.51.100.7"),
        (1, ["[2001:db8::7]:4711"], "2001:db8::7"),
        (1, ["2001:db8::7"], "2001:db8::7"),
        (1, ["nonsense"], "10.0.0.1"),
        (1, [""], "10.0.0.1"),
    ],
)
def test_only_trusted_hops_say_where_a_request_comes_from(hops: int, forwarded: list[str], address: str) -> None:
    headers = [("host", "localhost"), *(("x-forwarded-for", value) for value in forwarded)]
    assert client_address(request("10.0.0.1", headers), config(trusted_hops=hops)) == address
