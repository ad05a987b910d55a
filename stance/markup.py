"""Articles annotated in plain text: the text, and below it the statements by their words.

The form in which a person writes annotations without a tool. One file may hold many articles::

    === article
    id: harbour-03
    date: 2031-04-02
    genre: news wire
    === text
    The text of the article, paragraphs and all, as it stands.
    === actors
    Ilse Marrin: Marrin; the harbour minister
    === statements
    content: the blockade [...] within a week
    content: "It has gone on too long."
    cue: said
    source: the harbour minister
    speaker: Ilse Marrin
    stance: deescalation > Orvane
    stance: criticism > null

A content line starts a statement, unless only content lines stand before it in the same block; blank
lines part the statements. ``A [...] B`` stands for the words from ``A`` to the next ``B``. Several
speakers or names are parted by ``;``. Words that stand several times in the text are
taken where the statement's parts lie closest together.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from stance.errors import AnnotationError

Span = tuple[int, int]
META_LINE = re.compile(r"^([a-z_]+):[ \t]*(.*)$")
ELLIPSIS = "[...]"


class MarkupError(AnnotationError):
    """A fault in an annotated text: the message names the article and the statement."""


def parse(raw: str, *, where: str = "<string>") -> Iterator[dict[str, Any]]:
    """Yields the articles of ``raw`` as annotation records, with spans in code points of ``text``.

    Raises `MarkupError` for words that are not in the text, unknown keys and missing sections.
    """
    head, *blocks = re.split(r"(?m)^=== article[ \t]*\n", raw.lstrip("\ufeff"))
    if head.strip() or not blocks:
        raise MarkupError(f"{where}: expected '=== article' at the head, found {head.strip()[:50]!r}")
    for number, block in enumerate(blocks, 1):
        yield _article(block, f"{where}: article {number}")


def _article(block: str, where: str) -> dict[str, Any]:
    parts = re.split(r"(?m)^=== (text|actors|statements)[ \t]*(?:\n|\Z)", block)
    sections = dict(zip(parts[1::2], parts[2::2], strict=True))
    stray = re.search(r"(?m)^===.*", "".join(parts[::2]))
    if stray or len(parts[1::2]) > len(sections):
        raise MarkupError(f"{where}: a section is unknown or given twice: {stray[0] if stray else parts[1::2]}")
    if "text" not in sections or "statements" not in sections:
        raise MarkupError(f"{where}: expected the sections 'text' and 'statements', found {sorted(sections)}")
    meta: dict[str, Any] = {}
    for line in filter(str.strip, parts[0].splitlines()):
        found = META_LINE.match(line.strip())
        if not found:
            raise MarkupError(f"{where}: expected 'key: value', found {line!r}")
        meta[found[1]] = found[2].strip() or None
    if "partial" in meta:
        if meta["partial"] not in ("true", "false"):
            raise MarkupError(f"{where}: expected partial: true or false, found {meta['partial']!r}")
        meta["partial"] = meta["partial"] == "true"
    if not meta.get("id"):
        raise MarkupError(f"{where}: no id")
    where = f"{where} ({meta['id']})"
    text = sections["text"].strip("\n")
    actors: dict[str, list[str]] = {}
    for line in filter(str.strip, sections.get("actors", "").splitlines()):
        name, _, others = line.partition(":")
        actors[name.strip()] = [o.strip() for o in others.split(";") if o.strip()]
    statements: list[dict[str, Any]] = []
    floor = 0
    for fields in _statements(sections["statements"], where):
        label = f"s{len(statements) + 1}"
        try:
            statement = _locate(text, fields, floor)
        except MarkupError as fault:
            raise MarkupError(f"{where}: statement {label} ({fields['content'][0][:50]!r}): {fault}") from None
        floor = statement["content"][0][0]
        statements.append({"id": label, **statement})
    return {**meta, "text": text, "actors": actors, "statements": statements}


def _statements(section: str, where: str) -> Iterator[dict[str, Any]]:
    fields: dict[str, Any] = {}
    for line in [*section.splitlines(), ""]:
        line = line.strip()
        if not line or (line.startswith("content:") and set(fields) - {"content"}):
            if fields:
                if "content" not in fields:
                    raise MarkupError(f"{where}: a statement without content: {fields}")
                yield fields
            fields = {}
        if not line:
            continue
        found = META_LINE.match(line)
        if not found or found[1] not in {"content", "cue", "source", "speaker", "stance"}:
            raise MarkupError(f"{where}: expected content:, cue:, source:, speaker: or stance:, found {line!r}")
        key, value = found[1], found[2].strip()
        if key in {"content", "stance"}:
            fields.setdefault(key, []).append(value)
        elif key in fields:
            raise MarkupError(f"{where}: {key} given twice: {line!r}")
        else:
            fields[key] = None if value in {"", "null"} else value


def _occurrences(text: str, words: str) -> list[Span]:
    head, _, tail = (part.strip() for part in words.partition(ELLIPSIS))
    if not head:
        raise MarkupError(f"no words before {ELLIPSIS}: {words!r}")
    found = [m.span() for m in re.finditer(_bounded(head), text)]
    if ELLIPSIS not in words:
        return found
    closed = []
    for start, end in found:
        rest = re.compile(_bounded(tail)).search(text, end)
        if rest:
            closed.append((start, rest.end()))
    return closed


def _bounded(words: str) -> str:
    left = r"(?<!\w)" if re.match(r"\w", words) else ""
    right = r"(?!\w)" if re.search(r"\w$", words) else ""
    return left + re.escape(words) + right


def _gap(text: str, a: Span, b: Span) -> int:
    low, high = min(a[1], b[1]), max(a[0], b[0])
    return max(0, high - low) + (1000 if "\n" in text[low:high] else 0)


def _locate(text: str, fields: dict[str, Any], floor: int) -> dict[str, Any]:
    options: list[list[Span]] = []
    for number, words in enumerate(fields["content"]):
        found = _occurrences(text, words)
        if not found:
            raise MarkupError(f"content not in the text: {words!r}")
        options.append([span for span in found if number or span[0] >= floor] or found)
    best: tuple[int, dict[str, Any]] | None = None
    reason = "the pieces of its content overlap"
    for first in options[0]:
        try:
            cost, here = _around(text, fields, first, options[1:])
        except MarkupError as fault:
            reason = str(fault)
            continue
        if best is None or cost < best[0]:
            best = (cost, here)
    if best is None:
        raise MarkupError(reason)
    speaker = fields.get("speaker") or ""
    stances = []
    for line in fields.get("stance", []):
        position, arrow, target = (part.strip() for part in line.partition(">"))
        if position == "none":
            continue
        if not arrow or not target:
            raise MarkupError(f"expected 'position > target', found {line!r}")
        stances.append({"position": position, "target": None if target == "null" else target})
    return {**best[1], "speaker": [s.strip() for s in speaker.split(";") if s.strip()], "stances": stances}


def _around(text: str, fields: dict[str, Any], first: Span, others: list[list[Span]]) -> tuple[int, dict[str, Any]]:
    """The parts of a statement whose first piece stands here, each where it is nearest; and how far apart they are."""
    pieces, cost = [first], 0
    for spans in others:
        free = [s for s in spans if not any(s[0] < p[1] and p[0] < s[1] for p in pieces)]
        if not free:
            raise MarkupError("the pieces of its content overlap")
        price, span = min((min(_gap(text, s, p) for p in pieces), s) for s in free)
        pieces.append(span)
        cost += price
    pieces.sort()
    here: dict[str, Any] = {"content": [list(p) for p in pieces], "cue": None, "source": None}
    taken, near = list(pieces), list(pieces)
    for key in ("cue", "source"):
        words = fields.get(key)
        if not words:
            continue
        found = [s for s in _occurrences(text, words) if not any(s[0] < t[1] and t[0] < s[1] for t in taken)]
        if not found:
            raise MarkupError(f"{key} not in the text outside the content: {words!r}")
        price, span = min((min(_gap(text, s, n) for n in near), s) for s in found)
        cost += price
        here[key] = list(span)
        taken.append(span)
        near = [span]
    return cost, here
