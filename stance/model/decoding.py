"""From the network's numbers to statements: spans that respect quotation marks, and the actors pointed at."""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from operator import itemgetter

import numpy as np

from stance.model.encoding import TAGS, Ints, Span, Tokens
from stance.model.runtime import Floats, log_softmax, sigmoid, softmax
from stance.quotes import quotations

_KINDS = np.array([0, 1, 1, 2, 2, 3, 3])
_BEGINS = np.array([False, True, False, True, False, True, False])
_ACRONYM = re.compile(r"(?:[^\W\d_]\.){2,}")
_LEAD = re.compile(r"[\s,;:.\-–—]*(?:(?:that|for|of)(?:\s+|$))?")
_TAIL = re.compile(r"\s+(?:and|but|or|while|as|that)$")
#: A hole in a content, of up to five words and no punctuation, that neither cue nor source fills.
_HOLE = re.compile(r" (?:[\w'’\-]+ ){1,5}")
_LONGEST_TAIL = len(" while")
_ALNUM = re.compile(r"[^\W_]")
_OPENING = "\"“„«‘'"
_LONGEST_MENTION = 14
#: What no mention of an actor reaches over: a line's end, a quotation mark, a sentence's end, a comma before small letters.
_BREAK = re.compile(
    r"\n|[\"“”„«»]\s?\w|[!?;:]\s"
    r"|(?<!\bProf)(?<!\bCapt)(?<!\bBrig)(?<!\bComm)(?<=[^\W\d_]{4})\.\s"
    r"|,\s(?![A-Z]|and\s+(?:the\s+)?[A-Z])"
)
_CANDIDATES = 8
#: What the probability of "neither content nor cue nor source" is multiplied by.
_NOTHING = 0.7
#: The weight, in logits, of what a speaker says elsewhere; and how often a position that is kept to is taken at all.
_KEPT_UP = 6.0
_USUAL = 0.3


@dataclass(frozen=True)
class WindowOutput:
    """What the network says of one window ``[first, last)`` of an article's tokens.

    *Shapes:* tags (tokens, 7), probabilities; queries (tokens + 1, 4, width) and keys (tokens + 1, 2, width), of which
    row 0 is the model's first token.
    """

    first: int
    last: int
    tags: Floats
    queries: Floats
    keys: Floats


def aligned(outputs: Sequence[WindowOutput], theirs: Tokens, ours: Tokens) -> list[WindowOutput]:
    """What a network says of a text's tokens, told of other tokens of the text: of each, what it says where that begins."""
    # of two tokens that begin at one place, the former has no width
    places, wanted = (2 * tokens.starts + (tokens.ends > tokens.starts) for tokens in (theirs, ours))
    at = np.maximum(np.searchsorted(places, wanted, side="right") - 1, 0)
    told = []
    for output in outputs:
        first, last = (int(np.searchsorted(at, edge)) for edge in (output.first, output.last))
        rows = at[first:last] - output.first
        heads = np.concatenate([[0], rows + 1])
        if len(rows):
            told.append(WindowOutput(first, last, output.tags[rows], output.queries[heads], output.keys[heads]))
    return told


@dataclass(frozen=True)
class Proposal:
    """Words that may be a statement. Spans in code points."""

    content: tuple[Span, ...]
    cue: Span | None
    source: Span | None


#: What networks say of an article's tokens: the share of each in the mean, and its windows in the order of the text.
Marks = Sequence[tuple[float, Sequence[WindowOutput]]]


