"""All benchmarks that need no prepared data: `make bench`."""

import runpy
import sys

for module, arguments in (
    ("bench.start", []),
    ("bench.ingest", []),
    ("bench.ingest", ["--full"]),
    ("bench.ingest", ["--single"]),
):
    print(f"\n{module} {' '.join(arguments)}".rstrip(), flush=True)
    sys.argv = [module, *arguments]
    runpy.run_module(module, run_name="__main__")
