"""From annotated articles to the arrays that the losses compare with."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from tokenizers import Tokenizer

from stance.model.encoding import TAGS, Alphabet, Ints, Tokens, tokenize, windows
from stance.records import AnnotatedArticle, Span

#: The label that a loss passes over.
IGNORE = -100


@dataclass(frozen=True)
class TagExample:
    """A window of an article: its tags, and for each piece of content where its cue and source begin.

    *Shapes:* tags (tokens,), indices of `TAGS`; links (pieces, 4): first and last token of the piece, cue and
    source; 0 is the model's first token and stands for "none", token ``i`` is ``i + 1``, -100 is out of sight.
    """

    tokens: Tokens
    tags: Ints
    links: Ints


def tag_examples(
    articles: Iterable[AnnotatedArticle], tokenizer: Tokenizer, alphabet: Alphabet, *, size: int, overlap: int
) -> Iterator[TagExample]:
    """Windows of at most ``size`` tokens over every article."""
    for article in articles:
        tokens = tokenize(article.text, tokenizer, alphabet)
        tags, links = attribution_labels(article, tokens)
        for first, last in windows(len(tokens), size, overlap):
            inside = [_shifted(link, first, last) for link in links if first <= link[0] and link[1] < last]
            yield TagExample(tokens.cut(first, last), tags[first:last], np.asarray(inside, dtype=np.int64).reshape(-1, 4))


def attribution_labels(article: AnnotatedArticle, tokens: Tokens) -> tuple[Ints, list[tuple[int, int, int, int]]]:
    """Tags (tokens,) and links (first, last, cue, source; -1 for none) in tokens of the article.

    Of statements inside statements the outer one is kept.
    """
    tags = np.zeros(len(tokens), dtype=np.int64)
    owner = np.full(len(tokens), -1)
    order = sorted(range(len(article.statements)), key=lambda i: sum(e - s for s, e in article.statements[i].content))
    for i in order:
        statement = article.statements[i]
        for span in statement.content:
            _paint(tags, tokens.at(span), "content", owner, i)
        for part, name in ((statement.cue, "cue"), (statement.source, "source")):
            if part:
                _paint(tags, tokens.at(part), name, owner, -1)
    links = []
    for i, statement in enumerate(article.statements):
        ends = [tokens.at(span)[0] if span else -1 for span in (statement.cue, statement.source)]
        for span in statement.content:
            first, last = tokens.at(span)
            if first < last and owner[first] == i and tags[first] == TAGS.index("B-content"):
                links.append((first, last - 1, ends[0], ends[1]))
    return tags, links


def _paint(tags: Ints, span: Span, name: str, owner: Ints, number: int) -> None:
    first, last = span
    if first < last:
        tags[first:last] = TAGS.index(f"I-{name}")
        tags[first] = TAGS.index(f"B-{name}")
        owner[first:last] = number


def _shifted(link: Sequence[int], first: int, last: int) -> list[int]:
    def place(token: int) -> int:
        if token < 0:
            return 0
        return token - first + 1 if first <= token < last else IGNORE

    return [link[0] - first + 1, link[1] - first + 1, place(link[2]), place(link[3])]