def propose(text: str, tokens: Tokens, marks: Marks) -> list[Proposal]:
    """The statements that the tags and links of an article suggest, in the order of the text, without overlap.

    The time is proportional to its length (times a logarithm), whatever it holds.
    """
    tags = np.sum([share * _stitch(len(tokens), outputs) for share, outputs in marks], axis=0)
    segments = list(_segments(_labels(tags), tokens, text))
    heads = {kind: [s for s in segments if s[0] == kind] for kind in (2, 3)}
    quoted = quotations(text)
    pieces: list[Proposal] = []
    others = [(tokens.starts[a], tokens.ends[b - 1]) for kind, a, b in segments if kind != 1]
    for kind, first, last in segments:
        if kind != 1:
            continue
        span = _tidy(text, (int(tokens.starts[first]), int(tokens.ends[last - 1])), quoted, others)
        if span[1] <= span[0] or not _ALNUM.search(text, *span):
            continue
        windows = [(share, _deepest(outputs, first, last)) for share, outputs in marks]
        cue, source = (_linked(windows, first, last, which, heads[which + 2], tokens) for which in (0, 1))
        pieces.append(Proposal((span,), cue, source))
    return list(_joined(text, _apart(text, pieces)))


def _deepest(outputs: Sequence[WindowOutput], first: int, last: int) -> WindowOutput:
    """The window that has these tokens nearest its middle; the former of two that are equal."""
    at = bisect_left(outputs, first + last, key=lambda o: o.first + o.last)  # here the room before falls below that behind
    return max(outputs[max(0, at - 1) : at + 1], key=lambda o: min(first - o.first, o.last - last))


def _stitch(count: int, outputs: Sequence[WindowOutput]) -> Floats:
    """Tag probabilities of the whole article, each token's from the window that has it nearest its middle."""
    tags = np.zeros((count, len(TAGS)), dtype=np.float32)
    depth = np.full(count, -1.0)
    for output in outputs:
        inside = np.arange(output.first, output.last)
        here = np.minimum(inside - output.first, output.last - 1 - inside).astype(float)
        better = here > depth[inside]
        tags[inside[better]] = output.tags[better]
        depth[inside[better]] = here[better]
    return tags


def _labels(tags: Floats) -> Ints:
    """Each token's likeliest kind, and whether it begins there; in doubt it is one: the second reading sorts out."""
    kinds = np.stack([_NOTHING * tags[:, 0], *(tags[:, k] + tags[:, k + 1] for k in (1, 3, 5))], axis=1).argmax(-1)
    first = 2 * kinds - 1
    begins = np.take_along_axis(tags, np.maximum(first, 0)[:, None], 1) > np.take_along_axis(tags, 2 * kinds[:, None], 1)
    labels: Ints = np.where(kinds == 0, 0, np.where(begins[:, 0], first, first + 1))
    return labels


def _segments(labels: Ints, tokens: Tokens, text: str) -> Iterator[tuple[int, int, int]]:
    """Runs of one kind as (kind, first, last), drawn to whole words."""
    inside = np.zeros(len(tokens), dtype=bool)  # the token goes on a word
    for i in range(1, len(tokens)):
        at = int(tokens.starts[i])
        if tokens.ends[i - 1] == at:
            around = text[at - 2 : at + 2] if text[at - 1] in "-." else text[at - 1 : at + 2]
            inside[i] = (text[at - 1].isalnum() and text[at : at + 1].isalnum()) or (
                "-" in around and all(c.isalnum() or c == "-" for c in around[:3])
            )
    for match in _ACRONYM.finditer(text):
        first, last = tokens.at(match.span())
        inside[first + 1 : last] = True
    labels = labels.copy()
    for i in range(1, len(labels)):
        if inside[i]:
            kind = _KINDS[labels[i - 1]]
            labels[i] = 0 if kind == 0 else 2 * kind
    kinds, begins = _KINDS[labels], _BEGINS[labels]
    start = 0
    for i in range(1, len(kinds) + 1):
        if i == len(kinds) or kinds[i] != kinds[start] or begins[i]:
            if kinds[start]:
                first, last = start, i
                while first < last and tokens.starts[first] == tokens.ends[first]:
                    first += 1
                while last > first and tokens.starts[last - 1] == tokens.ends[last - 1]:
                    last -= 1
                if first < last:
                    yield int(kinds[start]), first, last
            start = i


