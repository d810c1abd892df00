"""All benchmarks that need no prepared data: `make bench`. One of them: `make bench ARGS="dashboard DATA_DIR"`."""

import runpy
import sys

ALL = (
    ("bench.start", []),
    ("bench.ingest", []),
    ("bench.ingest", ["--full"]),
    ("bench.ingest", ["--single"]),
    ("bench.overhead", []),
    ("bench.pricing", []),
)

named = [(f"bench.{sys.argv[1]}", sys.argv[2:])] if sys.argv[1:] else ALL
for module, arguments in named:
    print(f"\n{module} {' '.join(arguments)}".rstrip(), flush=True)
    sys.argv = [module, *arguments]
    runpy.run_module(module, run_name="__main__")
