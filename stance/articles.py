"""Reading articles: from files, folders, tables and standard input, one at a time."""

from __future__ import annotations

import codecs
import csv
import datetime
import glob
import gzip
import io
import json
import math
import sys
import zlib
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import IO, Any

from stance.cleaning import clean
from stance.errors import ArticleError, MissingExtraError
from stance.records import Article

#: The endings of the files that are read.
SUFFIXES = (".txt", ".md", ".html", ".htm", ".jsonl", ".csv", ".parquet")
#: Endings behind them of files that are packed; a packed Parquet file is not read.
PACKED = (".gz", ".zst")
#: The most characters (code points) of an article.
LONGEST = 300_000
TOO_LONG = f"an article has at most {LONGEST:,}; several articles in one file go into a table, a record each"
_MOST_BYTES = 4 * LONGEST + 3  # in UTF-8, with a byte order mark
_FIELDS = ("title", "date", "source", "place")
_FOUND = frozenset(("actors", "statements"))


@dataclass(frozen=True)
class Columns:
    """Under which names the records of a table hold an article's text and id."""

    text: str = "text"
    id: str = "id"


def read_articles(
    paths: str | Path | Iterable[str | Path], *, text_column: str = "text", id_column: str = "id"
) -> Iterator[Article | ArticleError]:
    """The articles of files, of folders (with all that is below them), of globs and of standard input (``-``).

    Tables (``.jsonl``, ``.csv``, ``.parquet``) are read record by record, however long they are. A file or record that
    cannot be read comes as an `ArticleError`, in its place; the others go on. An id is the file's name without its ending,
    or the record's id; where an id comes again, the file's path stands before it.
    """
    seen: set[str] = set()
    columns = Columns(text_column, id_column)
    for path in [paths] if isinstance(paths, str | Path) else paths:
        if str(path) == "-":
            yield from _numbered(_standard_input(columns), "-", seen)
            continue
        files = article_files(path)
        if not files:
            known = " ".join(SUFFIXES)
            yield ArticleError(
                f"{path}: no file of a known kind in this folder ({known})" if Path(path).is_dir() else f"{path}: no such file"
            )
        for file in files:
            yield from _numbered(_read(file, columns), str(file.with_name(_bare_name(file))), seen)


def article_files(path: str | Path) -> list[Path]:
    """The files that a path stands for: itself, those below a folder, or those that a glob matches."""
    here = Path(path)
    if not here.exists() and glob.has_magic(str(path)):
        return sorted({f for found in glob.iglob(str(path), recursive=True) for f in article_files(found)})  # noqa: PTH207
    if here.is_dir():
        return sorted(f for f in here.rglob("*") if _kind(f) in SUFFIXES and not f.is_dir())
    return [here]


def _kind(path: Path) -> str:
    """The ending that tells what is inside: ``.jsonl`` of ``a.jsonl.gz``."""
    suffix = path.suffix.lower()
    if suffix not in PACKED:
        return suffix
    inner = Path(path.stem).suffix.lower()
    return inner if inner != ".parquet" else ""


def _bare_name(path: Path) -> str:
    """The file's name without its endings."""
    return Path(path.stem).stem if path.suffix.lower() in PACKED else path.stem


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


def _standard_input(columns: Columns) -> Iterator[Article | ArticleError]:
    data = io.BufferedReader(sys.stdin.buffer)  # type: ignore[type-var]
    try:
        if data.peek(64)[:64].lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"{"):
            yield from _jsonl(data, "standard input", columns)
        else:
            yield _plain("stdin", data, "standard input")
    except ArticleError as fault:
        yield fault
    finally:
        data.detach()  # else it would close standard input


def _read(path: Path, columns: Columns) -> Iterator[Article | ArticleError]:
    kind = _kind(path)
    try:
        if kind not in SUFFIXES:
            raise ArticleError(f"{path}: unknown kind of file; expected one of {' '.join(SUFFIXES)}")
        if kind == ".parquet":
            yield from _parquet(path, columns)
            return
        with _opened(path) as file:
            if kind == ".jsonl":
                yield from _jsonl(file, str(path), columns)
            elif kind == ".csv":
                yield from _csv(file, str(path), columns)
            elif kind in (".html", ".htm"):
                yield _html(path, _decoded(file.read(), str(path)))
            else:
                yield _plain(_bare_name(path), file, str(path))
    except (ArticleError, MissingExtraError) as fault:
        yield ArticleError(str(fault))
    except (OSError, EOFError, zlib.error) as fault:
        told = getattr(fault, "strerror", None) or fault
        yield ArticleError(f"{path}: {told}" + ("; what stands before was read" if kind in (".jsonl", ".csv") else ""))


