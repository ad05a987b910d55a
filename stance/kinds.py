"""Kinds of statements: how the words are quoted, in what order the parts stand, how the speaker is named."""

from __future__ import annotations

from collections.abc import Sequence

from stance.names import PRONOUNS
from stance.records import AnnotatedArticle, AnnotatedStatement, Span


def attribution(statement: AnnotatedStatement, quoted: Sequence[Span]) -> str:
    """direct, mixed or indirect: whether all, some or none of the content stands in the quotations ``quoted``."""
    inside = sum(max(0, min(e, r) - max(s, q)) for s, e in statement.content for q, r in quoted)
    size = sum(e - s for s, e in statement.content)
    if inside >= 0.95 * size:
        return "direct"
    return "mixed" if inside else "indirect"


def order(statement: AnnotatedStatement) -> str:
    """The order of source, cue and content, or ``split`` where content stands on both sides of its cue."""
    cue, first, last = statement.cue, statement.content[0][0], statement.content[-1][1]
    if cue is None:
        return "no cue"
    if first < cue[0] < last:
        return "split"
    parts = {"content": first, "cue": cue[0]}
    if statement.source:
        parts["source"] = statement.source[0]
    return " ".join(sorted(parts, key=parts.__getitem__))


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
