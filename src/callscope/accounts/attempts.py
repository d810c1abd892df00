"""How often somebody may try: failed logins for each address and account, registrations for each address.

Counted in the memory of each process; a success costs nothing. An account's failures count for each address apart: whoever
fails from elsewhere does not keep its owner out. Only as many as a whole network of machines makes do.
"""

import math
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from ipaddress import IPv6Address, ip_address
from typing import TYPE_CHECKING

from callscope.api.errors import ApiError, TooMany

if TYPE_CHECKING:
    from limits import RateLimitItem

FAILURES_PER_ADDRESS = 20
FAILURES_PER_ACCOUNT = 10
"""From one address."""
FAILURES_FROM_EVERYWHERE = 100
"""For one account."""
FAILURE_MINUTES = 5
REGISTRATIONS_PER_ADDRESS = 60
REGISTRATION_MINUTES = 10


class TooManyAttempts(TooMany):
    """Refused for now: too many failed logins, or registrations, of late."""

    def __init__(self, what: str, retry_after: int) -> None:
        super().__init__(f"Too many {what}. Try again in {retry_after} seconds.", retry_after)


class Attempts:
    """The counts of one process."""

    def __init__(self) -> None:
        from limits import RateLimitItemPerMinute
        from limits.storage import MemoryStorage
        from limits.strategies import MovingWindowRateLimiter

        self._limiter = MovingWindowRateLimiter(MemoryStorage())
        self._by_address = RateLimitItemPerMinute(FAILURES_PER_ADDRESS, FAILURE_MINUTES, namespace="address")
        self._by_account = RateLimitItemPerMinute(FAILURES_PER_ACCOUNT, FAILURE_MINUTES, namespace="account")
        self._everywhere = RateLimitItemPerMinute(FAILURES_FROM_EVERYWHERE, FAILURE_MINUTES, namespace="everywhere")
        self._registering = RateLimitItemPerMinute(REGISTRATIONS_PER_ADDRESS, REGISTRATION_MINUTES, namespace="new")
        self._running: Counter[tuple[str, str]] = Counter()
        self._lock = threading.Lock()

    @contextmanager
    def login(self, address: str, account: str) -> Iterator[None]:
        """Around one try to log in; an ApiError raised inside counts it as failed.

        A try that is still running counts as failed, so that many at once find out no more than one after the other.
        Raises TooManyAttempts before anything is tried.
        """
        network = _network(address)
        places = [
            (self._by_address, network),
            (self._by_account, f"{account} {network}"),
            (self._everywhere, account),
        ]
        with self._lock:
            for item, key in places:
                self._check(item, key)
            self._running.update((item.namespace, key) for item, key in places)
        try:
            yield
        except ApiError:
            for item, key in places:
                self._limiter.hit(item, key)
            raise
        finally:
            with self._lock:
                for item, key in places:
                    self._running[item.namespace, key] -= 1
                    if not self._running[item.namespace, key]:
                        del self._running[item.namespace, key]

    def registration(self, address: str) -> None:
        """Count a registration; raises TooManyAttempts."""
        key = _network(address)
        if not self._limiter.hit(self._registering, key):
            raise TooManyAttempts("registrations from your address", self._wait(self._registering, key))

    def _check(self, item: "RateLimitItem", key: str) -> None:
        left = self._limiter.get_window_stats(item, key).remaining
        if left - self._running[item.namespace, key] <= 0:
            raise TooManyAttempts("failed logins", self._wait(item, key))

    def _wait(self, item: "RateLimitItem", key: str) -> int:
        stats = self._limiter.get_window_stats(item, key)
        return max(1, math.ceil(stats.reset_time - time.time())) if stats.remaining <= 0 else 1


def _network(address: str) -> str:
    """What one person has of addresses: an IPv4 address, or the /64 that an IPv6 customer is given."""
    try:
        parsed = ip_address(address)
    except ValueError:
        return address
    if isinstance(parsed, IPv6Address):
        return str(parsed.ipv4_mapped or IPv6Address(int(parsed) >> 64 << 64))
    return str(parsed)
