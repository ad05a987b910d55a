"""Reading articles: from files, folders, tables and standard input, one at a time."""

from __future__ import annotations

import csv
import io
import json
import sys
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from stance.cleaning import clean
from stance.errors import ArticleError, MissingExtraError
from stance.records import Article

#: The endings of the files that are read.
SUFFIXES = (".txt", ".md", ".html", ".htm", ".jsonl", ".csv")
_FIELDS = ("id", "text", "title", "date", "source", "place")
_FOUND = frozenset(("actors", "statements"))


def read_articles(paths: str | Path | Iterable[str | Path]) -> Iterator[Article | ArticleError]:
    """The articles of files, of folders (with all that is below them) and of standard input (``-``).

    A file or record that cannot be read comes as an `ArticleError`, in its place; the others go on. An id is the file's
    name without its ending, or the record's ``id``; where an id comes again, the file's path stands before it.
    """
    seen: set[str] = set()
    for path in [paths] if isinstance(paths, str | Path) else paths:
        if str(path) == "-":
            yield from _numbered(_standard_input(), "-", seen)
            continue
        path = Path(path)
        if path.is_dir():
            files = sorted(f for f in path.rglob("*") if f.suffix.lower() in SUFFIXES and not f.is_dir())
            if not files:
                yield ArticleError(f"{path}: no file of a known kind in this folder ({' '.join(SUFFIXES)})")
        else:
            files = [path]
        for file in files:
            yield from _numbered(_read(file), str(file.with_suffix("")), seen)


def _numbered(articles: Iterator[Article | ArticleError], path: str, seen: set[str]) -> Iterator[Article | ArticleError]:
    for article in articles:
        if isinstance(article, Article):
            name, number = article.id, 1
            while article.id in seen:
                fuller = path if Path(path).name == name else f"{path}/{name}"
                article = replace(article, id=fuller if number == 1 else f"{fuller}~{number}")
                number += 1
            seen.add(article.id)
        yield article


def _standard_input() -> Iterator[Article | ArticleError]:
    try:
        raw = _decoded(sys.stdin.buffer.read(), "standard input")
        if raw.lstrip().startswith("{"):
            yield from _jsonl(raw, "standard input")
        else:
            yield _plain("stdin", raw, "standard input")
    except ArticleError as fault:
        yield fault


def _read(path: Path) -> Iterator[Article | ArticleError]:
    suffix = path.suffix.lower()
    try:
        if suffix not in SUFFIXES:
            raise ArticleError(f"{path}: unknown kind of file; expected one of {' '.join(SUFFIXES)}")
        try:
            raw = _decoded(path.read_bytes(), str(path))
        except OSError as fault:
            raise ArticleError(f"{path}: {fault.strerror or fault}") from fault
        if suffix == ".jsonl":
            yield from _jsonl(raw, str(path))
        elif suffix == ".csv":
            yield from _csv(raw, str(path))
        elif suffix in (".html", ".htm"):
            yield _html(path, raw)
        else:
            yield _plain(path.stem, raw, str(path))
    except (ArticleError, MissingExtraError) as fault:
        yield ArticleError(str(fault))


def _decoded(data: bytes, where: str) -> str:
    if not data.strip():
        raise ArticleError(f"{where}: empty")
    if b"\0" in data:
        raise ArticleError(f"{where}: binary (a NUL at byte {data.index(0)}); expected text in UTF-8")
    try:
        return data.decode("utf-8-sig").replace("\r\n", "\n").replace("\r", "\n")  # offsets count these line ends
    except UnicodeDecodeError as fault:
        raise ArticleError(
            f"{where}: not UTF-8 (byte 0x{data[fault.start]:02x} at {fault.start}); convert it, for instance with iconv"
        ) from fault


def _plain(name: str, raw: str, where: str) -> Article:
    article = clean(name, raw)
    if not article.text.strip():
        raise ArticleError(f"{where}: no text in it")
    return article


def _html(path: Path, raw: str) -> Article:
    try:
        import trafilatura
    except ImportError:
        raise MissingExtraError(f"{path}: reading HTML", "html") from None
    text = trafilatura.extract(raw, include_comments=False, include_tables=False)
    if not text or not text.strip():
        raise ArticleError(f"{path}: no article text found in this page")
    facts = trafilatura.extract_metadata(raw)
    return Article(
        id=path.stem,
        text=text.strip(),
        title=getattr(facts, "title", None),
        date=getattr(facts, "date", None),
        source=getattr(facts, "sitename", None),
    )


def _jsonl(raw: str, where: str) -> Iterator[Article | ArticleError]:
    for number, line in enumerate(raw.split("\n"), 1):
        if not line.strip():
            continue
        try:
            try:
                row = json.loads(line)
            except json.JSONDecodeError as fault:
                raise ArticleError(f"{where}:{number}: no JSON: {fault}") from fault
            if not isinstance(row, dict):
                raise ArticleError(f"{where}:{number}: expected an object, found {type(row).__name__}")
            yield _record(row, f"{where}:{number}", str(number))
        except ArticleError as fault:
            yield fault


def _csv(raw: str, where: str) -> Iterator[Article | ArticleError]:
    csv.field_size_limit(2**31 - 1)
    reader = csv.DictReader(io.StringIO(raw, newline=""), strict=True)
    try:
        if "text" not in (reader.fieldnames or ()):
            raise ArticleError(f"{where}: no column 'text'; the columns are {', '.join(reader.fieldnames or ())}")
        for row in reader:
            line = f"{where}:{reader.line_num}"
            try:
                if None in row:
                    raise ArticleError(f"{line}: more fields than columns; a text with commas has to stand in quotes")
                yield _record(row, line, str(reader.line_num))
            except ArticleError as fault:
                yield fault
    except csv.Error as fault:
        raise ArticleError(f"{where}:{reader.line_num}: no CSV: {fault}; nothing behind this line was read") from fault


def _record(row: Mapping[str, Any], where: str, number: str) -> Article:
    values: dict[str, str | None] = {}
    for key in _FIELDS:
        value = row.get(key)
        if value is not None and not isinstance(value, str if key == "text" else str | int):
            raise ArticleError(f"{where}: expected {key!r} to be a text, found {type(value).__name__}")
        values[key] = str(value) if value not in (None, "") else None
    text = values.pop("text")
    label = f" (id {values['id']})" if values["id"] else ""
    if not text or not text.strip():
        raise ArticleError(f"{where}: no text in this record{label}")
    if not is_unicode(text):
        raise ArticleError(f"{where}: half a surrogate pair in this text{label}")
    name = values.pop("id") or number
    meta = {k: v for k, v in row.items() if k not in _FIELDS and k not in _FOUND}
    return Article(id=name, text=text, pieces=((0, 0, len(text)),), meta=meta, **values)


def is_unicode(text: str) -> bool:
    """Whether a text can be written in UTF-8: Python strings may hold halves of surrogate pairs."""
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        return False
    return True
