"""Labelled articles as JSON lines, CSV, Parquet, a DataFrame, and a table in a terminal."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from stance.errors import MissingExtraError
from stance.files import whole_file, whole_path
from stance.records import Article, Statement
from stance.runs import text_hash

if TYPE_CHECKING:
    import pandas
    from rich.console import RenderableType

    from stance.actors import Actors

#: The columns of CSV: one row for every stance, and one for every statement that takes none.
COLUMNS = (
    "article", "date", "statement", "start", "end", "speaker", "position", "target",
    "confidence", "cue", "source", "text",
)  # fmt: skip

#: An article and the statements found in it.
Labelled = tuple[Article, Sequence[Statement]]
_STYLES = {"deescalation": "green", "criticism": "red", "none": "dim"}


def article_record(
    article: Article, statements: Sequence[Statement], actors: Actors | None = None, made_by: Mapping[str, str] | None = None
) -> dict[str, Any]:
    """An article with its statements in the annotation format, confidence and scores added.

    ``actors`` has the names that the text does not write so (`Canada`, where only `Canadian` stands). With a file of actors,
    ``known`` holds what it says of those who are named; with ``made_by``, versions of the library and the model, and
    ``text_hash``, tell how the record came about. Fields of the article's record that are called as fields of this one stand
    under ``original_…``.
    """
    facts = {"title": article.title, "date": article.date, "source": article.source, "place": article.place}
    known = {"known": actors.known(statements)} if actors else {}
    made = {"made_by": dict(made_by), "text_hash": text_hash(article.text)} if made_by is not None else {}
    low = article.text.lower()
    names = (name for s in statements for name in (*s.speakers, *(stance.target for stance in s.stances)) if name)
    own = {"id", "text", "actors", "statements", *facts}
    meta = {
        f"original_{k}" if k in own else k: v for k, v in article.meta.items() if k not in ("made_by", "text_hash", "known")
    }
    return {
        "id": article.id,
        **facts,
        **meta,
        **made,
        "text": article.text,
        "actors": {name: [] for name in names if name.lower() not in low},
        **known,
        "statements": [{"id": f"s{number}", **s.to_dict()} for number, s in enumerate(statements, 1)],
    }


def json_lines(
    labelled: Iterable[Labelled], actors: Actors | None = None, made_by: Mapping[str, str] | None = None
) -> Iterator[str]:
    """One line for each article; see `article_record`."""
    for article, statements in labelled:
        yield json.dumps(article_record(article, statements, actors, made_by), ensure_ascii=False) + "\n"


def rows(labelled: Iterable[Labelled]) -> Iterator[dict[str, Any]]:
    """A row under `COLUMNS` for each stance, and for each statement that takes none. Speakers are parted by ``; ``."""
    for article, statements in labelled:
        for number, s in enumerate(statements, 1):
            cue, source = (article.text[slice(*span)] if span else "" for span in (s.cue, s.source))
            stances = [(x.position, x.target or "", x.confidence) for x in s.stances]
            for position, target, confidence in stances or [(s.position, "", s.scores.get(s.position, 0.0))]:
                values = (
                    article.id, article.date or "", f"s{number}", s.start, s.end, "; ".join(s.speakers), position, target,
                    round(confidence, 4), cue, source, s.text,
                )  # fmt: skip
                yield dict(zip(COLUMNS, values, strict=True))


def flat_lines(labelled: Iterable[Labelled]) -> Iterator[str]:
    """JSON lines with a row each; see `rows`."""
    for row in rows(labelled):
        yield json.dumps(row, ensure_ascii=False) + "\n"


def csv_lines(labelled: Iterable[Labelled]) -> Iterator[str]:
    """A head line, then a line for each row; see `rows`."""
    yield _csv_line(COLUMNS)
    for row in rows(labelled):
        yield _csv_line([f"{v:.3f}" if isinstance(v, float) else v for v in row.values()])


def _csv_line(values: Sequence[Any]) -> str:
    line = io.StringIO()
    csv.writer(line, lineterminator="\n").writerow(values)
    return line.getvalue()


def lines(
    labelled: Iterable[Labelled],
    form: str,
    *,
    flat: bool = False,
    add_bom: bool = False,
    actors: Actors | None = None,
    made_by: Mapping[str, str] | None = None,
) -> Iterator[str]:
    """The lines of a file in the form ``jsonl`` (``flat``: a row each) or ``csv`` (``add_bom``: with a byte order mark)."""
    made = csv_lines(labelled) if form == "csv" else flat_lines(labelled) if flat else json_lines(labelled, actors, made_by)
    for number, line in enumerate(made):
        yield "\ufeff" * (add_bom and number == 0) + line


def write_labelled(labelled: Iterable[Labelled], path: Path, form: str, **options: Any) -> None:
    """A file in the form ``parquet``, or in one of those of `lines` with its options; whole or not at all."""
    if form == "parquet":
        write_parquet(labelled, path)
    else:
        with whole_file(path) as file:
            file.writelines(lines(labelled, form, **options))


def write_parquet(labelled: Iterable[Labelled], path: Path) -> None:
    """The rows as Parquet, some thousand at a time: strings, but ``start`` and ``end`` int64 and ``confidence`` double.

    The file takes its place when all is written. Raises `MissingExtraError` without pyarrow.
    """
    try:
        import pyarrow
        import pyarrow.parquet
    except ImportError:
        raise MissingExtraError("writing Parquet", "tables") from None
    types = {"start": pyarrow.int64(), "end": pyarrow.int64(), "confidence": pyarrow.float64()}
    schema = pyarrow.schema([(name, types.get(name, pyarrow.string())) for name in COLUMNS])
    with whole_path(path) as part, pyarrow.parquet.ParquetWriter(part, schema) as writer:
        for some in batched(rows(labelled), 4096):
            writer.write_table(pyarrow.Table.from_pylist(some, schema=schema))


def to_pandas(labelled: Iterable[Labelled]) -> pandas.DataFrame:
    """The rows of articles and their statements as a DataFrame with the columns `COLUMNS`.

    Raises `MissingExtraError` without pandas.
    """
    try:
        import pandas
    except ImportError:
        raise MissingExtraError("a DataFrame", "tables") from None
    return pandas.DataFrame(list(rows(labelled)), columns=list(COLUMNS))


def batched(values: Iterable[dict[str, Any]], size: int) -> Iterator[list[dict[str, Any]]]:
    """Lists of ``size`` values, the last one shorter."""
    some: list[dict[str, Any]] = []
    for value in values:
        some.append(value)
        if len(some) == size:
            yield some
            some = []
    if some:
        yield some


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