@contextmanager
def _opened(path: Path) -> Iterator[IO[bytes]]:
    """The file's bytes, unpacked. Raises `OSError` and, for torn archives, what the unpacker raises."""
    suffix = path.suffix.lower()
    if suffix == ".gz":
        with gzip.open(path, "rb") as unpacked:
            yield unpacked  # type: ignore[misc]
    elif suffix == ".zst":
        try:
            import zstandard
        except ImportError:
            raise MissingExtraError(f"{path}: unpacking", "tables") from None
        try:
            with path.open("rb") as file:
                yield io.BufferedReader(_Unpacked(file, zstandard.ZstdDecompressor))
        except zstandard.ZstdError as fault:
            raise OSError(f"no zstandard archive: {fault}") from fault
    else:
        with path.open("rb") as file:
            yield file


class _Unpacked(io.RawIOBase):
    """A zstandard archive, unpacked; raises `EOFError` where it is torn."""

    def __init__(self, file: IO[bytes], decompressor: Any) -> None:
        self._file, self._decompressor = file, decompressor
        self._frame = decompressor().decompressobj()
        self._rest = b""

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        while not self._rest:
            packed = b""
            if self._frame.eof:
                packed = self._frame.unused_data
                self._frame = self._decompressor().decompressobj()
                packed = packed or self._file.read(1 << 16)
                if not packed:
                    return 0
            packed = packed or self._file.read(1 << 16)
            if not packed:
                raise EOFError("the archive is torn")
            self._rest = self._frame.decompress(packed)
        size = min(len(buffer), len(self._rest))
        buffer[:size], self._rest = self._rest[:size], self._rest[size:]
        return size


def _decoded(data: bytes, where: str) -> str:
    if not data.strip():
        raise ArticleError(f"{where}: empty")
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        raise ArticleError(f"{where}: not UTF-8 but, by its first bytes, UTF-16; convert it, for instance with iconv")
    if b"\0" in data:
        raise ArticleError(f"{where}: binary (a NUL at byte {data.index(0)}); expected text in UTF-8")
    try:
        return _line_ends(data.decode("utf-8-sig"))
    except UnicodeDecodeError as fault:
        raise ArticleError(
            f"{where}: not UTF-8 (byte 0x{data[fault.start]:02x} at {fault.start}); convert it, for instance with iconv"
        ) from fault


def _line_ends(text: str) -> str:
    return text.replace("\r\n", "\n").replace("\r", "\n")  # offsets count these line ends


def _plain(name: str, file: IO[bytes], where: str) -> Article:
    data = file.read(_MOST_BYTES + 1)
    if len(data) > _MOST_BYTES and b"\0" not in data:
        raise ArticleError(f"{where}: more than {_MOST_BYTES:,} bytes; {TOO_LONG}")
    raw = _decoded(data, where)
    if len(raw) > LONGEST:
        raise ArticleError(f"{where}: {len(raw):,} characters; {TOO_LONG}")
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
    if len(text) > LONGEST:
        raise ArticleError(f"{path}: {len(text):,} characters; {TOO_LONG}")
    facts = trafilatura.extract_metadata(raw)
    return Article(
        id=_bare_name(path),
        text=text.strip(),
        title=getattr(facts, "title", None),
        date=getattr(facts, "date", None),
        source=getattr(facts, "sitename", None),
    )


def _jsonl(file: IO[bytes], where: str, columns: Columns) -> Iterator[Article | ArticleError]:
    empty = True
    for number, data in enumerate(file, 1):
        if not data.strip():
            continue
        empty = False
        try:
            line = _decoded(data, f"{where}:{number}")
            try:
                row = json.loads(line)
            except (ValueError, RecursionError) as fault:
                raise ArticleError(f"{where}:{number}: no JSON: {fault}") from fault
            if not isinstance(row, dict):
                raise ArticleError(f"{where}:{number}: expected an object, found {type(row).__name__}")
            yield _record(row, f"{where}:{number}", str(number), columns)
        except ArticleError as fault:
            yield fault
    if empty:
        yield ArticleError(f"{where}: empty")


