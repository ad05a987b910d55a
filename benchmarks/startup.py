"""How long the commands take from start to end, and how much memory they hold.

Run as ``python benchmarks/startup.py``.

Prints the median of five runs of each, wall clock, on this machine; memory is the most that a run held.
"""

from __future__ import annotations

import os
import resource
import shutil
import statistics
import subprocess
import sys
import time
from pathlib import Path

RUNS = 5
ROOT = Path(__file__).parent.parent


def measured(command: list[str]) -> tuple[float, float]:
    """Seconds and MB (10^6 bytes) of one run."""
    started = time.perf_counter()
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, cwd=ROOT)
    _, status, usage = os.wait4(process.pid, 0)
    seconds = time.perf_counter() - started
    if status:
        sys.exit(f"{' '.join(command)} failed with status {status}")
    return seconds, usage.ru_maxrss * 1024 / 1e6


def main() -> None:
    """Measures import, one seed and all seeds."""
    stance = shutil.which("stance") or sys.exit("stance is not installed")
    seeds = sorted(str(p) for p in (ROOT / "seeds").glob("*.txt"))
    print(f"{os.cpu_count()} cores, Python {sys.version.split()[0]}; median of {RUNS} runs")
    print(f"{'':30}{'seconds':>9}{'MB':>8}")
    for name, command in (
        ("python, nothing imported", [sys.executable, "-c", "pass"]),
        ("python, import stance", [sys.executable, "-c", "import stance"]),
        ("stance label, one seed", [stance, "label", seeds[0]]),
        ("stance label, five seeds", [stance, "label", *seeds]),
    ):
        runs = [measured(command) for _ in range(RUNS)]
        seconds, memory = (statistics.median(values) for values in zip(*runs, strict=True))
        print(f"{name:30}{seconds:9.2f}{memory:8.0f}")
    print(f"(this program itself: {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1e6:.0f} MB)")


if __name__ == "__main__":
    main()
