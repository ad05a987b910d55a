"""Makes the texts that are annotated here from what carries them (README.md tells where to find it), a file each.

python data/standoff/texts.py --reuters package/data/full --lee gensim/test/test_data -o texts
python data/standoff/texts.py --dse2qa CORPORA/dse2qa --newsmtsc CORPORA/newsmtsc --unscon CORPORA/unscon -o texts
python data/standoff/texts.py --conflict-news CORPORA/conflict_news -o texts
"""

from __future__ import annotations

import argparse
import csv
import json
import re
from collections.abc import Iterator
from pathlib import Path

_CLOSING = re.compile(r"\s*R\s?e\s?u\s?t\s?e\s?r\s*\x03?\s*$", re.IGNORECASE)
_PARAGRAPH = re.compile(r"\n\s*\n|\n(?= {3,})")
_STATE = re.compile(r"_spch\d+_(.*?)\d*(?:_(?:neg|pos).*|_\d+.*)?(?:_GD)?$")
_SENTENCE = re.compile(r'(?<=[.!?])"? (?=["A-Z0-9])')


def reuters(folder: Path) -> Iterator[tuple[str, str]]:
    """Reuters-21578, as (id, text): lines are joined to paragraphs, which begin indented; the closing word `Reuter` goes."""
    for file in sorted(folder.glob("*.json")):
        for article in json.loads(file.read_text("utf-8")):
            body = _CLOSING.sub("", article.get("body") or "")
            paragraphs = (" ".join(part.split()) for part in _PARAGRAPH.split(body))
            yield f"reuters-{article['id']}", "\n\n".join(p for p in paragraphs if p)


def lee(folder: Path) -> Iterator[tuple[str, str]]:
    """The Lee corpus, as (id, text): a line is an article; its paragraphs, mostly a sentence each, are set apart again."""
    for name, encoding in (("lee", "cp1252"), ("lee_background", "utf-8")):
        lines = (folder / f"{name}.cor").read_bytes().decode(encoding).strip().split("\n")
        for number, line in enumerate(lines, 1):
            yield f"{name.replace('_', '-')}-{number:03d}", "\n\n".join(_sentences(line.strip()))


def _sentences(line: str) -> Iterator[str]:
    """No paragraph ends inside a quotation, unless the next one opens it again."""
    start = 0
    for match in _SENTENCE.finditer(line):
        after = match.end()
        if line[start:after].count('"') % 2 == 0 or line[after] == '"':
            yield line[start : after - 1]
            start = after
    if line[start:]:
        yield line[start:]


def dse2qa(folder: Path) -> Iterator[tuple[str, str]]:
    """The sentences of dse2qa, as (id, text), without brackets around names; the number is the line of its file."""
    for file in sorted(folder.glob("*.txt")):
        part = "" if file.stem == "train" else f"-{file.stem}"
        for number, line in enumerate(file.read_text("utf-8").split("\n"), 1):
            text = line.split("\t")[0].replace("[", "").replace("]", "").strip()
            if text.startswith('"') and text.endswith('"') and '""' in text:
                text = text[1:-1]
            if text:
                yield f"dse2qa{part}-{number:05d}", " ".join(text.replace('""', '"').split())


def conflict_news(folder: Path) -> Iterator[tuple[str, str]]:
    """The articles of conflict_news, as (id, text)."""
    for line in (folder / "articles.jsonl").read_text("utf-8").strip().split("\n"):
        article = json.loads(line)
        yield article["id"], article["text"].strip()


def newsmtsc(folder: Path) -> Iterator[tuple[str, str]]:
    """The sentences of NewsMTSC, as (id, text); the number is the line of its file."""
    for file in sorted(folder.glob("*.jsonl")):
        part = file.stem.removeprefix("train").replace("devtest_", "-")
        for number, line in enumerate(file.read_text("utf-8").strip().split("\n"), 1):
            yield f"newsmtsc{part}-{number:05d}", " ".join(json.loads(line)["sentence_normalized"].split())


def unscon(folder: Path) -> Iterator[tuple[str, str]]:
    """The excerpts of UNSCon, as (id, text): the speaking state and a colon, then its sentences, signs close to the words."""
    excerpts: dict[str, list[str]] = {}
    with (folder / "conflict_annotations_sentences.csv").open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            excerpts.setdefault(row["file_id"].removesuffix(".txt"), []).append(_plain(row["sentence_text"]))
    for name, sentences in excerpts.items():
        state = _STATE.search(name)
        if state:
            words = state[1].replace("_", " ").replace(" Of ", " of ").replace(" And ", " and ")
            yield f"unscon-{name[10:]}", f"{words}: {' '.join(filter(None, sentences))}"


def _plain(sentence: str) -> str:
    sentence = re.sub(r"\s+([,.;:!?)\]’])", r"\1", " ".join(sentence.split()))
    sentence = re.sub(r"\s+(['’](?:s|re|ve|ll|d|m)\b)", r"\1", re.sub(r"([(\[])\s+", r"\1", sentence))
    return re.sub(r"(\w) - (\w)", r"\1-\2", sentence)


def main() -> None:
    """Writes a file for each article."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--reuters", type=Path, help="folder of reuters-*.json")
    parser.add_argument("--lee", type=Path, help="folder of lee.cor and lee_background.cor")
    parser.add_argument("--dse2qa", type=Path, help="folder of train.txt, valid.txt and test.txt")
    parser.add_argument("--newsmtsc", type=Path, help="folder of train.jsonl, devtest_rw.jsonl and devtest_mt.jsonl")
    parser.add_argument("--unscon", type=Path, help="folder of conflict_annotations_sentences.csv")
    parser.add_argument("--conflict-news", type=Path, help="folder of articles.jsonl")
    parser.add_argument("-o", "--output", type=Path, required=True, help="folder for the texts, a file each")
    given = parser.parse_args()
    given.output.mkdir(parents=True, exist_ok=True)
    sources = (
        (reuters, given.reuters),
        (lee, given.lee),
        (dse2qa, given.dse2qa),
        (newsmtsc, given.newsmtsc),
        (unscon, given.unscon),
        (conflict_news, given.conflict_news),
    )
    for source, folder in sources:
        for name, text in source(folder) if folder else ():
            (given.output / f"{name}.txt").write_text(text + "\n", "utf-8", newline="\n")


if __name__ == "__main__":
    main()