def _csv(file: IO[bytes], where: str, columns: Columns) -> Iterator[Article | ArticleError]:
    csv.field_size_limit(2**31 - 1)
    lines = (line.decode("utf-8-sig" if number == 0 else "utf-8") for number, line in enumerate(file))
    reader = csv.DictReader(lines, strict=True)
    behind = "nothing behind this line was read"
    try:
        if not reader.fieldnames:
            raise ArticleError(f"{where}: empty")
        if columns.text not in reader.fieldnames:
            raise ArticleError(f"{where}: no column {columns.text!r}; the columns are {', '.join(reader.fieldnames)}")
        for row in reader:
            line = f"{where}:{reader.line_num}"
            try:
                if None in row:
                    raise ArticleError(f"{line}: more fields than columns; a text with commas has to stand in quotes")
                values = {k: v and _line_ends(v) for k, v in row.items()}
                if any("\0" in v for v in values.values() if v):
                    raise ArticleError(f"{line}: binary (a NUL in this record); expected text in UTF-8")
                yield _record(values, line, str(reader.line_num), columns)
            except ArticleError as fault:
                yield fault
    except csv.Error as fault:
        raise ArticleError(f"{where}:{reader.line_num}: no CSV: {fault}; {behind}") from fault
    except UnicodeDecodeError as fault:
        raise ArticleError(f"{where}:{reader.line_num + 1}: not UTF-8 ({fault.reason}); {behind}") from fault


def _parquet(path: Path, columns: Columns) -> Iterator[Article | ArticleError]:
    try:
        import pyarrow
        import pyarrow.parquet
    except ImportError:
        raise MissingExtraError(f"{path}: reading Parquet", "tables") from None
    try:
        with pyarrow.parquet.ParquetFile(path) as table:
            names = table.schema_arrow.names
            if columns.text not in names:
                raise ArticleError(f"{path}: no column {columns.text!r}; the columns are {', '.join(names)}")
            number = 0
            for batch in table.iter_batches(batch_size=64):
                try:
                    rows = batch.to_pylist()
                except UnicodeDecodeError as fault:
                    yield ArticleError(f"{path}: records {number + 1} to {number + batch.num_rows}: not UTF-8 ({fault.reason})")
                    rows = []
                    number += batch.num_rows
                for row in rows:
                    number += 1
                    try:
                        yield _record(row, f"{path}:{number}", str(number), columns)
                    except ArticleError as fault:
                        yield fault
    except pyarrow.ArrowException as fault:
        raise ArticleError(f"{path}: no Parquet: {fault}") from fault


def _plain_value(value: Any) -> Any:
    """A value as JSON can hold it: dates and times in ISO 8601, no number as null."""
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if value is None or isinstance(value, str | int):
        return value
    if isinstance(value, Mapping):
        return {str(k): _plain_value(v) for k, v in value.items()}
    if isinstance(value, list | tuple):
        return [_plain_value(v) for v in value]
    return value.isoformat() if hasattr(value, "isoformat") else str(value)


def _record(row: Mapping[str, Any], where: str, number: str, columns: Columns) -> Article:
    values: dict[str, str | None] = {}
    for name, key in (("text", columns.text), ("id", columns.id), *((name, name) for name in _FIELDS)):
        value = row.get(key)
        if name == "date" and isinstance(value, datetime.date):
            value = value.isoformat()[:10]
        if value is not None and not isinstance(value, str if name == "text" else str | int):
            raise ArticleError(f"{where}: expected {key!r} to be a text, found {type(value).__name__}")
        values[name] = str(value) if value not in (None, "") else None
    text = values.pop("text")
    label = f" (id {values['id']})" if values["id"] and is_unicode(values["id"]) else ""
    if not text or not text.strip():
        told = "no text in this record" if columns.text in row or columns.text == "text" else f"no field {columns.text!r}"
        raise ArticleError(f"{where}: {told}{label}")
    if len(text) > LONGEST:
        raise ArticleError(f"{where}: {len(text):,} characters{label}; {TOO_LONG}")
    if "\0" in text:
        raise ArticleError(f"{where}: binary (a NUL in this text){label}; expected text in UTF-8")
    known = {columns.text, columns.id, *_FIELDS} | _FOUND
    meta = {str(k): _plain_value(v) for k, v in row.items() if k not in known}
    for what, words in (("text", text), ("record", json.dumps([values, meta], ensure_ascii=False))):
        if not is_unicode(words):
            raise ArticleError(f"{where}: half a surrogate pair in this {what}{label}")
    name = values.pop("id") or number
    return Article(id=name, text=text, pieces=((0, 0, len(text)),), meta=meta, **values)


def is_unicode(text: str) -> bool:
    """Whether a text can be written in UTF-8: Python strings may hold halves of surrogate pairs."""
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        return False
    return True
