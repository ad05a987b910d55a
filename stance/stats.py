"""Counts of annotated articles: what there is, and how varied it is."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

from stance.names import PRONOUNS
from stance.quotes import quotations
from stance.records import NONE, AnnotatedArticle, AnnotatedStatement, Span

_FIELDS = ("genre", "setting", "region", "conflict", "writer")


def lines(articles: Sequence[AnnotatedArticle]) -> Iterator[str]:
    """The counts as text, a line each."""
    statements = [(a, s) for a in articles for s in a.statements]
    words = sum(len(a.text.split()) for a in articles)
    scenarios = {a.meta.get("scenario") or a.id for a in articles}
    yield f"{len(articles)} articles, {words} words, {len(statements)} statements, {len(scenarios)} scenarios"
    first = Counter(s.stances[0].position if s.stances else NONE for _, s in statements)
    yield from _block("first position", first)
    several = sum(len(s.stances) > 1 for _, s in statements)
    null = sum(t.target is None for _, s in statements for t in s.stances)
    yield f"several stances: {several} statements; stances without target: {null}"
    quoted = {a.id: quotations(a.text) for a in articles}
    yield from _block("attribution", Counter(attribution(s, quoted[a.id]) for a, s in statements))
    yield from _block("source", Counter(source_kind(a, s) for a, s in statements))
    yield from _block("cue", Counter(a.text[slice(*s.cue)].lower() if s.cue else "(none)" for a, s in statements), 12)
    for name in _FIELDS:
        values = Counter(str(a.meta[name]) for a in articles if a.meta.get(name))
        if values:
            yield from _block(name, values, 16)


def _block(name: str, counts: Counter[str], most: int = 30) -> Iterator[str]:
    total = sum(counts.values())
    yield f"{name}: {len(counts)}"
    for value, number in counts.most_common(most):
        yield f"  {number:6}  {number / total:5.1%}  {value}"


def attribution(statement: AnnotatedStatement, quoted: Sequence[Span]) -> str:
    """direct, mixed or indirect: whether all, some or none of the content stands in the quotations ``quoted``."""
    inside = sum(max(0, min(e, r) - max(s, q)) for s, e in statement.content for q, r in quoted)
    size = sum(e - s for s, e in statement.content)
    if inside >= 0.95 * size:
        return "direct"
    return "mixed" if inside else "indirect"


def source_kind(article: AnnotatedArticle, statement: AnnotatedStatement) -> str:
    """How the speaker is named: by a pronoun, by the canonical name, by another form, or not at all."""
    if statement.source is None:
        return "no source"
    words = article.text[slice(*statement.source)]
    if words.lower() in PRONOUNS:
        return "pronoun"
    if any(name in words for name in statement.speaker):
        return "full name"
    if any(form in words for name in statement.speaker for form in article.names(name)):
        return "another form of the name"
    return "other words"
