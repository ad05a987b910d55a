"""Counts of annotated articles: what there is, how varied it is, and how that compares with a plan."""

from __future__ import annotations

import re
import tomllib
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from stance.annotations import read_held_out
from stance.errors import AnnotationError
from stance.kinds import attribution, order, source_kind
from stance.quotes import paragraphs, quotations
from stance.records import NONE, AnnotatedArticle, AnnotatedStatement, Span

#: Fields of an article whose values are counted; several values stand parted by ``;``.
_FIELDS = ("genre", "setting", "region", "conflict", "contrasts", "writer")
_LENGTHS = ((200, "up to 200 words"), (450, "201 to 450 words"), (900, "451 to 900 words"), (10**9, "over 900 words"))
_MARKS = {'"': "straight", "“": "curly", "‘": "single", "'": "single", "«": "guillemets", "`": "doubled"}
_BELIEF = re.compile(r"\b(?:wants?|hopes?|fears?|believes?|considers?|plans? to|is worried|are worried|decided|voted|ruled)\b")
_BOTH = re.compile(r"(?i)\b(?:both|all|two|three|warring)\b.*\b(?:sides?|parties|parts?|countries|governments|armies|states)\b")
_SAYING = re.compile(r"\b(?:said|says|told|promised|asked|warned|admitted|called it|claimed)\b")
_DETERMINER = re.compile(r"(?i)(?:\b(?:a|an|the|its|his|her|their|another|any|no)|['’]s)\s+(?:\w+\s+)?$")
_SENTENCE = re.compile(r"[^.!?\n]+")
_RUN = 8
_PLAN = re.compile(r"(?ms)^```toml\n(.*?)^```")

Counts = dict[str, Counter[str]]


def lines(
    articles: Sequence[AnnotatedArticle], plan: Mapping[str, Any] | None = None, held_out: Path | None = None
) -> Iterator[str]:
    """The counts as text, a line each; beside them the quotas of ``plan``, and how many are met."""
    counted = counts(articles, held_out)
    whole = counted.pop("all")
    yield ", ".join(f"{number} {name}" for name, number in whole.items())
    for name, values in counted.items():
        if values:
            yield from _block(name, values, 12 if name == "cue" else 30)
    if plan is not None:
        yield from _against({**counted, "all": whole}, plan)


def read_plan(path: Path) -> dict[str, dict[str, float | list[float]]]:
    """The quotas of a plan: the TOML block of a Markdown page.

    A table names a count, a key a value of it: a whole number is the fewest, a pair the lowest and highest share.
    Raises `AnnotationError`.
    """
    try:
        found = _PLAN.search(path.read_text("utf-8"))
        plan = tomllib.loads(found[1]) if found else {}
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as fault:
        raise AnnotationError(f"{path}: cannot be read as a plan: {fault}") from fault
    for table, quotas in plan.items():
        for key, quota in quotas.items() if isinstance(quotas, dict) else [(None, quotas)]:
            pair = isinstance(quota, list) and len(quota) == 2 and all(type(q) in (int, float) for q in quota)
            if key is None or not (type(quota) is int or pair):
                raise AnnotationError(f"{path}: {table}.{key}: expected a number or a pair of shares, found {quota!r}")
    return plan


def counts(articles: Sequence[AnnotatedArticle], held_out: Path | None = None) -> Counts:
    """Every count of the articles by its name; under ``all`` the totals."""
    pairs = [(a, s) for a in articles for s in a.statements]
    quoted = {a.id: quotations(a.text) for a in articles}
    away = read_held_out(held_out) if held_out else frozenset()
    scenarios = {str(a.meta.get("scenario") or a.id) for a in articles}
    whole = Counter(
        {
            "articles": len(articles),
            "words": sum(len(a.text.split()) for a in articles),
            "statements": len(pairs),
            "scenarios": len(scenarios),
        }
    )
    if away:
        whole["held-out articles"] = sum(a.meta.get("scenario") in away for a in articles)
    found: Counts = {
        "all": whole,
        "first position": Counter(s.stances[0].position if s.stances else NONE for _, s in pairs),
        "stances": Counter(x for _, s in pairs for x in _stance_kinds(s)),
        "attribution": Counter(attribution(s, quoted[a.id]) for a, s in pairs),
        "order": Counter(order(s) for _, s in pairs),
        "source": Counter(source_kind(a, s) for a, s in pairs),
        "saying": Counter(x for a, s in pairs for x in _saying_kinds(a, s)),
        "cue": Counter(_words(a, s.cue).lower() if s.cue else "(none)" for a, s in pairs),
        "no statement": sum((_no_statements(a, quoted[a.id]) for a in articles), Counter()),
        "quotation marks": Counter(_marks(a, quoted[a.id]) for a in articles),
        "length": Counter(next(n for most, n in _LENGTHS if len(a.text.split()) <= most) for a in articles),
        "returning": _returning(articles),
    }
    whole["cues"] = len(found["cue"])
    for name in _FIELDS:
        values = [str(a.meta[name]) for a in articles if a.meta.get(name)]
        found[name] = Counter(v.strip() for value in values for v in value.split(";") if v.strip())
    return found


