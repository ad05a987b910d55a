"""Measuring a model or a labelled file on annotated articles, and showing the figures."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from stance.annotations import read_annotations
from stance.errors import AnnotationError, ModelError
from stance.evaluate import FIGURES, MISSED, Difference, Mistake, Report, evaluate
from stance.model.folder import CONFIG, METRICS, read_config
from stance.records import AnnotatedArticle, AnnotatedStatement, Statement

if TYPE_CHECKING:
    from stance.classifier import Classifier

#: What is found in each article, by its id; and the positions that may be found.
Found = tuple[Mapping[str, Sequence[AnnotatedStatement]], Sequence[str]]


_KIND = ("statements", "found", "speaker", "position", "tuples")


def annotated(statements: Iterable[Statement]) -> list[AnnotatedStatement]:
    """Found statements as annotations, to compare with annotations."""
    return [
        AnnotatedStatement(
            id=f"s{number}",
            content=s.content,
            cue=s.cue,
            source=s.source,
            speaker=s.speakers,
            stances=s.stances,
            confidence=s.confidence,
        )
        for number, s in enumerate(statements, 1)
    ]


def found_by(classifier: Classifier, articles: Sequence[AnnotatedArticle]) -> dict[str, list[AnnotatedStatement]]:
    """What a classifier finds in the articles, by their ids."""
    return {a.id: annotated(classifier.classify(a.text)) for a in articles}


def evaluate_model(articles: Sequence[AnnotatedArticle], model: Path | None) -> Found:
    """What a model (the default one where None) finds in the articles."""
    import stance

    classifier = stance.load(model)
    return found_by(classifier, articles), classifier.config.positions


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
    return {"all": evaluate(articles, found[0], labels), **(by_field(articles, (found[0], labels), by) if by else {})}


def by_field(articles: Sequence[AnnotatedArticle], found: Found, field: str) -> dict[str, Report]:
    """One report for each value of a field of the articles. Raises `AnnotationError` for an unknown field."""
    values = sorted({str(a.meta[field]) for a in articles if field in a.meta})
    if not values:
        raise AnnotationError(f"no article has the field {field!r}")
    return {value: evaluate([a for a in articles if str(a.meta.get(field)) == value], *found) for value in values}


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
        yield from _confusion(report)
        yield f"  {'by kind':28} statements  found  speaker  position  tuples"
        for kind, (number, *shares) in report.kinds.items():
            yield f"    {kind:26} {number:10}  {shares[0]:.3f}    {shares[1]:.3f}     {shares[2]:.3f}   {shares[3]:.3f}"


def _confusion(report: Report) -> Iterator[str]:
    """Rows: the first position in the annotations; columns: the one that was found."""
    names = [name for name in report.positions if any(name in pair for pair in report.confusion)]
    if not names:
        return
    yield "  annotated as, found as" + "".join(f"{name:>20}" for name in (*names, MISSED))
    for row in names:
        yield f"    {row:20}" + "".join(f"{report.confusion.get((row, name), 0):20}" for name in (*names, MISSED))


def difference_lines(differences: Mapping[str, Difference]) -> Iterator[str]:
    """Two models beside each other, a line for each figure."""
    yield f"{'':20}  first  second  difference  95 % interval     second better in"
    for figure, d in differences.items():
        gain = d.second - d.first
        yield (
            f"{figure:20}  {d.first:.3f}   {d.second:.3f}      {gain:+.3f}"
            f"  [{d.interval[0]:+.3f}, {d.interval[1]:+.3f}]  {d.better:.0%} of resamples"
        )


def mistake_lines(mistake: Mistake) -> Iterator[str]:
    """A mistake in its context: the words, what the annotations say and what was found."""
    either = mistake.gold or mistake.found
    assert either is not None
    text = mistake.article.text
    spans = [*either.content, *(span for span in (either.cue, either.source) if span)]
    start, end = max(0, min(s for s, _ in spans) - 80), min(len(text), max(e for _, e in spans) + 40)
    pieces = sorted((at, mark) for s, e in either.content for at, mark in ((s, "["), (e, "]")))
    words, last = "", start
    for at, mark in pieces:
        words, last = words + text[last:at] + mark, at
    words = " ".join((words + text[last:end]).split())
    yield f"{mistake.what} ({mistake.sureness:.2f}), {mistake.article.id}"
    yield f"  … {words} …"
    for name, statement in (("annotated", mistake.gold), ("found", mistake.found)):
        if statement:
            yield f"  {name:9}  {statement.labels()}"


def model_lines(folder: Path) -> Iterator[str]:
    """The model folders in a folder (or the folder itself): base, positions, what they learnt from, their figures.

    A folder that cannot be loaded is named with the reason. Raises `ModelError` where there is no model.
    """
    found = [folder] if (folder / CONFIG).is_file() else sorted(f.parent for f in folder.glob(f"*/{CONFIG}"))
    if not found:
        raise ModelError(f"{folder}: no model folder there")
    for model in found:
        try:
            config = read_config(model)
            facts = json.loads((model / METRICS).read_text("utf-8"))
        except (ModelError, OSError, ValueError) as fault:
            yield f"{model}: {fault}"
            continue
        learnt = facts.get("learnt from", {})
        yield f"{model}: {config.base}; {', '.join(config.positions)}"
        if learnt:
            yield f"  learnt from {learnt['articles']} articles, {learnt['statements']} statements"
        for name, report in facts.items():
            if isinstance(report, dict) and "figures" in report:
                figures = report["figures"]
                shown = ", ".join(f"{f} {figures[f]:.3f}" for f in ("detection_f1", "position_macro_f1", "tuple_f1"))
                yield f"  {name}, {report['articles']} articles: {shown}"


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
        "kinds": {
            name: dict(zip(_KIND, (number, *(round(s, 4) for s in shares)), strict=True))
            for name, (number, *shares) in report.kinds.items()
        },
    }
