"""The diffs that a code review bot is shown, and what it says of them."""

SYSTEM = (
    "You review pull requests of a payments team. Name bugs, races, missing tests and unclear names, with the line. "
    "Do not praise. If nothing is wrong, say so in one sentence. Answer in Markdown unless a JSON schema is given."
)

FILES = (
    "billing/invoices.py", "billing/retries.py", "api/webhooks.py", "ledger/postings.py", "ledger/balances.py",
    "web/src/checkout.ts", "web/src/session.ts", "cmd/settle/main.go", "internal/queue/worker.go", "risk/score.py",
)  # fmt: skip
FUNCTIONS = (
    "settle_invoice", "retry_payment", "post_entry", "load_customer", "refund_partial", "verify_signature",
    "close_period", "enqueue_payout", "score_transaction", "rotate_token",
)  # fmt: skip

CHANGES: tuple[tuple[str, str, str], ...] = (
    (
        "@@ -{line},7 +{line},9 @@ def {function}(customer_id, amount):\n"
        "-    balance = get_balance(customer_id)\n"
        "+    balance = cache.get(customer_id) or get_balance(customer_id)\n"
        "     if balance < amount:\n"
        "         raise InsufficientFunds(customer_id)\n"
        "+    cache.set(customer_id, balance - amount)\n"
        "     debit(customer_id, amount)\n",
        "**{file}:{line}** A balance of 0 is falsy, so `cache.get(…) or …` reads the database for every empty account. "
        "Compare with `None`.\n\n**{file}:{after}** The cache is written before `debit` succeeds. If it raises, the "
        "cached balance is too low until it expires. Write it after, or drop the entry.",
        "stale cache",
    ),
    (
        "@@ -{line},5 +{line},11 @@ def {function}(event):\n"
        "+    for attempt in range(10):\n"
        "+        try:\n"
        "+            return client.post(url, json=event)\n"
        "+        except Exception:\n"
        "+            time.sleep(1)\n"
        "-    return client.post(url, json=event)\n",
        "**{file}:{line}** `except Exception` also retries programming errors, ten times. Catch the transport errors.\n\n"
        "**{file}:{after}** A constant pause makes all workers come back together. Use exponential back-off with jitter, "
        "and an idempotency key: the first attempt may have gone through.",
        "blind retry",
    ),
    (
        "@@ -{line},6 +{line},8 @@ export async function {function}(id: string) {{\n"
        "+  const user = await db.query(`SELECT * FROM users WHERE id = '${{id}}'`);\n"
        "-  const user = await db.users.find(id);\n"
        "+  if (!user) return null;\n"
        "   return toSession(user);\n",
        "**{file}:{line}** This is an SQL injection: `id` comes from the request. Use a parameter (`WHERE id = $1`).\n\n"
        "**{file}:{after}** Returning `null` changes the contract of `{function}`; its three callers do not check it.",
        "SQL injection",
    ),
    (
        "@@ -{line},8 +{line},8 @@ func {function}(ctx context.Context, jobs <-chan Job) error {{\n"
        "-\tfor job := range jobs {{\n"
        "-\t\tif err := run(ctx, job); err != nil {{ return err }}\n"
        "+\tfor job := range jobs {{\n"
        "+\t\tgo func() {{ _ = run(ctx, job) }}()\n"
        " \t}}\n",
        "**{file}:{line}** The error of `run` is dropped, and nothing waits for the goroutines: on shutdown work is cut "
        "off silently. An `errgroup` with a limit does both.\n\n**{file}:{after}** The number of goroutines is unbounded.",
        "lost errors",
    ),
    (
        "@@ -{line},4 +{line},6 @@ def {function}(rows):\n"
        "-    total = sum(row.amount for row in rows)\n"
        "+    total = 0.0\n"
        "+    for row in rows:\n"
        "+        total += float(row.amount)\n"
        "     return round(total, 2)\n",
        "**{file}:{line}** Money as `float`: with some thousand rows the cents will be off. `row.amount` is a `Decimal` "
        "already; the old line was right.\n\nPlease add a test with 0.1 + 0.2.",
        "float money",
    ),
    (
        "@@ -{line},3 +{line},4 @@ class Settings:\n"
        "     timeout_s: int = 30\n"
        "+    max_retries: int = 3\n"
        '     region: str = "eu-central-1"\n',
        "Nothing is wrong with this change. `{function}` does not read `max_retries` yet; that may be the next commit.",
        "none",
    ),
)

DEVELOPERS = ("amara", "ben", "chiara", "dmitri", "elif", "femi", "greta", "hiroshi", "ines", "jonas", "kavya", "liam")
COMMENTS = {
    1: ("False alarm, the function is never called there.", "It invented a line that is not in the diff."),
    2: ("Nitpicking. The real bug was two lines above.", None),
    3: (None, "Half of it is right."),
    4: ("Good catch, though worded harshly.", None, None),
    5: ("Found a race that three of us had missed!", None, "Exactly."),
}
