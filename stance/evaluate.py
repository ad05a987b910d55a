"""How right labelled statements are, against annotations: from detection to whole tuples.

Statements are matched one to one, best first, where their contents overlap by half or more (intersection over
union, in characters). A tuple is a statement with its speaker, one position and that position's target; a statement
without position is one tuple. The figures come with percentile bootstrap intervals over articles (Efron 1979).
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from stance.names import bare, fold, word_list
from stance.records import NONE, AnnotatedArticle, AnnotatedStatement, Span, Stance

_OVERLAP = 0.5
_FEWEST = 5
_IDLE = word_list("idle")
_RELATIONS = word_list("relations")
#: The figures of a `Report`, in the order in which they are shown.
FIGURES = (
    "detection_precision", "detection_recall", "detection_f1", "speaker_accuracy",
    "position_accuracy", "position_macro_f1", "target_accuracy", "stance_f1", "tuple_f1",
)  # fmt: skip


@dataclass
class Counts:
    """What is counted over articles; sums of counts are counts."""

    sums: Counter[str] = field(default_factory=Counter)

    def ratio(self, right: str, *of: str) -> float:
        """A share: ``right`` over the mean of ``of``."""
        total = sum(self.sums[name] for name in of) / len(of)
        return self.sums[right] / total if total else 0.0


@dataclass(frozen=True)
class Report:
    """Figures between 0 and 1, their 95 % intervals, and what was taken for what.

    ``positions`` holds, for each, its F1 and the number of matched statements that take it.
    """

    articles: int
    statements: int
    predicted: int
    figures: Mapping[str, float]
    intervals: Mapping[str, tuple[float, float]]
    positions: Mapping[str, tuple[float, int]]
    confusion: Mapping[tuple[str, str], int]


def evaluate(
    gold: Sequence[AnnotatedArticle],
    predicted: Mapping[str, Sequence[AnnotatedStatement]],
    positions: Sequence[str],
    *,
    resamples: int = 1000,
    seed: int = 0,
) -> Report:
    """Compares the statements ``predicted`` for each article id with those of ``gold``.

    An article without an entry counts as one in which nothing was found.
    """
    each = [compare(article, predicted.get(article.id, ())) for article in gold]
    labels = (*positions, NONE)
    total = _total(each)
    frequent = [name for name in labels if total.sums[f"gold {name}"] >= _FEWEST]
    rng = random.Random(seed)
    samples: dict[str, list[float]] = {name: [] for name in FIGURES}
    for _ in range(resamples if len(each) > 1 else 0):
        drawn = _figures(_total(rng.choices(each, k=len(each))), frequent)
        for name, value in drawn.items():
            samples[name].append(value)
    figures = _figures(total, frequent)
    intervals = {name: _middle(values, figures[name]) for name, values in samples.items()}
    return Report(
        articles=len(gold),
        statements=total.sums["gold"],
        predicted=total.sums["predicted"],
        figures=figures,
        intervals=intervals,
        positions={
            name: (total.ratio(f"both {name}", f"gold {name}", f"predicted {name}"), total.sums[f"gold {name}"])
            for name in labels
        },
        confusion={(a, b): total.sums[f"{a} as {b}"] for a in labels for b in labels if total.sums[f"{a} as {b}"]},
    )


def _middle(values: list[float], value: float) -> tuple[float, float]:
    if not values:
        return value, value
    ordered = sorted(values)
    return ordered[int(0.025 * len(ordered))], ordered[min(len(ordered) - 1, int(0.975 * len(ordered)))]


def _total(each: Iterable[Counts]) -> Counts:
    total: Counter[str] = Counter()
    for counts in each:
        total.update(counts.sums)
    return Counts(total)


def _figures(counts: Counts, frequent: Sequence[str]) -> dict[str, float]:
    per_position = [counts.ratio(f"both {name}", f"gold {name}", f"predicted {name}") for name in frequent]
    return {
        "detection_precision": counts.ratio("matched", "predicted"),
        "detection_recall": counts.ratio("matched", "gold"),
        "detection_f1": counts.ratio("matched", "gold", "predicted"),
        "speaker_accuracy": counts.ratio("speaker", "matched"),
        "position_accuracy": counts.ratio("position", "matched"),
        "position_macro_f1": sum(per_position) / len(per_position) if per_position else 0.0,
        "target_accuracy": counts.ratio("target", "targets"),
        "stance_f1": counts.ratio("stance", "gold stances", "predicted stances"),
        "tuple_f1": counts.ratio("tuple", "gold tuples", "predicted tuples"),
    }


def compare(article: AnnotatedArticle, predicted: Sequence[AnnotatedStatement]) -> Counts:
    """The counts of one article."""
    sums: Counter[str] = Counter()
    sums["gold"], sums["predicted"] = len(article.statements), len(predicted)
    for side, statements in (("gold", article.statements), ("predicted", predicted)):
        for statement in statements:
            sums[f"{side} tuples"] += len(statement.stances) or 1
            sums[f"{side} stances"] += len(statement.stances)
    for a, b in matched(article.statements, predicted):
        _count_pair(sums, article, a, b)
    return Counts(sums)


def _count_pair(sums: Counter[str], article: AnnotatedArticle, gold: AnnotatedStatement, predicted: AnnotatedStatement) -> None:
    sums["matched"] += 1
    right = _same_speaker(article, gold, predicted)
    sums["speaker"] += right
    first = tuple(s.stances[0].position if s.stances else NONE for s in (gold, predicted))
    sums["position"] += first[0] == first[1]
    sums[f"{first[0]} as {first[1]}"] += 1
    taken = [{s.position for s in each.stances} or {NONE} for each in (gold, predicted)]
    for name in taken[0]:
        sums[f"gold {name}"] += 1
    for name in taken[1]:
        sums[f"predicted {name}"] += 1
    for name in taken[0] & taken[1]:
        sums[f"both {name}"] += 1
    left = list(gold.stances)
    hits = 0
    for stance in predicted.stances:
        found = next((g for g in left if g.position == stance.position and _same_target(article, g, stance)), None)
        if found:
            left.remove(found)
            hits += 1
    sums["stance"] += hits
    if not gold.stances and not predicted.stances:
        hits = 1
    if first[0] == first[1] != NONE:
        sums["targets"] += 1
        sums["target"] += any(
            g.position == p.position == first[0] and _same_target(article, g, p)
            for g in gold.stances
            for p in predicted.stances
        )
    if right:
        sums["tuple"] += hits


def _same_speaker(article: AnnotatedArticle, gold: AnnotatedStatement, predicted: AnnotatedStatement) -> bool:
    if not gold.speaker or not predicted.speaker:
        return not gold.speaker and not predicted.speaker
    return any(same_name(p, article.names(g)) for p in predicted.speaker for g in gold.speaker)


def _same_target(article: AnnotatedArticle, gold: Stance, predicted: Stance) -> bool:
    if gold.target is None or predicted.target is None:
        return gold.target is predicted.target
    return same_name(predicted.target, article.names(gold.target))


def same_name(name: str, names: Iterable[str]) -> bool:
    """Whether a name is one of ``names``, titles aside, or a shorter or longer form of one with the same last word."""
    words = _words(name)
    for other in map(_words, names):
        if words == other:
            return True
        if words and other and words[-1] == other[-1]:
            a, b = set(words), set(other)
            if (a <= b or b <= a) and not (a ^ b) & _RELATIONS:
                return True
    return False


def _words(name: str) -> tuple[str, ...]:
    words = fold(name)
    return tuple(w for w in words if w not in _IDLE) or fold(bare(name)) or words


def matched(
    gold: Sequence[AnnotatedStatement], predicted: Sequence[AnnotatedStatement]
) -> list[tuple[AnnotatedStatement, AnnotatedStatement]]:
    """Pairs of statements with the same content, best overlap first, each statement in one pair at most."""
    scored = []
    for i, a in enumerate(gold):
        for j, b in enumerate(predicted):
            share = overlap(a.content, b.content)
            if share >= _OVERLAP:
                scored.append((-share, i, j))
    pairs: dict[int, int] = {}
    for _, i, j in sorted(scored):
        if i not in pairs and j not in pairs.values():
            pairs[i] = j
    return [(gold[i], predicted[j]) for i, j in sorted(pairs.items())]


def overlap(a: Sequence[Span], b: Sequence[Span]) -> float:
    """Intersection over union of two contents, in characters."""
    common = sum(max(0, min(p[1], q[1]) - max(p[0], q[0])) for p in a for q in b)
    size = sum(e - s for s, e in (*a, *b))
    return common / (size - common) if size > common else float(common > 0)