def _block(name: str, values: Counter[str], most: int) -> Iterator[str]:
    total = sum(values.values())
    yield f"{name}: {len(values)}"
    for value, number in values.most_common(most):
        yield f"  {number:6}  {number / total if total else 0:5.1%}  {value}"


def _against(counted: Mapping[str, Counter[str]], plan: Mapping[str, Any]) -> Iterator[str]:
    met = asked = 0
    rows = []
    for table, quotas in plan.items():
        values = counted.get(table, Counter())
        total = sum(values.values())
        for key, quota in quotas.items():
            number = values[key]
            asked += 1
            if isinstance(quota, list):
                share = number / total if total else 0.0
                good, told = quota[0] <= share <= quota[1], f"{share:.1%} of {quota[0]:.0%} to {quota[1]:.0%}"
            else:
                good, told = number >= quota, f"{number} of {quota}"
            met += good
            rows.append(f"  {'  ' if good else '! '}{table}, {key}: {told}")
    yield f"plan: {met} of {asked} quotas met"
    yield from rows


def _words(article: AnnotatedArticle, span: Span) -> str:
    return article.text[slice(*span)]


def _stance_kinds(statement: AnnotatedStatement) -> Iterator[str]:
    if len(statement.stances) > 1:
        yield "several in a statement"
    for stance in statement.stances:
        if stance.target is None:
            yield "no target"
        elif _BOTH.search(stance.target):
            yield "both sides or all parties"
        else:
            yield "one named target"


def _saying_kinds(article: AnnotatedArticle, statement: AnnotatedStatement) -> Iterator[str]:
    if len(statement.speaker) > 1:
        yield "several speakers"
    if not statement.speaker:
        yield "nobody named"
    if any("\n" in _words(article, (a[1], b[0])) for a, b in zip(statement.content, statement.content[1:], strict=False)):
        yield "runs over paragraphs"
    cue, source = statement.cue, statement.source
    if not cue:
        return
    words = _words(article, cue).lower()
    if words == "according to":
        yield "according to"
    if re.search(r"(?:ed|said|told|by) by$|\bquoted\b|\baccused of\b", words) or re.match(
        r"\s+by\b", article.text[cue[1] : cue[1] + 4]
    ):
        yield "passive"
    if _DETERMINER.search(article.text[: cue[0]]):
        yield "noun cue"
    if source:
        between = article.text[min(source[1], cue[1]) : max(source[0], cue[0])].strip(" ,")
        if (
            between
            and len(between) < 40
            and re.fullmatch(r"(?:\w+ )*(?:\w+ly|also|later|then|again|now|still)(?: \w+)?", between)
        ):
            yield "adverb between"
        elif source[0] - cue[1] > 0 and cue[0] < source[0] and not between:
            yield "cue before source"
    if any(_SAYING.search(_words(article, piece)) for piece in statement.content):
        yield "saying inside the content"


def _no_statements(article: AnnotatedArticle, quoted: Sequence[Span]) -> Counter[str]:
    """Words that look like a statement and are none."""
    contents = sorted(piece for s in article.statements for piece in s.content)
    taken = [*contents, *(span for s in article.statements for span in (s.cue, s.source) if span)]

    def free(span: Span) -> bool:
        return not any(a < span[1] and span[0] < b for a, b in taken)

    found = Counter({"quotation marks around a name or a scare quote": sum(free(q) for q in quoted)})
    found["belief, plan or vote without a saying"] = sum(free(m.span()) for m in _BELIEF.finditer(article.text))
    found["paragraph without a statement"] = sum(free(p) for p in paragraphs(article.text))
    return found


def _marks(article: AnnotatedArticle, quoted: Sequence[Span]) -> str:
    used = Counter(
        "doubled" if article.text.startswith("''", q[0]) else _MARKS.get(article.text[q[0]], "other") for q in quoted
    )
    return used.most_common(1)[0][0] if used else "none"


def _returning(articles: Sequence[AnnotatedArticle]) -> Counter[str]:
    """What comes back in another scenario: sentences, runs of eight words, full names of people."""
    sentences: dict[str, set[str]] = defaultdict(set)
    runs: dict[tuple[str, ...], set[str]] = defaultdict(set)
    people: dict[str, set[str]] = defaultdict(set)
    for article in articles:
        scenario = str(article.meta.get("scenario") or article.id)
        for match in _SENTENCE.finditer(article.text):
            words = re.findall(r"\w+", match[0].lower())
            if len(words) >= 6:
                sentences[" ".join(words)].add(scenario)
            for i in range(len(words) - _RUN + 1):
                runs[tuple(words[i : i + _RUN])].add(scenario)
        for name in {n for s in article.statements for n in s.speaker}:
            if len(name.split()) in (2, 3) and name.istitle() and not set(name.split()) & {"The", "Of", "And"}:
                people[name].add(scenario)
    return Counter(
        {
            "sentences in several scenarios": sum(len(s) > 1 for s in sentences.values()),
            f"runs of {_RUN} words in several scenarios": sum(len(s) > 1 for s in runs.values()),
            "names of speakers in several scenarios": sum(len(s) > 1 for s in people.values()),
        }
    )
