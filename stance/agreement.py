"""Two readings of the same articles: where they part, side by side, and what both say."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from stance.annotations import article_to_dict
from stance.errors import AnnotationError
from stance.evaluate import matched
from stance.records import AnnotatedArticle, AnnotatedStatement


@dataclass(frozen=True)
class Disagreement:
    """A statement that two readers read unlike; ``parts`` names what differs, ``found`` where only one of them has it."""

    article: AnnotatedArticle
    parts: tuple[str, ...]
    first: AnnotatedStatement | None
    second: AnnotatedStatement | None


def paired(
    first: Sequence[AnnotatedArticle], second: Sequence[AnnotatedArticle]
) -> list[tuple[AnnotatedArticle, AnnotatedArticle]]:
    """The articles that both have, by id. Raises `AnnotationError` where there is none, or their texts differ."""
    other = {a.id: a for a in second}
    pairs = [(a, other[a.id]) for a in first if a.id in other]
    if not pairs:
        raise AnnotationError("the two files have no article in common")
    for a, b in pairs:
        if a.text != b.text:
            raise AnnotationError(f"article {a.id}: the two files hold different texts")
    return pairs


def disagreements(first: AnnotatedArticle, second: AnnotatedArticle) -> list[Disagreement]:
    """What differs in an article, in the order of its text."""
    pairs = matched(first.statements, second.statements)
    known = {id(s) for pair in pairs for s in pair}
    found = [Disagreement(first, ("found",), s, None) for s in first.statements if id(s) not in known]
    found += [Disagreement(first, ("found",), None, s) for s in second.statements if id(s) not in known]
    for a, b in pairs:
        parts = [name for name in ("content", "cue", "source") if getattr(a, name) != getattr(b, name)]
        parts += ["speaker"] * (set(a.speaker) != set(b.speaker))
        stances = [{(t.position, t.target) for t in s.stances} for s in (a, b)]
        first_ones = [s.stances[0].position if s.stances else None for s in (a, b)]
        parts += ["stances"] * (stances[0] != stances[1] or first_ones[0] != first_ones[1])
        if parts:
            found.append(Disagreement(first, tuple(parts), a, b))
    return sorted(found, key=lambda d: min(s.content[0] for s in (d.first, d.second) if s))


def disagreement_lines(disagreement: Disagreement) -> Iterator[str]:
    """A disagreement as text: what differs, and both readings."""
    yield f"{disagreement.article.id}: {', '.join(disagreement.parts)}"
    for name, statement in (("first", disagreement.first), ("second", disagreement.second)):
        if statement is None:
            yield f"  {name:6}  –"
            continue
        words = [disagreement.article.text[slice(*span)] if span else "–" for span in (statement.source, statement.cue)]
        pieces = " […] ".join(disagreement.article.text[slice(*span)] for span in statement.content)
        yield f"  {name:6}  {words[0]} | {words[1]} | {' '.join(pieces.split())}"
        yield f"          {statement.labels()}"


def settled(first: AnnotatedArticle, second: AnnotatedArticle) -> dict[str, Any]:
    """The article with the statements that both readers have alike; under ``unsettled`` both readings of all others."""
    left = disagreements(first, second)
    open_ones = {id(d.first) for d in left}
    record = article_to_dict(first)
    records = [article_to_dict(a)["statements"] for a in (first, second)]
    by_id = [dict(zip(map(id, a.statements), rows, strict=True)) for a, rows in zip((first, second), records, strict=True)]
    record["statements"] = [by_id[0][id(s)] for s in first.statements if id(s) not in open_ones]
    record["unsettled"] = [
        {"parts": list(d.parts), "first": by_id[0].get(id(d.first)), "second": by_id[1].get(id(d.second))} for d in left
    ]
    for name, others in second.actors.items():
        known = record["actors"].setdefault(name, [])
        known += [other for other in others if other not in known]
    return record