def _tidy(text: str, span: Span, quoted: Sequence[Span], others: Sequence[tuple[int, int]]) -> Span:
    """A content with whole quotations, without introducing words and closing stops outside quotation marks.

    ``quoted`` and ``others`` go in the order of the text, without overlap.
    """
    start, end = span
    touched = slice(bisect_right(quoted, start, key=itemgetter(1)), bisect_left(quoted, end, key=itemgetter(0)))
    for left, right in quoted[touched]:
        common = min(end, right) - max(start, left)
        behind = bisect_right(others, left, key=itemgetter(1))
        free = behind == len(others) or others[behind][0] >= right
        if free and (2 * common >= right - left or (start <= left < end)):
            start, end = min(start, left), max(end, right)
    lead = _LEAD.match(text, start, end)
    if lead:
        start = lead.end()
    tail = _TAIL.search(text, max(start, end - _LONGEST_TAIL), end)
    if tail:
        end = tail.start()
    while end > start and (
        text[end - 1] in ",;:"
        or text[end - 1].isspace()
        or (
            text[end - 1] == "."
            and text[start] not in _OPENING
            and not re.search(r"\b[A-Z]\.$", text[max(start, end - 3) : end])
        )
    ):
        end -= 1
    return start, end


def _linked(
    windows: Sequence[tuple[float, WindowOutput]],
    first: int,
    last: int,
    which: int,
    heads: Sequence[tuple[int, int, int]],
    tokens: Tokens,
) -> Span | None:
    """The cue (``which`` 0) or source (1) of the content at these tokens, among the segments in each network's window."""
    chances: dict[tuple[int, int, int] | None, float] = {}
    for share, output in windows:
        inside = heads[
            bisect_left(heads, output.first, key=itemgetter(1)) : bisect_right(heads, output.last, key=itemgetter(2))
        ]
        rows = np.array([0, *(h[1] - output.first + 1 for h in inside)])
        a, b = (int(np.clip(t - output.first, 0, output.last - output.first - 1)) + 1 for t in (first, last - 1))
        query = output.queries[a, 2 * which] + output.queries[b, 2 * which + 1]
        for head, chance in zip((None, *inside), softmax(output.keys[rows, which] @ query), strict=True):
            chances[head] = chances.get(head, 0.0) + share * float(chance)
    best = max(chances, key=chances.__getitem__)
    return (int(tokens.starts[best[1]]), int(tokens.ends[best[2] - 1])) if best else None


def _apart(text: str, pieces: list[Proposal]) -> list[Proposal]:
    """The pieces in order, none reaching into the one before."""
    apart: list[Proposal] = []
    for piece in sorted(pieces, key=lambda p: p.content[0]):
        (start, end) = piece.content[0]
        if apart and start < apart[-1].content[0][1]:
            if end <= apart[-1].content[0][1]:
                continue
            start = apart[-1].content[0][1]
            lead = _LEAD.match(text, start, end)
            start = lead.end() if lead else start
            if not _ALNUM.search(text, start, end):
                continue
        apart.append(replace(piece, content=((start, end),)))
    return apart


def _joined(text: str, pieces: Sequence[Proposal]) -> Iterator[Proposal]:
    """Pieces under one cue as one statement; a quotation that goes on in a new paragraph stays with its statement."""
    current: Proposal | None = None  # of its content, the last piece
    content: list[Span] = []
    for piece in pieces:
        if current is not None and (_same_cue(text, current, piece) or _goes_on(text, current, piece)):
            _merge(text, content, piece.content[0], [span for span in (current.cue, current.source, piece.source) if span])
            current = replace(current, content=(content[-1],), source=current.source or piece.source)
            continue
        if current is not None:
            yield replace(current, content=tuple(content))
        current, content = piece, [*piece.content]
    if current is not None:
        yield replace(current, content=tuple(content))


def _same_cue(text: str, current: Proposal, piece: Proposal) -> bool:
    if piece.cue is None or piece.cue != current.cue:
        return False
    between = text[current.content[-1][1] : piece.content[0][0]]
    return "\n" not in between or text[piece.content[0][0]] in _OPENING


