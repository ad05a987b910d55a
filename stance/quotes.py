"""Quotation marks: which stretches of a text stand in quotes, whatever the marks.

Marks are paired by kind and within a paragraph. A quotation that is still open at the end of its
paragraph and is taken up by an opening mark at the head of the next one runs to the paragraph's end.
An unpaired mark is left alone and never spoils the others.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

Span = tuple[int, int]

_PAIRS = {"“": "”", "„": "“”", "«": "»", "‹": "›", "‘": "’", "‚": "‘’", "``": "''"}
_MARK = re.compile(r"``|''|[\"“”„«»‹›‘’‚'＂]")
_PARAGRAPH = re.compile(r"[^\n]+")
_WRAP_WIDTH = 90


def paragraphs(text: str) -> list[Span]:
    """Spans of the paragraphs of ``text``, in code points, without the white space around them.

    A line is a paragraph, except where the text is wrapped: there, blank lines part paragraphs.
    """
    lines = [m.span() for m in _PARAGRAPH.finditer(text)]
    if _is_wrapped(text):
        lines = [m.span() for m in re.finditer(r"(?:[^\S\n]*\S[^\n]*\n?)+", text)]
    spans = []
    for start, end in lines:
        words = text[start:end]
        left = start + len(words) - len(words.lstrip())
        right = start + len(words.rstrip())
        if right > left:
            spans.append((left, right))
    return spans


def _is_wrapped(text: str) -> bool:
    """Whether lines were broken to a width: most inner line ends fall amid a sentence."""
    inner = re.findall(r"(?m)^(.+)\n(?=[^\n])(?=(\S*))", text)
    if len(inner) < 4 or max(len(line) for line, _ in inner) > _WRAP_WIDTH:
        return False
    amid = sum(1 for line, following in inner if line.rstrip()[-1:].isalpha() and following[:1].islower())
    return amid * 3 >= len(inner)


def quotations(text: str) -> list[Span]:
    """Spans of the outermost quotations, marks included, in the order of the text (code points)."""
    found: list[Span] = []
    blocks = paragraphs(text)
    for number, (start, end) in enumerate(blocks):
        following = text[slice(*blocks[number + 1])] if number + 1 < len(blocks) else ""
        found.extend(_in_paragraph(text, start, end, following))
    return found


def _in_paragraph(text: str, start: int, end: int, following: str) -> Iterator[Span]:
    hopeless: set[str] = set()  # marks that nothing closes any more
    while True:
        opened: tuple[str, int] | None = None
        for match in _MARK.finditer(text, start, end):
            mark, at, behind = match[0], match.start(), match.end()
            before = text[at - 1] if at > start else " "
            after = text[behind] if behind < end else " "
            if opened is None:
                if mark not in hopeless and _opens(mark, before, after):
                    opened = (mark, at)
            elif _closes(opened[0], mark, before, after) and not (mark in ("'", "’") and _runs_on(text, behind, end)):
                yield opened[1], behind
                opened = None
        if opened is None:
            return
        mark, at = opened
        if following and (following.startswith(mark) or {mark, following[0]} <= set('"“')):
            yield at, end
            return
        hopeless.add(mark)  # unpaired: look for whole quotations behind it
        start = at + len(mark)


def _opens(mark: str, before: str, after: str) -> bool:
    if after.isspace():
        return False
    if mark in ("'", "‘", "''"):
        return not before.isalnum() and before not in ".,!?" and not (mark == "'" and after.isdigit())
    if mark in ('"', "＂"):
        return not before.isalnum() or before.isspace()
    return mark in _PAIRS or (mark == "”" and not before.isalnum() and before not in ".,!?")


def _closes(opener: str, mark: str, before: str, after: str) -> bool:
    if opener in ("'", "‘", "‚"):
        return mark in ("'", "’", "‘") and not before.isspace() and not after.isalnum()
    if opener in ('"', "“", "”", "„", "＂"):
        straight_reopens = mark == '"' and before.isspace() and not after.isspace()
        return (mark in ('"', "”", "＂") and not straight_reopens) or (opener == "„" and mark == "“")
    return mark == _PAIRS.get(opener, opener)


def _runs_on(text: str, position: int, end: int) -> bool:
    """Whether an apostrophe after ``s`` (``the workers' rights'``) is followed by the real closing mark."""
    if text[position - 2 : position - 1] != "s" or not text[position : position + 1].isspace():
        return False
    nearest = re.compile(r"[‘'’]").search(text, position, end)
    while nearest and (text[nearest.start() - 1].isalnum() and text[nearest.end() : nearest.end() + 1].isalnum()):
        nearest = re.compile(r"[‘'’]").search(text, nearest.end(), end)
    if not nearest:
        return False
    return not text[nearest.start() - 1].isspace()
