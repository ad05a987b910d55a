"""The records that pass through the library: articles, their annotations, and the statements found."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

Span = tuple[int, int]

#: The position of a statement that takes none.
NONE = "none"


@dataclass(frozen=True, kw_only=True)
class Stance:
    """A position that the speaker of a statement takes, and the actor toward whom.

    ``target`` is a canonical name, or ``None`` where the text names nobody. ``confidence`` is the
    probability that the statement takes this position toward this target; 1 in annotations.
    """

    position: str
    target: str | None = None
    confidence: float = 1.0


@dataclass(frozen=True, kw_only=True)
class AnnotatedStatement:
    """A statement as a person marked it. Spans are half-open, in code points of the article's text."""

    id: str
    content: tuple[Span, ...]
    cue: Span | None = None
    source: Span | None = None
    speaker: tuple[str, ...] = ()
    stances: tuple[Stance, ...] = ()
    confidence: float = 1.0
    """Of a statement that a model found: the probability that it is one."""

    def labels(self) -> str:
        """Speakers and stances as one line: ``Ilse Marrin: criticism > Orvane; deescalation > None``."""
        stances = "; ".join(f"{s.position} > {s.target}" for s in self.stances) or NONE
        return f"{', '.join(self.speaker) or '(nobody)'}: {stances}"


@dataclass(frozen=True, kw_only=True)
class AnnotatedArticle:
    """An article with its statements. ``actors`` gives the other names of each actor; ``meta`` all other fields."""

    id: str
    text: str
    statements: tuple[AnnotatedStatement, ...]
    actors: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    meta: Mapping[str, Any] = field(default_factory=dict)

    @property
    def partial(self) -> bool:
        """Whether only the given statements were read, so that nothing is known of the rest of the text."""
        return bool(self.meta.get("partial"))

    def names(self, name: str) -> tuple[str, ...]:
        """The name and every other form of it that the article uses."""
        return (name, *self.actors.get(name, ()))


@dataclass(frozen=True, kw_only=True)
class Statement:
    """A statement that the model found: who says what, and which positions the speaker takes in it.

    Spans are half-open, in code points of the text that was classified: ``text[start:end]`` is always the span.
    """

    text: str
    """The words of the content as they stand, its pieces joined by `` … ``."""
    content: tuple[Span, ...]
    """The spans of its pieces."""
    cue: Span | None
    """The words that make it a saying (``said``), or None."""
    source: Span | None
    """The words that name who says it (``he``), or None."""
    speakers: tuple[str, ...]
    """Canonical names of the speakers; empty where nobody is named."""
    stances: tuple[Stance, ...]
    """The positions taken, the most prominent first; empty where it takes none."""
    scores: Mapping[str, float]
    """The probability of every position, ``none`` included."""
    confidence: float
    """The probability that these words are a statement."""
    named: Mapping[str, str] = field(default_factory=dict)
    """How each speaker and target got its name: exact, surname, acronym, capital, role,
    apposition, pronoun, given or as-written."""

    @property
    def speaker(self) -> str | None:
        """The first speaker, or None where nobody is named."""
        return self.speakers[0] if self.speakers else None

    @property
    def position(self) -> str:
        """The most prominent position; ``none`` where it takes no side."""
        return self.stances[0].position if self.stances else NONE

    @property
    def target(self) -> str | None:
        """The target of the most prominent position, or None."""
        return self.stances[0].target if self.stances else None

    @property
    def start(self) -> int:
        """Where its content begins (code points)."""
        return self.content[0][0]

    @property
    def end(self) -> int:
        """Where its content ends (code points)."""
        return self.content[-1][1]

    def at_least(self, confidence: float) -> Statement | None:
        """The statement with the stances that are at least so likely, or None where it or all of its labels are less likely."""
        stances = tuple(s for s in self.stances if s.confidence >= confidence)
        left = bool(stances) if self.stances else self.scores.get(NONE, 1.0) >= confidence
        if self.confidence < confidence or not left:
            return None
        names = {*self.speakers, *(s.target for s in stances)}
        return replace(self, stances=stances, named={name: how for name, how in self.named.items() if name in names})

    def to_dict(self) -> dict[str, Any]:
        """The statement in the annotation format, with ``text``, ``confidence``, ``scores`` and ``named`` added."""
        return {
            "content": [list(span) for span in self.content],
            "cue": list(self.cue) if self.cue else None,
            "source": list(self.source) if self.source else None,
            "speaker": list(self.speakers),
            "stances": [
                {"position": s.position, "target": s.target, "confidence": round(s.confidence, 4)} for s in self.stances
            ],
            "text": self.text,
            "confidence": round(self.confidence, 4),
            "scores": {name: round(score, 4) for name, score in self.scores.items()},
            "named": dict(self.named),
        }


@dataclass(frozen=True, kw_only=True)
class Article:
    """A text to be labelled. ``text`` is clean: what is no article text is left out; all offsets count its code points."""

    id: str
    text: str
    title: str | None = None
    date: str | None = None
    """As ``YYYY-MM-DD``."""
    source: str | None = None
    place: str | None = None
    """Where the report was filed from, as it stands at its head."""
    meta: Mapping[str, Any] = field(default_factory=dict)
    """The other fields of a record."""
    pieces: tuple[tuple[int, int, int], ...] = ()
    """Where the text stood in the file: (offset in ``text``, offset in the file's text, length), in code points, with
    line ends as ``\\n``."""

    def original(self, span: Span) -> Span | None:
        """A span of ``text`` as a span of the file's text (code points), or None where the file has none."""
        ends = []
        for at in (span[0], span[1] - 1):
            piece = next((p for p in self.pieces if p[0] <= at < p[0] + p[2]), None)
            if piece is None:
                return None
            ends.append(at - piece[0] + piece[1])
        return ends[0], ends[1] + 1
