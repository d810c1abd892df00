"""How fast all calls of a data folder are taken out, in each format, and what memory that takes.

python -m bench.export DATA_DIR
"""

import argparse
import resource
import time
from pathlib import Path

from callscope.app import create_app
from callscope.calls.exporting import Format
from callscope.config import load_config
from callscope.store.queries import CallFilter


def main() -> None:
    """Print rows a second, by the clock and by the processor, and the most memory so far."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data_dir", type=Path)
    options = parser.parse_args()
    exporter = create_app(load_config(data_dir=options.data_dir)).state.exporter
    for form in Format:
        read: list[int] = []
        clock, processor, size = time.perf_counter(), time.process_time(), 0
        for piece in exporter.written(CallFilter(), form, payloads=False, told=read.append):
            size += len(piece)
        rows = sum(read)
        rates = rows / (time.perf_counter() - clock), rows / (time.process_time() - processor)
        memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
        print(
            f"{form}: {rows:,} calls, {rates[0]:,.0f} a second, {rates[1]:,.0f} a second of processor, "
            f"{size:,} bytes, {memory} MiB"
        )


if __name__ == "__main__":
    main()
