"""Measure how long the process `katas list` takes, in turns with `python -c "import numpy"` for comparison.

python benchmarks/list_latency.py [--rounds 21]
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import time
from pathlib import Path
from statistics import median

from graders.checks.speed import median_interval

ROOT = Path(__file__).parents[1]


def seconds(command: list[str]) -> float:
    started = time.perf_counter()
    subprocess.run(command, cwd=ROOT, stdout=subprocess.DEVNULL, check=True)
    return time.perf_counter() - started


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=21)
    listing = [str(Path(sys.executable).with_name("katas")), "list"]
    yardstick = [sys.executable, "-c", "import numpy"]
    print("list : " + " ".join(listing))
    print("numpy: " + " ".join(yardstick))
    pairs = [(seconds(listing), seconds(yardstick)) for _ in range(parser.parse_args().rounds)]
    middle, low, high = median_interval([a / b for a, b in pairs])
    print(
        f"list : median {1e3 * median(a for a, _ in pairs):.0f} ms; numpy: {1e3 * median(b for _, b in pairs):.0f} ms"
    )
    print(f"katas list takes {middle:.2f}× as long as importing numpy ({low:.2f} to {high:.2f})")


if __name__ == "__main__":
    main()
