"""Annotated articles: reading, checking and writing ``*.jsonl`` files, one article a line."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from stance.codebook import Codebook
from stance.errors import AnnotationError
from stance.files import write_whole
from stance.records import NONE, AnnotatedArticle, AnnotatedStatement, Span, Stance

_ARTICLE_FIELDS = {"id", "text", "actors", "statements"}


@dataclass(frozen=True, kw_only=True)
class Fault:
    """Something wrong in an annotated file; ``article`` and ``statement`` are ids, where they are known."""

    file: str
    line: int
    article: str | None
    statement: str | None
    message: str

    def __str__(self) -> str:
        where = f"{self.file}:{self.line}"
        if self.article is not None:
            where += f": article {self.article}"
        if self.statement is not None:
            where += f", statement {self.statement}"
        return f"{where}: {self.message}"


def annotation_files(paths: Iterable[Path]) -> list[Path]:
    """The ``*.jsonl`` files among the paths and in the folders among them. Raises `AnnotationError` where none is."""
    files: list[Path] = []
    for path in paths:
        found = sorted(path.rglob("*.jsonl")) if path.is_dir() else [path]
        if not found:
            raise AnnotationError(f"{path}: no *.jsonl file in this folder")
        files.extend(found)
    return files


def read_annotations(paths: Iterable[Path]) -> list[AnnotatedArticle]:
    """All articles of the files and folders. Raises `AnnotationError` at the first fault in the form."""
    articles = []
    for path in annotation_files(paths):
        for _, article in _articles(path):
            if isinstance(article, Fault):
                raise AnnotationError(str(article))
            articles.append(article)
    return articles


def read_held_out(path: Path) -> frozenset[str]:
    """The scenarios that training does not see: the list ``held_out`` of a TOML file. Raises `AnnotationError`."""
    try:
        return frozenset(tomllib.loads(path.read_text("utf-8"))["held_out"])
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError, KeyError, TypeError) as fault:
        raise AnnotationError(f"{path}: no file with a list 'held_out': {fault}") from fault


def check_annotations(paths: Iterable[Path], codebook: Codebook) -> tuple[list[Fault], int, int]:
    """Every fault in the files and folders, and how many articles and statements were read.

    Checked are the form, offsets (inside the text, not empty, pieces in order and apart, statements apart), positions, names
    that occur neither in the text nor among the actors, and ids given twice.
    """
    faults: list[Fault] = []
    seen: dict[str, str] = {}
    articles = statements = 0
    for path in annotation_files(paths):
        for line, article in _articles(path):
            if isinstance(article, Fault):
                faults.append(article)
                continue
            articles += 1
            statements += len(article.statements)
            where = f"{path}:{line}"
            if article.id in seen:
                faults.append(
                    Fault(
                        file=str(path),
                        line=line,
                        article=article.id,
                        statement=None,
                        message=f"id already used at {seen[article.id]}",
                    )
                )
            seen.setdefault(article.id, where)
            for statement, message, _ in content_faults(article, codebook):
                faults.append(Fault(file=str(path), line=line, article=article.id, statement=statement, message=message))
    return faults, articles, statements


def content_faults(article: AnnotatedArticle, codebook: Codebook) -> Iterator[tuple[str | None, str, bool]]:
    """What is wrong in an article whose form is right.

    Yields the statement's id or None, the message, and whether the fault keeps a model from learning from the article.
    """
    low = article.text.lower()
    for name in article.actors:
        for form in article.names(name)[1:]:
            if form.lower() not in low:
                yield None, f"{form!r}, given as a form of {name!r}, is not in the text", False
    ids: set[str] = set()
    taken: list[tuple[Span, str]] = []
    for statement in article.statements:
        label = statement.id
        if label in ids:
            yield label, "id used twice in this article", False
        ids.add(label)
        parts = [("content", span) for span in statement.content]
        parts += [(name, span) for name, span in (("cue", statement.cue), ("source", statement.source)) if span]
        for name, (start, end) in parts:
            if not 0 <= start < end <= len(article.text):
                size = len(article.text)
                yield label, f"{name} [{start}, {end}] is empty or not inside the text of {size} characters", True
            elif article.text[start].isspace() or article.text[end - 1].isspace():
                yield label, f"{name} [{start}, {end}] begins or ends with white space: {article.text[start:end]!r}", False
        for first, second in zip(statement.content, statement.content[1:], strict=False):
            if first[1] > second[0]:
                yield label, f"pieces of content {list(first)} and {list(second)} overlap or are out of order", True
        for span in statement.content:
            for other, owner in taken:
                if owner != label and span[0] < other[1] and other[0] < span[1]:
                    yield label, f"content {list(span)} overlaps content of statement {owner}", False
            taken.append((span, label))
        for stance in statement.stances:
            if stance.position not in codebook.names:
                yield label, f"unknown position {stance.position!r}; the codebook has {', '.join(codebook.names)}", True
        for name in (*statement.speaker, *(s.target for s in statement.stances if s.target is not None)):
            if name not in article.actors and name.lower() not in low:
                yield label, f"the name {name!r} is neither in the text nor among the actors", False


def _articles(path: Path) -> Iterator[tuple[int, AnnotatedArticle | Fault]]:
    try:
        lines = path.read_bytes().removeprefix(b"\xef\xbb\xbf").split(b"\n")
    except OSError as fault:
        raise AnnotationError(f"{path}: {fault.strerror or fault}") from fault
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        name: str | None = None
        try:
            data = json.loads(line.decode("utf-8"))
            if isinstance(data, dict) and isinstance(data.get("id"), str):
                name = data["id"]
            yield number, article_from_dict(data)
        except (UnicodeDecodeError, json.JSONDecodeError, AnnotationError) as fault:
            yield number, Fault(file=str(path), line=number, article=name, statement=None, message=str(fault))


def article_from_dict(data: Any) -> AnnotatedArticle:
    """An annotated article from its JSON object. Raises `AnnotationError` for what is missing or of another type."""
    if not isinstance(data, dict):
        raise AnnotationError(f"expected an object, found {type(data).__name__}")
    for key, kind in (("id", str), ("text", str), ("statements", list)):
        if not isinstance(data.get(key), kind):
            raise AnnotationError(f"expected {key!r} to be of type {kind.__name__}, found {type(data.get(key)).__name__}")
    if not data["id"]:
        raise AnnotationError("expected a name under 'id', found none")
    actors = data.get("actors") or {}
    if not isinstance(actors, dict) or not all(
        isinstance(v, list) and all(isinstance(n, str) for n in v) for v in actors.values()
    ):
        raise AnnotationError("expected 'actors' to map each name to a list of names")
    if not isinstance(data.get("partial", False), bool):
        raise AnnotationError(f"expected 'partial' to be true or false, found {data['partial']!r}")
    statements, faults = [], []
    for number, raw in enumerate(data["statements"], 1):
        label = raw.get("id") if isinstance(raw, dict) else None
        try:
            statements.append(_statement(raw, f"s{number}"))
        except AnnotationError as fault:
            faults.append(f"statement {label or number}: {fault}")
    if faults:
        raise AnnotationError("; ".join(faults))
    return AnnotatedArticle(
        id=data["id"],
        text=data["text"],
        statements=tuple(statements),
        actors={name: tuple(others) for name, others in actors.items()},
        meta={k: v for k, v in data.items() if k not in _ARTICLE_FIELDS},
    )


def _statement(raw: Any, label: str) -> AnnotatedStatement:
    if not isinstance(raw, dict):
        raise AnnotationError(f"expected an object, found {type(raw).__name__}")
    content = raw.get("content")
    if not isinstance(content, list) or not content:
        raise AnnotationError(f"expected 'content' to be a list of [start, end] pairs, found {content!r}")
    speaker = raw.get("speaker") or []
    if not isinstance(speaker, list) or not all(isinstance(name, str) and name for name in speaker):
        raise AnnotationError(f"expected 'speaker' to be a list of names, found {speaker!r}")
    stances = []
    given = raw.get("stances") or []
    if not isinstance(given, list):
        raise AnnotationError(f"expected 'stances' to be a list, found {given!r}")
    for entry in given:
        if not isinstance(entry, dict) or not isinstance(entry.get("position"), str):
            raise AnnotationError(f"expected a stance as {{position, target}}, found {entry!r}")
        if entry["position"] == NONE:
            continue
        target = entry.get("target")
        if target is not None and (not isinstance(target, str) or not target):
            raise AnnotationError(f"expected 'target' to be a name or null, found {target!r}")
        stances.append(Stance(position=entry["position"], target=target, confidence=_chance(entry)))
    return AnnotatedStatement(
        id=str(raw.get("id") or label),
        content=tuple(_span(pair, "content") for pair in content),
        cue=_span(raw["cue"], "cue") if raw.get("cue") is not None else None,
        source=_span(raw["source"], "source") if raw.get("source") is not None else None,
        speaker=tuple(speaker),
        stances=tuple(stances),
        confidence=_chance(raw),
    )


def _chance(raw: Mapping[str, Any]) -> float:
    """The confidence of what a model labelled; 1 where there is none."""
    given = raw.get("confidence", 1.0)
    if type(given) not in (int, float) or not 0 <= given <= 1:
        raise AnnotationError(f"expected 'confidence' to be a probability, found {given!r}")
    return float(given)


def _span(pair: Any, name: str) -> Span:
    if not isinstance(pair, list) or len(pair) != 2 or not all(type(n) is int for n in pair):
        raise AnnotationError(f"expected {name!r} as [start, end], found {pair!r}")
    return pair[0], pair[1]


def article_to_dict(article: AnnotatedArticle) -> dict[str, Any]:
    """The JSON object of an annotated article: what `article_from_dict` reads."""
    return {
        "id": article.id,
        **article.meta,
        "text": article.text,
        "actors": {name: list(others) for name, others in article.actors.items()},
        "statements": [
            {
                "id": s.id,
                "content": [list(span) for span in s.content],
                "cue": list(s.cue) if s.cue else None,
                "source": list(s.source) if s.source else None,
                "speaker": list(s.speaker),
                "stances": [{"position": t.position, "target": t.target} for t in s.stances],
            }
            for s in article.statements
        ],
    }


def write_annotations(articles: Iterable[Mapping[str, Any] | AnnotatedArticle], path: Path) -> None:
    """Writes articles as JSON lines, the whole file or nothing."""
    rows = (article_to_dict(a) if isinstance(a, AnnotatedArticle) else a for a in articles)
    write_whole(path, "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows))
