"""How large a cluster has to be for an archive: cores, hours and storage, from what this machine does.

Run as ``python benchmarks/sizing.py --articles 100000000 --sample 200``.

Labels a sample of the project's own texts in one thread, as a worker of ``--engine ray`` does, and prints what that makes for
the archive. Hours are articles over (cores times articles a second per core), no more than one reader can read.
"""

from __future__ import annotations

import argparse
import json
import platform
import resource
import tempfile
import time
from pathlib import Path

import stance
from stance.classifier import label_articles
from stance.cluster import read_parts
from stance.errors import ArticleError
from stance.output import write_labelled
from stance.records import Article

ROOT = Path(__file__).parent.parent
CORES = (16, 64, 256, 1024)


def sample(size: int) -> list[Article]:
    """The seeds and, spread evenly over them, authored articles: ``size`` texts."""
    paths = [ROOT / "seeds", ROOT / "data/annotations/authored"]
    articles = [a for a in stance.read_articles(paths) if not isinstance(a, ArticleError)]
    step = max(1, len(articles) // size)
    return articles[::step][:size]


def main() -> None:
    """Measures and prints the table."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--articles", type=int, default=100_000_000, help="in the archive")
    arguments.add_argument("--sample", type=int, default=200, help="articles to label here")
    given = arguments.parse_args()

    articles = sample(given.sample)
    classifier = stance.load(threads=1)
    classifier.classify(articles[0].text)
    started = time.perf_counter()
    labelled = list(label_articles(classifier, articles, print))
    speed = len(articles) / (time.perf_counter() - started)
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1e6

    with tempfile.TemporaryDirectory() as folder:
        texts = Path(folder) / "in.jsonl"
        lines = [json.dumps({"id": a.id, "text": a.text}, ensure_ascii=False) + "\n" for a in articles]
        texts.write_text("".join(lines), "utf-8")
        made_by = {"stance": stance.__version__, "model": classifier.digest, "options": "0" * 8}
        forms = {}
        for form in ("jsonl", "parquet"):
            path = Path(folder) / f"out.{form}"
            write_labelled(labelled, path, form, made_by=made_by)
            forms[form] = path.stat().st_size / len(articles)
        incoming = texts.stat().st_size / len(articles)
        started = time.perf_counter()
        for _ in read_parts([str(texts)], str(ROOT), Path(folder), ".jsonl", {}, 200):
            pass
        reading = len(articles) / (time.perf_counter() - started)

    characters = sum(len(a.text) for a in articles) / len(articles)
    print(f"{platform.processor() or platform.machine()}, Python {platform.python_version()}, one thread")
    print(f"sample: {len(articles)} articles of {characters:.0f} characters in the mean")
    print(f"labelling: {speed:.2f} articles/s per core; at most {memory:.0f} MB in the process")
    print(f"reading: {reading:.0f} articles/s in the one reader, which is enough for {reading / speed:.0f} cores")
    print(f"bytes an article: {incoming:.0f} in, {forms['jsonl']:.0f} out as JSON lines, {forms['parquet']:.0f} as Parquet\n")
    print(f"{given.articles:,} articles".replace(",", " "))
    print("| cores | hours | core hours | in, GB | JSON lines, GB | Parquet, GB |\n| --- | --- | --- | --- | --- | --- |")
    for cores in CORES:
        hours = given.articles / min(cores * speed, reading) / 3600
        sizes = " | ".join(f"{size * given.articles / 1e9:.0f}" for size in (incoming, forms["jsonl"], forms["parquet"]))
        print(f"| {cores} | {hours:.1f} | {hours * cores:.0f} | {sizes} |")


if __name__ == "__main__":
    main()
