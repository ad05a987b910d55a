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

from stance.kinds import attribution, source_kind
from stance.names import bare, fold, word_list
from stance.quotes import quotations
from stance.records import NONE, AnnotatedArticle, AnnotatedStatement, Span, Stance

_OVERLAP = 0.5
#: What stands in a confusion table for a statement that was not found.
MISSED = "missed"
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

    ``positions`` holds, for each, its F1 and the number of matched statements that take it. ``confusion`` counts the first
    position of the gold and of the found statement, `MISSED` where none was found. ``kinds`` holds, for each kind of
    quotation and of naming the speaker (see `stance.kinds`), how many gold statements are of it, the share of them that was
    found, the shares of those found that have the right speaker and the right position, and the share of gold tuples
    that is right.
    """

    articles: int
    statements: int
    predicted: int
    figures: Mapping[str, float]
    intervals: Mapping[str, tuple[float, float]]
    positions: Mapping[str, tuple[float, int]]
    confusion: Mapping[tuple[str, str], int]
    kinds: Mapping[str, tuple[int, float, float, float, float]]


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
        confusion={(a, b): total.sums[f"{a} as {b}"] for a in labels for b in (*labels, MISSED) if total.sums[f"{a} as {b}"]},
        kinds={name: _kind(total, name) for name in sorted({k.split("|")[1] for k in total.sums if k.startswith("kind|")})},
    )


def _kind(total: Counts, name: str) -> tuple[int, float, float, float, float]:
    def at(part: str) -> str:
        return f"kind|{name}|{part}"

    shares = (total.ratio(at(part), at(of)) for part, of in (
        ("matched", "gold"), ("speaker", "matched"), ("position", "matched"), ("tuple", "gold tuples"),
    ))  # fmt: skip
    found, speaker, position, right = shares
    return total.sums[at("gold")], found, speaker, position, right


@dataclass(frozen=True)
class Difference:
    """A figure of two models on the same articles.

    ``interval`` is the 95 % interval of the second's minus the first's, ``better`` the share of resamples in which the
    second is better.
    """

    first: float
    second: float
    interval: tuple[float, float]
    better: float


def difference(
    gold: Sequence[AnnotatedArticle],
    first: Mapping[str, Sequence[AnnotatedStatement]],
    second: Mapping[str, Sequence[AnnotatedStatement]],
    positions: Sequence[str],
    *,
    resamples: int = 1000,
    seed: int = 0,
) -> dict[str, Difference]:
    """Compares two sets of found statements by a paired bootstrap: both are measured on the same drawn articles."""
    pairs = [tuple(compare(a, found.get(a.id, ())) for found in (first, second)) for a in gold]
    total = [_total(pair[side] for pair in pairs) for side in (0, 1)]
    frequent = [name for name in (*positions, NONE) if total[0].sums[f"gold {name}"] >= _FEWEST]
    whole = [_figures(each, frequent) for each in total]
    rng = random.Random(seed)
    gains: dict[str, list[float]] = {name: [] for name in FIGURES}
    for _ in range(resamples):
        drawn = rng.choices(pairs, k=len(pairs))
        one, two = (_figures(_total(pair[side] for pair in drawn), frequent) for side in (0, 1))
        for name in FIGURES:
            gains[name].append(two[name] - one[name])
    return {
        name: Difference(
            first=whole[0][name],
            second=whole[1][name],
            interval=_middle(values, whole[1][name] - whole[0][name]),
            better=sum(v > 0 for v in values) / len(values) if values else 0.0,
        )
        for name, values in gains.items()
    }


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
    pairs = {id(a): (a, b) for a, b in matched(article.statements, predicted)}
    quoted = quotations(article.text)
    for statement in article.statements:
        alone: Counter[str] = Counter()
        if id(statement) in pairs:
            _count_pair(alone, article, *pairs[id(statement)])
            sums.update(alone)
        else:
            sums[f"{statement.stances[0].position if statement.stances else NONE} as {MISSED}"] += 1
        alone.update({"gold": 1, "gold tuples": len(statement.stances) or 1})
        for kind in (attribution(statement, quoted), f"source: {source_kind(article, statement)}"):
            for part in ("gold", "matched", "speaker", "position", "tuple", "gold tuples"):
                sums[f"kind|{kind}|{part}"] += alone[part]
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


@dataclass(frozen=True)
class Mistake:
    """Where a found statement differs from the gold: ``what`` is missed, invented, speaker, position, target or further stance.

    ``sureness`` is how sure the model was of it, for what was missed 0; ``gold`` or ``found`` is None where there is none.
    """

    what: str
    sureness: float
    article: AnnotatedArticle
    gold: AnnotatedStatement | None
    found: AnnotatedStatement | None


def mistakes(gold: Sequence[AnnotatedArticle], predicted: Mapping[str, Sequence[AnnotatedStatement]]) -> list[Mistake]:
    """Every statement that is not wholly right, the surest first, by its first fault."""
    found: list[Mistake] = []
    for article in gold:
        pairs = matched(article.statements, predicted.get(article.id, ()))
        seen = {id(s) for pair in pairs for s in pair}
        found += [Mistake("missed", 0.0, article, s, None) for s in article.statements if id(s) not in seen]
        found += [
            Mistake("invented", s.confidence, article, None, s) for s in predicted.get(article.id, ()) if id(s) not in seen
        ]
        for a, b in pairs:
            counts: Counter[str] = Counter()
            _count_pair(counts, article, a, b)
            what = next((name for name in ("speaker", "position") if not counts[name]), None)
            if what is None and counts["tuple"] < max(1, len(a.stances), len(b.stances)):
                what = "target" if counts["targets"] > counts["target"] else "further stance"
            if what:
                sure = max((s.confidence for s in b.stances), default=b.confidence)
                found.append(Mistake(what, b.confidence if what == "speaker" else sure, article, a, b))
    return sorted(found, key=lambda m: -m.sureness)


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