def _goes_on(text: str, current: Proposal, piece: Proposal) -> bool:
    end, start = current.content[-1][1], piece.content[0][0]
    direct = text[start] in _OPENING and text[current.content[-1][0]] in _OPENING
    if not direct or (piece.cue is not None and piece.cue != current.cue):
        return False
    between = text[end:start]
    if current.cue and current.cue[0] >= end:
        between = text[max(current.cue[1], current.source[1] if current.source else 0) : start]
    return not between.strip(" .\n\t") and (piece.source is None or piece.source == current.source)


def _merge(text: str, content: list[Span], span: Span, taken: Sequence[Span]) -> None:
    """Adds a piece, or draws the last one out to its end where only white space or a few words lie between.

    Cue and source, each of ``taken``, part them.
    """
    start, end = content[-1][1], span[0]
    near = not text[start:end].strip() and "\n" not in text[start:end]
    hole = _HOLE.fullmatch(text, start, end) and not any(a < end and start < b for a, b in taken)
    if near or hole:
        content[-1] = (content[-1][0], span[1])
    else:
        content.append(span)


def _inside_word(text: str, at: int) -> bool:
    """Whether a place lies amid a word: between letters, or at an apostrophe that more than an ending follows."""
    if not 0 < at < len(text):
        return False
    if text[at - 1].isalnum() and text[at].isalnum():
        return True
    before, after = (at, at + 1) if text[at] in "'’" else (at - 1, at) if text[at - 1] in "'’" else (0, 0)
    return bool(after) and text[before - 1 : before].isalpha() and re.match(r"[^\W\d_]{2}", text[after:]) is not None


@dataclass(frozen=True)
class Pointed:
    """A place that the network points at, with its probability; ``span`` is None for "nobody"."""

    span: Span | None
    probability: float


def pointed(starts: Floats, ends: Floats, tokens: Tokens, text: str) -> list[Pointed]:
    """The likeliest places of an actor. *Shapes:* starts, ends (tokens + 1,), logits; row 0 stands for nobody."""
    count = len(tokens) + 1
    starts, ends = log_softmax(starts[:count]), log_softmax(ends[:count])
    scores = [float(starts[0] + ends[0])]
    spans: list[Span | None] = [None]
    for a in np.argsort(starts[1:])[::-1][:_CANDIDATES]:
        left = int(tokens.starts[a])
        if _inside_word(text, left):
            continue
        stretch = ends[1 + a : 1 + a + _LONGEST_MENTION]
        for step in np.argsort(stretch)[::-1][:2]:
            b = int(a + step)
            right = int(tokens.ends[b])
            if right <= left or _inside_word(text, right) or _BREAK.search(text, left, right):
                continue
            scores.append(float(starts[1 + a] + ends[1 + b]))
            spans.append((left, right))
    chances = softmax(np.asarray(scores))
    order = np.argsort(chances)[::-1]
    return [Pointed(spans[i], float(chances[i])) for i in order]


def kept_up(logits: Sequence[float], speakers: Sequence[Sequence[str]], valid: Sequence[float]) -> list[float]:
    """How far what its speakers say in the rest of an article moves the logit of a position that speakers keep to.

    What else they say counts by the probability that it is a statement (``valid``), and the less, the less it is; where
    they say nothing else, nothing moves. The weight and how often the position is usually taken are fitted on held-out real
    articles (models/README.md). All lists hold one element a statement.
    """
    taken = sigmoid(np.asarray(logits, dtype=float))
    above = [chance * (float(own) - _USUAL) for own, chance in zip(taken, valid, strict=True)]
    sums: dict[str, tuple[float, float]] = {}
    for names, more, chance in zip(speakers, above, valid, strict=True):
        for name in names:
            total, number = sums.get(name, (0.0, 0.0))
            sums[name] = (total + more, number + chance)
    moved = []
    for names, more, chance in zip(speakers, above, valid, strict=True):
        others = [(sums[name][0] - more, sums[name][1] - chance) for name in names]
        moved.append(_KEPT_UP * sum(total for total, _ in others) / (1 + sum(number for _, number in others)))
    return moved
