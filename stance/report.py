"""Measuring a model or a labelled file on annotated articles, and showing the figures."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from stance.annotations import read_annotations
from stance.errors import AnnotationError
from stance.evaluate import FIGURES, Report, evaluate
from stance.records import AnnotatedArticle, AnnotatedStatement, Statement

#: What is found in each article, by its id; and the positions that may be found.
Found = tuple[Mapping[str, Sequence[AnnotatedStatement]], Sequence[str]]


def annotated(statements: Iterable[Statement]) -> list[AnnotatedStatement]:
    """Found statements as annotations, to compare with annotations."""
    return [
        AnnotatedStatement(
            id=f"s{number}", content=s.content, cue=s.cue, source=s.source, speaker=s.speakers, stances=s.stances
        )
        for number, s in enumerate(statements, 1)
    ]


def evaluate_model(articles: Sequence[AnnotatedArticle], model: Path | None) -> Found:
    """What a model (the default one where None) finds in the articles."""
    import stance

    classifier = stance.load(model)
    return {a.id: annotated(classifier.classify(a.text)) for a in articles}, classifier.config.positions


def evaluate_predictions(articles: Sequence[AnnotatedArticle], path: Path) -> Found:
    """What a labelled file holds. Raises `AnnotationError` where it was made on other articles or other texts."""
    found = {a.id: a for a in read_annotations([path])}
    if not any(a.id in found for a in articles):
        raise AnnotationError(f"{path}: no article of the annotations is in it")
    for article in articles:
        if article.id in found and found[article.id].text != article.text:
            raise AnnotationError(f"{path}: article {article.id}: its text is not the annotated one")
    names = dict.fromkeys(t.position for a in found.values() for s in a.statements for t in s.stances)
    return {name: a.statements for name, a in found.items()}, list(names)


def grouped(articles: Sequence[AnnotatedArticle], found: Found, by: str | None) -> dict[str, Report]:
    """One report on all articles, and one for each value of the field ``by``.

    Raises `AnnotationError` for an unknown field, for ids given twice, and where there is no article.
    """
    twice = [name for name, number in Counter(a.id for a in articles).items() if number > 1]
    if twice or not articles:
        raise AnnotationError(f"article ids given twice: {', '.join(twice)}" if twice else "no article to measure on")
    labels = list(dict.fromkeys([*found[1], *(t.position for a in articles for s in a.statements for t in s.stances)]))
    reports = {"all": evaluate(articles, found[0], labels)}
    if by:
        values = sorted({str(a.meta[by]) for a in articles if by in a.meta})
        if not values:
            raise AnnotationError(f"no article has the field {by!r}")
        for value in values:
            reports[value] = evaluate([a for a in articles if str(a.meta.get(by)) == value], found[0], labels)
    return reports


def report_lines(reports: Mapping[str, Report]) -> Iterator[str]:
    """The figures as text: a block for each report."""
    for name, report in reports.items():
        yield f"{name}: {report.articles} articles, {report.statements} statements, {report.predicted} found"
        for figure in FIGURES:
            low, high = report.intervals[figure]
            yield f"  {figure:20} {report.figures[figure]:.3f}  [{low:.3f}, {high:.3f}]"
        for position, (score, number) in report.positions.items():
            if number:
                yield f"    F1 {position:20} {score:.3f}  ({number} statements)"
        mistakes = sorted(((n, a, b) for (a, b), n in report.confusion.items() if a != b), reverse=True)
        if mistakes:
            yield "    " + ", ".join(f"{a} taken for {b}: {n}" for n, a, b in mistakes[:6])


def as_dict(report: Report) -> dict[str, Any]:
    """A report as plain data."""
    return {
        "articles": report.articles,
        "statements": report.statements,
        "predicted": report.predicted,
        "figures": {name: round(value, 4) for name, value in report.figures.items()},
        "intervals": {name: [round(low, 4), round(high, 4)] for name, (low, high) in report.intervals.items()},
        "positions": {name: {"f1": round(f1, 4), "statements": n} for name, (f1, n) in report.positions.items()},
        "confusion": [[a, b, n] for (a, b), n in report.confusion.items()],
    }
