"""Which of the given articles are learnt from, which are held out, and which of the project's own come beside them."""

from __future__ import annotations

import hashlib
import random
from collections.abc import Collection, Sequence

from stance.annotations import read_annotations, read_held_out
from stance.bundled import bundled
from stance.records import AnnotatedArticle

#: Fewer articles than this are not split.
FEWEST = 5


def scenario(article: AnnotatedArticle) -> str:
    """The story that an article belongs to; an article that names none is its own."""
    return str(article.meta.get("scenario") or article.id)


def drawn(articles: Sequence[AnnotatedArticle], share: float, skipped: float = 0.0) -> list[AnnotatedArticle]:
    """The articles of a ``share`` of their scenarios, the same ones in every run; a smaller share lies inside a larger.

    Those of the share ``skipped`` are left out of it.
    """
    order = sorted({scenario(a) for a in articles}, key=lambda name: hashlib.sha256(name.encode()).digest())
    kept = set(order[round(skipped * len(order)) : round(share * len(order))])
    return [a for a in articles if scenario(a) in kept]


def parted(articles: Sequence[AnnotatedArticle], share: float) -> tuple[list[AnnotatedArticle], list[AnnotatedArticle]]:
    """The articles to learn from, and a ``share`` that is held out; fewer than 5 articles are all learnt from."""
    held = drawn(articles, share) if len(articles) >= FEWEST else []
    away = {a.id for a in held}
    return [a for a in articles if a.id not in away], held


def companions(number: int, taken: Collection[str], seed: int) -> list[AnnotatedArticle]:
    """So many of the project's own articles, drawn at random; held-out scenarios and the ids ``taken`` are not among them."""
    away = read_held_out(bundled("data/annotations/held_out.toml"))
    own = read_annotations([bundled("data/annotations/authored")])
    free = [a for a in own if a.meta.get("scenario") not in away and a.id not in taken]
    return random.Random(seed).sample(free, min(number, len(free)))
