"""Which articles to annotate next: those of whose labels the model is unsure, and that differ from what is annotated.

The most unsure articles are taken first, and among them one after another is chosen by uncertainty times difference, as in
Zhdanov, "Diverse mini-batch Active Learning" (2019), with the farthest-first choice of Sener and Savarese (ICLR 2018).
"""

from __future__ import annotations

import heapq
import math
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from stance.records import NONE, AnnotatedArticle, Article, Statement
from stance.runs import text_hash

_WORD = re.compile(r"\w+")
#: For each article that is asked for, so many of the most unsure are compared with each other.
_POOL = 50
#: Articles nearer than this have the same words.
_SAME = 1e-5
#: What an article without any statement is worth, so that it comes last and not never.
_LEAST = 1e-6
_SHOWN = 3
_LIKELY = 0.15
_WORDS = 70


@dataclass(frozen=True, kw_only=True)
class Suggestion:
    """An article to annotate, and why."""

    article: Article
    statements: tuple[Statement, ...]
    """What the model made of it, as it was given."""
    uncertainty: float
    """In bits a statement; see `uncertainty`."""
    nearest: str | None
    """The id of the nearest article that is annotated or was suggested before it; None where none shares a word."""
    distance: float
    """To the nearest: 0 for the same words, 1 for none in common."""


def unknown(articles: Iterable[Article], annotated: Iterable[AnnotatedArticle]) -> Iterator[Article]:
    """The articles that are not annotated, neither by id nor by text, each text once. White space is not compared."""
    ids: set[str] = set()
    texts: set[str] = set()
    for known in annotated:
        ids.add(known.id)
        texts.add(_words_hash(known.text))
    for article in articles:
        text = _words_hash(article.text)
        if article.id not in ids and text not in texts:
            texts.add(text)
            yield article


def _words_hash(text: str) -> str:
    return text_hash(" ".join(text.split()))


def doubt(statement: Statement) -> float:
    """How much the labels of a statement leave open, in bits: whether it is one, and if so, which positions it takes.

    The entropy of calibrated probabilities, by the chain rule, positions taken as independent: 0 where all are sure, 1 for
    each question at 0.5.
    """
    positions = (p for name, p in statement.scores.items() if name != NONE)
    return _entropy(statement.confidence) + statement.confidence * sum(map(_entropy, positions))


def _entropy(chance: float) -> float:
    return -sum(p * math.log2(p) for p in (chance, 1 - chance) if p > 0)


def uncertainty(statements: Sequence[Statement]) -> float:
    """The mean doubt of the statements, in bits.

    One sure statement is counted beside them: so a long article has no advantage, and one of a single statement none either.
    """
    return sum(map(doubt, statements)) / (len(statements) + 1)


def suggest(
    labelled: Iterable[tuple[Article, Sequence[Statement]]], annotated: Sequence[AnnotatedArticle], number: int
) -> list[Suggestion]:
    """The articles to annotate next, the most useful first: ``number`` of them, or fewer where there are no more that differ.

    Articles come with the statements that the model found, those included that it left out by a little. Each choice is the
    article with the highest uncertainty times distance to the nearest article that is annotated or chosen. Of all articles,
    only the 50 × ``number`` most unsure are kept in memory. Distance is 1 less the cosine of TF-IDF vectors of lower-cased
    words.
    """
    pool = heapq.nlargest(_POOL * number, ((uncertainty(s), n, a, s) for n, (a, s) in enumerate(labelled)), _unsure_first)
    if not pool:
        return []
    vectors = _Vectors([a.text for _, _, a, _ in pool] + [a.text for a in annotated])
    worth = np.array([max(u, _LEAST) for u, *_ in pool])
    distance = np.ones(len(pool))
    nearest: list[str | None] = [None] * len(pool)

    def near(row: int, name: str) -> None:
        found = vectors.distances(row)[: len(pool)]
        for i in np.flatnonzero(found < distance):
            nearest[i] = name
            distance[i] = found[i]

    for row, known in enumerate(annotated, len(pool)):
        near(row, known.id)
    chosen: list[Suggestion] = []
    while len(chosen) < number and (distance > _SAME).any():
        best = int(np.argmax(np.where(distance > _SAME, worth * distance, -1)))
        unsure, _, article, statements = pool[best]
        chosen.append(
            Suggestion(
                article=article,
                statements=tuple(statements),
                uncertainty=unsure,
                nearest=nearest[best],
                distance=float(distance[best]),
            )
        )
        near(best, article.id)
        distance[best] = 0.0
    return chosen


def _unsure_first(entry: tuple[float, int, Article, Sequence[Statement]]) -> tuple[float, int]:
    return entry[0], -entry[1]


class _Vectors:
    """TF-IDF of texts, rows of length 1, sparse: entry i stands in row ``rows[i]``, column ``columns[i]``."""

    def __init__(self, texts: Sequence[str]) -> None:
        counts = [Counter(_WORD.findall(text.lower())) for text in texts]
        numbers: dict[str, int] = {}
        self._columns = np.array([numbers.setdefault(word, len(numbers)) for row in counts for word in row], dtype=np.int32)
        sizes = [len(row) for row in counts]
        self._rows = np.repeat(np.arange(len(counts), dtype=np.int32), sizes)
        self._starts = np.concatenate(([0], np.cumsum(sizes)))
        often = np.array([times for row in counts for times in row.values()], dtype=float)
        articles = np.bincount(self._columns, minlength=len(numbers))
        weights = (1 + np.log(often)) * np.log((1 + len(counts)) / articles)[self._columns]
        lengths = np.sqrt(np.bincount(self._rows, weights**2, minlength=len(counts)))
        self._values: NDArray[np.float64] = weights / lengths[self._rows]
        self._count = len(counts)
        self._one = np.zeros(len(numbers))

    def distances(self, row: int) -> NDArray[np.float64]:
        """The cosine distance of each row from this one. *Shape:* (rows,)."""
        own = slice(self._starts[row], self._starts[row + 1])
        self._one[self._columns[own]] = self._values[own]
        cosines = np.bincount(self._rows, self._values * self._one[self._columns], minlength=self._count)
        self._one[self._columns[own]] = 0.0
        return np.clip(1 - cosines, 0.0, 1.0)


def lines(suggestions: Iterable[Suggestion]) -> Iterator[str]:
    """Why each article is suggested: a line on the article, and one for each of its three most doubtful statements."""
    for number, one in enumerate(suggestions, 1):
        open_ = (
            f"{one.uncertainty:.2f} bits open per statement ({len(one.statements)})" if one.statements else "no statement found"
        )
        near = f"; nearest is {one.nearest} at distance {one.distance:.2f}" if one.nearest is not None else ""
        yield f"{number}. {one.article.id}: {open_}{near}"
        for statement in sorted(one.statements, key=doubt, reverse=True)[:_SHOWN]:
            yield f"   {_between(statement)}: {_shortened(statement.text)}"


def _between(statement: Statement) -> str:
    """What is open: whether it is a statement, or the positions with a probability of 0.15 or more, at least two."""
    if 2 * _entropy(statement.confidence) > doubt(statement):
        return f"a statement {statement.confidence:.2f} or none"
    scores = sorted(statement.scores.items(), key=lambda item: -item[1])
    return " or ".join(f"{name} {p:.2f}" for place, (name, p) in enumerate(scores) if place < 2 or p >= _LIKELY)


def _shortened(text: str) -> str:
    words = " ".join(text.split())
    return words if len(words) <= _WORDS else words[: _WORDS - 1].rsplit(" ", 1)[0] + " …"
