"""Labelled articles as JSON lines, as CSV and as a table in a terminal."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

from stance.records import Article, Statement

if TYPE_CHECKING:
    from rich.console import RenderableType

    from stance.actors import Actors

#: The columns of CSV: one row for every stance, and one for every statement that takes none.
COLUMNS = (
    "article", "date", "statement", "start", "end", "speaker", "position", "target",
    "confidence", "cue", "source", "text",
)  # fmt: skip

_STYLES = {"deescalation": "green", "criticism": "red", "none": "dim"}


def article_record(article: Article, statements: Sequence[Statement], actors: Actors | None = None) -> dict[str, Any]:
    """An article with its statements in the annotation format, confidence and scores added.

    With ``actors``, ``known`` holds what the file of actors says of those who are named.
    """
    known = {"known": actors.known(statements)} if actors else {}
    facts = {"title": article.title, "date": article.date, "source": article.source, "place": article.place}
    return {
        "id": article.id,
        **facts,
        **article.meta,
        "text": article.text,
        "actors": {},
        **known,
        "statements": [{"id": f"s{number}", **s.to_dict()} for number, s in enumerate(statements, 1)],
    }


def json_lines(labelled: Iterable[tuple[Article, Sequence[Statement]]], actors: Actors | None = None) -> Iterator[str]:
    """One line for each article; see `article_record`."""
    for article, statements in labelled:
        yield json.dumps(article_record(article, statements, actors), ensure_ascii=False) + "\n"


def csv_lines(labelled: Iterable[tuple[Article, Sequence[Statement]]]) -> Iterator[str]:
    """A head line, then one line for each stance, or for a statement that takes none. Speakers are parted by ``; ``."""
    yield _csv_line(COLUMNS)
    for article, statements in labelled:
        for number, s in enumerate(statements, 1):
            words = [article.text[slice(*span)] if span else "" for span in (s.cue, s.source)]
            fixed = (article.id, article.date or "", f"s{number}", s.start, s.end, "; ".join(s.speakers))
            rows = [(x.position, x.target or "", x.confidence) for x in s.stances] or [
                (s.position, "", s.scores.get(s.position, 0.0))
            ]
            for position, target, confidence in rows:
                yield _csv_line((*fixed, position, target, f"{confidence:.3f}", *words, s.text))


def _csv_line(values: Sequence[Any]) -> str:
    line = io.StringIO()
    csv.writer(line, lineterminator="\n").writerow(values)
    return line.getvalue()


def table(article: Article, statements: Sequence[Statement]) -> RenderableType:
    """The statements of an article for a terminal: speaker, position, target, confidence, the words."""
    from rich.markup import escape
    from rich.table import Table
    from rich.text import Text

    facts = " · ".join(x for x in (article.title, article.date, article.source) if x)
    shown = Table(
        title=Text(article.id + (f" · {facts}" if facts else "")), title_justify="left", title_style="bold", expand=True
    )
    shown.add_column("speaker", ratio=4)
    shown.add_column("position", no_wrap=True, min_width=12)
    shown.add_column("target", ratio=4)
    shown.add_column("conf.", justify="right", width=5)
    shown.add_column("words", ratio=8)
    for s in statements:
        first = True
        for position, target, confidence in [(x.position, x.target, x.confidence) for x in s.stances] or [
            (s.position, None, s.scores.get(s.position, 0.0))
        ]:
            shown.add_row(
                escape("; ".join(s.speakers) or "–") if first else "",
                Text(position, style=_STYLES.get(position, "cyan")),
                escape(target or "–"),
                f"{confidence:.2f}",
                Text(" ".join(s.text.split())) if first else "",
            )
            first = False
    if not statements:
        shown.add_row("–", "", "", "", Text("no statement found", style="dim"))
    return shown
