"""Statements marked in their context: what the network learns to read positions and actors from."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from stance.model.encoding import Ints, Tokens, marked
from stance.names import fold
from stance.records import AnnotatedArticle, AnnotatedStatement, Span

#: Token spans (first, last), the model's first token counted as 0 and standing for "nobody".
Pointers = tuple[tuple[int, int], ...]


@dataclass(frozen=True)
class StatementExample:
    """One statement in its window, and what is true of it.

    ``roles`` (tokens,). ``valid`` is whether the words are a statement at all. ``positions`` holds the indices of
    the positions it takes, ``None`` where unknown. ``speakers`` and ``targets`` (with the index of the position)
    hold, for every actor, all places in the window where it is named.
    """

    tokens: Tokens
    roles: Ints
    valid: bool
    positions: frozenset[int] | None = None
    speakers: tuple[Pointers, ...] = ()
    targets: tuple[tuple[int, Pointers], ...] = ()


class Mentions:
    """Where the actors of an annotated article are named, in characters; longer names win over shorter ones."""

    def __init__(self, article: AnnotatedArticle) -> None:
        names = set(article.actors)
        for statement in article.statements:
            names.update(statement.speaker)
            names.update(s.target for s in statement.stances if s.target)
        forms: dict[str, str] = {}
        for name in sorted(names):
            for form in article.names(name):
                forms.setdefault(re.sub(r"(?i)^(?:the|a|an)\s+", "", form), name)
        self._places: dict[str, list[Span]] = {name: [] for name in names}
        self._named: dict[str, list[Span]] = {name: [] for name in names}
        if forms:
            ordered = sorted((f for f in forms if f), key=lambda f: (-len(f), f))
            parts = (rf"(?P<f{number}>(?<!\w){re.escape(form)}(?!\w))" for number, form in enumerate(ordered))
            pattern = re.compile("|".join(parts), re.I)
            for match in pattern.finditer(article.text):
                name = forms[ordered[int((match.lastgroup or "f0")[1:])]]
                self._places[name].append(match.span())
                if any(c.isupper() for c in match[0][1:]) or set(fold(match[0])) & set(fold(name)):
                    self._named[name].append(match.span())

    def of(self, name: str) -> list[Span]:
        """The mentions of an actor: those by name, else those by role."""
        return self._named.get(name) or self._places.get(name) or []


def statement_examples(
    article: AnnotatedArticle,
    tokens: Tokens,
    found: Iterable[tuple[AnnotatedStatement, bool]],
    positions: Sequence[str],
    *,
    size: int,
    longest: int,
    stances: bool = True,
) -> Iterator[StatementExample]:
    """Examples of ``found``: pairs of a statement and whether it really is one; without ``stances``, these stay unknown."""
    mentions = Mentions(article)
    for statement, valid in found:
        first, inside, roles = marked(tokens, statement.content, statement.cue, statement.source, size=size, longest=longest)[0]
        if not valid:
            yield StatementExample(inside, roles, False)
            continue

        def pointers(name: str, first: int = first, count: int = len(inside)) -> Pointers:
            places = (tokens.at(span) for span in mentions.of(name))
            return tuple((a - first + 1, b - first) for a, b in places if first <= a < b <= first + count)

        speakers = tuple(p for p in map(pointers, statement.speaker) if p)
        if not statement.speaker:
            speakers = (((0, 0),),)
        if not stances:
            yield StatementExample(inside, roles, True, None, speakers)
            continue
        targets = []
        for stance in statement.stances:
            place = pointers(stance.target) if stance.target else ((0, 0),)
            if place:
                targets.append((positions.index(stance.position), place))
        taken = frozenset(positions.index(s.position) for s in statement.stances)
        yield StatementExample(inside, roles, True, taken, speakers, tuple(targets))
