"""Any number of articles that are all different, made of the project's own."""

from __future__ import annotations

import random
import re
from collections.abc import Iterator
from itertools import accumulate, count
from pathlib import Path

from stance.annotations import read_annotations

ROOT = Path(__file__).parent.parent
_PERSON = re.compile(r"[A-Z][\w’'\-]+ [A-Z][\w’'\-]+")


def texts(words: int | None = None) -> Iterator[str]:
    """The project's texts over and over: first as they are, then each time with other names and paragraphs in another order.

    With ``words``, of each only the first paragraphs: as many as have so many words together, and one at least.
    """
    annotated = ROOT / "data" / "annotations"
    articles = read_annotations([annotated / "seeds.jsonl", annotated / "authored"])
    people = sorted({name.split()[1] for article in articles for name in article.actors if _PERSON.fullmatch(name)})
    random.Random(0).shuffle(articles)
    for turn in count():
        for number, article in enumerate(articles):
            text = article.text
            if turn:
                chance = random.Random(f"{turn} {number}")
                for name in article.actors:
                    if _PERSON.fullmatch(name):
                        text = re.sub(rf"\b{re.escape(name.split()[1])}\b", chance.choice(people), text)
                paragraphs = text.split("\n\n")
                chance.shuffle(paragraphs)
                text = "\n\n".join(paragraphs)
            yield text if words is None else _head(text, words)


def _head(text: str, words: int) -> str:
    paragraphs = text.split("\n\n")
    lengths = accumulate(len(paragraph.split()) for paragraph in paragraphs)
    return "\n\n".join(paragraphs[: max(1, sum(length <= words for length in lengths))])
