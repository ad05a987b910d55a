"""An archive with broken articles in it, labelled by a run that is killed again and again.

Run as ``python -m benchmarks.broken --articles 10000 --broken 200 [--words 60]``.

Makes a folder of text files and JSON lines in which some articles are broken or odd, labels it once undisturbed and once
killed (SIGKILL) at random moments and started again, and prints what was refused and whether both runs left the same bytes.
The exit code is 1 where an article was lost, a broken one not named with its place, or a byte differs.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks.texts import ROOT, texts

#: What breaks an article that stands in a file of its own, and the reason for which it is refused; None: it is labelled.
FILES: dict[str, tuple[bytes, str | None]] = {
    "empty": (b"", "empty"),
    "blank": (b" \n\t\n", "empty"),
    "binary": (b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", "binary"),
    "nul": (b"The minister said no.\0He left.", "binary"),
    "latin-1": ("The café is open, Renée said.".encode("latin-1"), "not UTF-8"),
    "utf-16": ("The border is open, he said.".encode("utf-16"), "not UTF-8"),
    "5-mb": (b"The border is open, the minister said. " * 130_000, "more than"),
    "no-spaces": (b"theborderisopen" * 2000, None),
    "quotation-marks": ("“”\"'«»‘’".encode() * 100, None),
    "emoji": ("😀 👩‍👩‍👧‍👦 🇺🇦 ".encode() * 50, None),
    "right-to-left": ("قال الوزير إن الحدود مفتوحة. ".encode() * 20, None),
}
#: The same for a line of JSON lines.
LINES: dict[str, tuple[bytes, str | None]] = {
    "torn": (b'{"id": "torn", "text": "The minister sa', "no JSON"),
    "list": (b'["The minister said no."]', "expected an object"),
    "number": (b'{"id": "number", "text": 7}', "expected 'text' to be a text"),
    "no-text": (b'{"id": "no-text", "text": " "}', "no text"),
    "nul-escaped": (rb'{"id": "nul-escaped", "text": "He said no.\u0000"}', "binary"),
    "half-pair": (rb'{"id": "half-pair", "text": "He said \ud83d no."}', "half a surrogate pair"),
    "latin-1-line": ('{"id": "x", "text": "Renée said no."}'.encode("latin-1"), "not UTF-8"),
    "5-mb-line": (json.dumps({"id": "5-mb-line", "text": "He said no. " * 430_000}).encode(), "characters"),
}


@dataclass
class Archive:
    """A folder of articles: how many are to be labelled, and by its place why each of the others is refused."""

    folder: Path
    labelled: int = 0
    refused: dict[str, str] = field(default_factory=dict)

    def add(self, place: str, reason: str | None) -> None:
        """Notes an article at ``path`` or ``path:line``."""
        if reason is None:
            self.labelled += 1
        else:
            self.refused[place] = reason


def archive(folder: Path, good: Iterator[str], articles: int, broken: int) -> Archive:
    """Writes ``articles`` articles, ``broken`` of them broken or odd: half as files, half in JSON lines of a hundred each."""
    made = Archive(folder)
    chance = random.Random(1)
    harmed = set(chance.sample(range(articles), broken))
    kinds = {True: list(FILES.items()), False: list(LINES.items())}
    turn = Counter[bool]()
    lines: list[tuple[bytes, str | None]] = []
    for number in range(articles):
        single = number % 2 == 0
        if number in harmed:
            name, (data, reason) = kinds[single][turn[single] % len(kinds[single])]
            turn[single] += 1
        else:
            name, reason = "good", None
            data = next(good).encode()
            if not single:
                data = json.dumps({"id": f"good-{number}", "text": data.decode()}).encode()
        if single:
            path = folder / f"{number // 2000:02}" / f"{number:06}-{name}.txt"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(data)
            made.add(str(path), reason)
        else:
            lines.append((data, reason))
    for start in range(0, len(lines), 100):
        path = folder / f"records-{start:06}.jsonl"
        some = lines[start : start + 100]
        path.write_bytes(b"\n".join(data for data, _ in some) + b"\n")
        for number, (_, reason) in enumerate(some, 1):
            made.add(f"{path}:{number}", reason)
    return made


def label(folder: Path, out: Path) -> subprocess.Popen[bytes]:
    """Starts ``stance label`` on a folder; what it refuses goes to ``out.errors``."""
    command = [sys.executable, "-c", "from stance.cli import main; main()", "label", str(folder), "-o", str(out)]
    return subprocess.Popen([*command, "--errors", f"{out}.errors"], cwd=ROOT, stderr=subprocess.DEVNULL)


def killed(folder: Path, out: Path, times: int, total: int) -> list[int]:
    """Labels a folder to the end, killed so many times on the way; how many articles were done at each kill."""
    part = out.with_name(out.name + ".part")
    chance = random.Random(2)
    moments = sorted(chance.sample(range(1, total), times))
    done = []
    for moment in moments:
        run = label(folder, out)
        while run.poll() is None and not (part.exists() and part.read_bytes().count(b"\n") >= moment):
            time.sleep(0.02)
        time.sleep(chance.random() / 20)
        run.send_signal(signal.SIGKILL)
        if run.wait() == -signal.SIGKILL:
            done.append(part.read_bytes().count(b"\n"))
    label(folder, out).wait()
    return done


def faults(made: Archive, out: Path) -> Iterator[str]:
    """What a run has lost, or not named."""
    told = [json.loads(line)["error"] for line in Path(f"{out}.errors").read_text("utf-8").splitlines()]
    for place, reason in made.refused.items():
        if len([t for t in told if t.startswith(f"{place}: ") and reason in t]) != 1:
            yield f"{place}: expected one error with {reason!r}"
    if len(told) != len(made.refused):
        yield f"{len(told)} errors, expected {len(made.refused)}"
    with out.open(encoding="utf-8") as file:
        labelled = [json.loads(line)["id"] for line in file]
    if len(labelled) != made.labelled or len(set(labelled)) != made.labelled:
        yield f"{len(labelled)} articles labelled under {len(set(labelled))} ids, expected {made.labelled}"


def main() -> None:
    """Makes the archive, labels it twice, prints what came of it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--articles", type=int, default=10_000)
    parser.add_argument("--broken", type=int, default=200)
    parser.add_argument("--kills", type=int, default=5)
    parser.add_argument("--words", type=int, help="cut the good articles to so many words, at the end of a paragraph")
    given = parser.parse_args()
    with TemporaryDirectory() as scratch:
        folder, whole, out = (Path(scratch) / name for name in ("archive", "whole.jsonl", "out.jsonl"))
        made = archive(folder, texts(given.words), given.articles, given.broken)
        started = time.perf_counter()
        run = label(folder, whole)
        _, _, usage = os.wait4(run.pid, 0)
        seconds = time.perf_counter() - started
        print(f"{given.articles} articles, {given.broken} broken or odd, {len(made.refused)} of these to be refused")
        print(f"undisturbed: {seconds:.0f} s, {usage.ru_maxrss * 1024 / 1e6:.0f} MB")
        lost = list(faults(made, whole))
        done = killed(folder, out, given.kills, made.labelled)
        print(f"killed {len(done)} times, after {', '.join(map(str, done))} articles")
        same = out.read_bytes() == whole.read_bytes() and same_errors(out, whole)
        print(f"labels and errors of both runs: {'the same bytes' if same else 'NOT the same'}")
        for reason, number in Counter(made.refused.values()).most_common():
            print(f"  refused: {reason}: {number}")
    for fault in lost:
        print(fault)
    if lost or not same or len(done) < given.kills:
        sys.exit(1)


def same_errors(one: Path, other: Path) -> bool:
    """Whether two runs refused the same."""
    return Path(f"{one}.errors").read_bytes() == Path(f"{other}.errors").read_bytes()


if __name__ == "__main__":
    main()
