"""What one server process counts: its requests, and what its Recorder wrote and refused."""

from callscope.monitoring.measures import Counter, Histogram

METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
NO_ANSWER = 499
"""The status of a request whose caller hung up before there was an answer, as nginx has it."""
SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)
ROWS = (1.0, 2.0, 5.0, 10.0, 25.0, 50.0, 100.0, 250.0, 500.0, 1_000.0, 2_500.0, 5_000.0)


class ServerMeasures:
    """The measures of one app; `all` has each of them."""

    def __init__(self) -> None:
        self.requests = Counter("callscope_http_requests_total", "Requests answered.", ("method", "route", "status"))
        self.request_seconds = Histogram(
            "callscope_http_request_seconds", "From a request's headers to the beginning of its answer.", SECONDS,
            ("method", "route"),
        )  # fmt: skip
        self.stored = Counter(
            "callscope_ingest_rows_total",
            "Calls, ratings and other changes handed to the Recorder, by what became of them.",
            ("result",),
        )
        self.commit_seconds = Histogram(
            "callscope_commit_seconds", "One write transaction of the Recorder, with waiting for its turn.", SECONDS
        )
        self.commit_rows = Histogram("callscope_commit_rows", "Changes in one write transaction.", ROWS)
        self.all = (self.requests, self.request_seconds, self.stored, self.commit_seconds, self.commit_rows)
        for result in ("stored", "queue_full", "not_stored", "unconfirmed", "refused"):
            self.stored.add((result,), 0)  # an alert on what has never happened needs its 0

    def request(self, method: str, route: str, status: int, seconds: float) -> None:
        """A request came to its end. `route` is a template, `seconds` the time to the beginning of the answer."""
        if method not in METHODS:
            method = "other"
        self.requests.add((method, route, str(status or NO_ANSWER)))
        self.request_seconds.observe((method, route), seconds)

    def written(self, result: str, rows: int) -> None:
        """So many changes were stored, or refused for this reason."""
        self.stored.add((result,), rows)

    def committed(self, rows: int, seconds: float) -> None:
        """A transaction of the Recorder was committed."""
        self.commit_seconds.observe((), seconds)
        self.commit_rows.observe((), rows)
