"""What of a file is article text: dates and place lines recognised, the menus of dumped web pages left out."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from datetime import datetime

from stance.records import Article

_DATE_PREFIX = re.compile(r"\s*date (\d{4}-\d\d-\d\d)\s+(?=\S)")
_DATE_LINE = re.compile(
    r"(?:(\d{4}-\d\d-\d\d)|(\d{1,2} [A-Z][a-z]+ \d{4})|([A-Z][a-z]+\.? \d{1,2}, \d{4}))"
    r"(?:[ ,T]+\d{1,2}:\d\d(?::\d\d)?)?(?: ?[A-Z]{2,4})?"
)
_PLACE_LINE = re.compile(r"[A-ZÀ-ÖØ-Þ][A-ZÀ-ÖØ-Þ .,'’/\-]{2,40}")
_DATELINE = re.compile(
    r"(?P<place>[A-ZÀ-ÖØ-Þ][A-ZÀ-ÖØ-Þ.'’/\-]{2,}(?:[ ,]+[A-ZÀ-ÖØ-Þa-z.'’/\-]+){0,3}?)"
    r"(?:, (?:\d{1,2} )?[A-Z][a-z]{2,8}\.?(?: \d{1,2})?)?(?: \((?P<source>[A-Z][\w ./]{1,30})\))?\s+(?:--?|—|–)\s"
)
_CLOSED = re.compile(r"[.!?…:,][\"”'’»)\]]*$")
_BOILERPLATE = re.compile(
    r"©|\bcopyright\b|all rights reserved|\bcookies?\b|\bsubscribe\b|\bnewsletter\b|^follow us|^share (?:it|this|on)\b|"
    r"share-line|^liked the story|copy link|^views:|^print$|^read (?:more|also)\b|^sign (?:up|in)\b|any use of materials|"
    r"hyperlink|advertis",
    re.I,
)
_RIGHTS = re.compile(r"(?m)^[^\S\n]{0,40}(\w[\w.\- ]{1,39}?) {0,3}©")
_SPOKEN = re.compile(r"[\"“”«»]")
_TITLE_WORDS = (3, 25)
_PROSE_WORDS = 8
_DUMP_LINES = 5


@dataclass(frozen=True)
class _Line:
    start: int
    text: str

    @property
    def is_prose(self) -> bool:
        """Whether the line is running text."""
        words = self.text.split()
        return len(words) >= _PROSE_WORDS and bool(_CLOSED.search(self.text)) and not self.is_boilerplate

    @property
    def is_boilerplate(self) -> bool:
        """Whether the line belongs to a page, not to an article."""
        if _SPOKEN.search(self.text) and _CLOSED.search(self.text):
            return False
        return len(self.text.split()) < 16 and bool(_BOILERPLATE.search(self.text))

    @property
    def is_sentence(self) -> bool:
        """Whether the line may be a short paragraph beside running text."""
        return bool(_CLOSED.search(self.text)) and len(self.text.split()) > 2 and not self.is_boilerplate


def clean(name: str, raw: str) -> Article:
    """The article in a file's text, with title, date, source and place where the text shows them."""
    prefix = _DATE_PREFIX.match(raw)
    lines = [
        _Line(m.start() + len(m[0]) - len(m[0].lstrip()), m[0].strip()) for m in re.finditer(r"[^\n]+", raw) if m[0].strip()
    ]
    date = prefix[1] if prefix else None
    if prefix and lines:
        first = lines[0]
        lines[0] = _Line(prefix.end(), first.text[prefix.end() - first.start :])
    kept = _of_dump(lines)
    if kept is None:
        start = lines[0].start if lines else 0
        end = lines[-1].start + len(lines[-1].text) if lines else 0
        article = Article(id=name, text=raw[start:end], pieces=((0, start, end - start),))
        return _headed(article, lines, date)
    dated = next((_day(line.text) for line in lines if _DATE_LINE.fullmatch(line.text)), None)
    kept = [line for line in kept if not _DATE_LINE.fullmatch(line.text)]
    pieces, texts, at = [], [], 0
    for line in kept:
        pieces.append((at, line.start, len(line.text)))
        texts.append(line.text)
        at += len(line.text) + 2
    rights = _RIGHTS.search(raw)
    article = Article(id=name, text="\n\n".join(texts), pieces=tuple(pieces), source=rights[1].strip() if rights else None)
    return _headed(article, kept, date or dated)


def _of_dump(lines: list[_Line]) -> list[_Line] | None:
    """The article's lines where the file is a dumped web page, else None.

    A dump has at least five lines of menus, counters and the like before its first or behind its last running text.
    """
    prose = [i for i, line in enumerate(lines) if line.is_prose]
    if not prose:
        return None
    first, last = prose[0], prose[-1]
    while last + 1 < len(lines) and lines[last + 1].is_sentence:
        last += 1
    while first and lines[first - 1].is_sentence:
        first -= 1
    around = [line for line in (*lines[:first], *lines[last + 1 :]) if len(line.text.split()) <= 6 or line.is_boilerplate]
    if len(around) < _DUMP_LINES or not any(line.is_boilerplate for line in around):
        return None
    head: list[_Line] = []
    for line in reversed(lines[:first]):
        words = len(line.text.split())
        if _DATE_LINE.fullmatch(line.text):
            continue
        if _TITLE_WORDS[0] < words <= _TITLE_WORDS[1] and not line.is_boilerplate and not line.text.isupper():
            head = [line]
        break
    body = [line for line in lines[first : last + 1] if not line.is_boilerplate]
    return [*head, *body]


def _headed(article: Article, lines: list[_Line], date: str | None) -> Article:
    """Title, date and place from the first lines."""
    title = place = source = None
    for line in lines[:6]:
        words = len(line.text.split())
        if date is None and _DATE_LINE.fullmatch(line.text):
            date = _day(line.text)
        elif _PLACE_LINE.fullmatch(line.text) and words <= 4:
            place = place or line.text
        elif dateline := _DATELINE.match(line.text):
            place, source = place or dateline["place"].strip(" ,"), source or dateline["source"]
            break
        elif not line.is_prose and title is None and _TITLE_WORDS[0] < words <= _TITLE_WORDS[1] and len(lines) > 1:
            if line.text.endswith((".", ":")):
                break
            title = line.text
        elif line.is_prose:
            break
    return replace(article, title=title, date=date, place=place, source=article.source or source)


def _day(words: str) -> str | None:
    found = _DATE_LINE.match(words)
    if found:
        if found[1]:
            return found[1]
        for form in ("%d %B %Y", "%d %b %Y", "%B %d, %Y", "%b %d, %Y", "%b. %d, %Y"):
            try:
                return datetime.strptime(found[2] or found[3], form).date().isoformat()
            except ValueError:
                continue
    return None
