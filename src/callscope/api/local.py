"""Where a request comes from: from this machine itself, and from which address.

Trust hangs on the answers (demo logins, registration), so whatever is in doubt is not local.
"""

from functools import lru_cache
from ipaddress import IPv6Address, ip_address
from urllib.parse import urlsplit

from starlette.requests import HTTPConnection

from callscope.config import Config

FORWARDING_HEADERS = frozenset(
    {
        b"forwarded", b"via", b"client-ip", b"true-client-ip", b"x-real-ip", b"x-client-ip", b"x-cluster-client-ip",
        b"x-original-host", b"x-originating-ip", b"x-proxyuser-ip", b"x-remote-addr", b"x-azure-clientip",
        b"x-appengine-user-ip", b"cf-connecting-ip", b"cf-ray", b"fastly-client-ip", b"tailscale-user-login",
    }
)  # fmt: skip
FORWARDING_PREFIXES = (b"x-forwarded", b"x-envoy-")


def is_local(request: HTTPConnection, config: Config) -> bool:
    """Whether the request comes from this machine, without a proxy between.

    Its peer, its `Host` and its `Origin` (if any) must be loopback: `Host` against rebound DNS names, `Origin`
    (and what the browser itself says in `Sec-Fetch-Site`) against pages from elsewhere that are open in a browser
    here. A forwarding header, or a configured public address, means that there is a proxy, which makes everybody
    look local.
    """
    if config.public_url or request.client is None or not is_loopback(request.client.host):
        return False
    hosts = 0
    for name, value in request.scope["headers"]:
        if name in FORWARDING_HEADERS or name.startswith(FORWARDING_PREFIXES):
            return False
        if name == b"sec-fetch-site" and value == b"cross-site":
            return False
        if name == b"host":
            hosts += 1
            if not is_loopback(_host_of(f"//{value.decode('latin-1')}")):
                return False
        elif name == b"origin" and not is_loopback(_host_of(value.decode("latin-1"))):
            return False
    return hosts == 1


def client_address(request: HTTPConnection, config: Config) -> str:
    """The address that the request comes from, for limits and logs.

    With `trusted_hops` proxies in front, it is that many entries from the right of `X-Forwarded-For`: those further
    left are whatever the client wrote. Without them, or when the header has too few, it is the peer's.
    """
    peer = request.client.host if request.client else "unknown"
    if not config.trusted_hops:
        return peer
    entries = [part.strip() for value in request.headers.getlist("x-forwarded-for") for part in value.split(",")]
    if len(entries) < config.trusted_hops:
        return peer
    return _plain_address(entries[-config.trusted_hops]) or peer


@lru_cache(maxsize=256)
def is_loopback(host: str) -> bool:
    """Whether a host name or address, without a port, is this machine's own."""
    if host == "localhost":
        return True
    try:
        address = ip_address(host)
    except ValueError:
        return False
    if isinstance(address, IPv6Address) and address.ipv4_mapped is not None:
        return address.ipv4_mapped.is_loopback
    return address.is_loopback


def _host_of(url: str) -> str:
    if "@" in url:  # names a user before the host, which neither header can
        return ""
    try:
        return urlsplit(url).hostname or ""
    except ValueError:
        return ""


def _plain_address(entry: str) -> str | None:
    """The address of one `X-Forwarded-For` entry, which some proxies write with a port."""
    if entry.startswith("["):
        entry = entry[1:].partition("]")[0]
    elif entry.count(":") == 1:
        entry = entry.partition(":")[0]
    try:
        return str(ip_address(entry))
    except ValueError:
        return None
