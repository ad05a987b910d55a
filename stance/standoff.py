"""Annotations without their texts, for sharing what was annotated on articles that may not be passed on.

Every name is given by where it first stands in the text, so that no word of the article is left; a name that
the text does not hold stays as it is. The texts come from a folder again, each checked by its SHA-256. A text is taken with
single line ends and without white space at both ends.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from stance.annotations import article_from_dict, article_to_dict
from stance.errors import AnnotationError
from stance.files import whole_file
from stance.records import AnnotatedArticle

#: A name as [start, end] in the text (code points), or as its words.
Name = list[int] | str


#: What an article keeps without its text.
_KEPT = ("id", "date", "source", "codebook", "annotator", "scenario", "partial", "file", "actors", "statements")


def detached(article: AnnotatedArticle) -> dict[str, Any]:
    """An annotated article without its text: ``text_sha256`` in its place, and names by their places.

    ``file`` names the text; it is the article's field of that name, or its id with ``.txt``. Of the article's other fields only
    id, date, source, codebook, annotator, scenario and partial stay: others may repeat its words. So may names that do not
    stand in it.
    """
    data = article_to_dict(article)
    text = data["text"]
    data = {key: data[key] for key in _KEPT if key in data}
    data["file"] = data.get("file") or f"{article.id}.txt"
    data["text_sha256"] = _digest(text)
    data["actors"] = [[_place(name, text), [_place(f, text) for f in forms]] for name, forms in data["actors"].items()]
    for statement in data["statements"]:
        statement["speaker"] = [_place(name, text) for name in statement["speaker"]]
        for stance in statement["stances"]:
            stance["target"] = stance["target"] and _place(stance["target"], text)
    return data


def attached(data: dict[str, Any], text: str) -> AnnotatedArticle:
    """The article of what `detached` made, and its text. Raises `AnnotationError` where it is another text."""
    where = f"article {data.get('id')}"
    try:
        if _digest(text) != data["text_sha256"]:
            raise AnnotationError(f"{where}: the text is not the one that was annotated; its SHA-256 differs")
        rest = {key: value for key, value in data.items() if key != "text_sha256"}
        statements = [
            {
                **statement,
                "speaker": [_name(name, text) for name in statement["speaker"]],
                "stances": [{**s, "target": s["target"] and _name(s["target"], text)} for s in statement["stances"]],
            }
            for statement in data["statements"]
        ]
        actors = {_name(name, text): [_name(form, text) for form in forms] for name, forms in data["actors"]}
    except (KeyError, TypeError, ValueError) as fault:
        raise AnnotationError(f"{where}: not written by export --to standoff: {fault!r}") from fault
    return article_from_dict({**rest, "text": text, "actors": actors, "statements": statements})


def write_standoff(articles: Iterable[AnnotatedArticle], path: Path) -> None:
    """A line for each article, without its text; whole or not at all."""
    with whole_file(path) as file:
        for article in articles:
            file.write(json.dumps(detached(article), ensure_ascii=False) + "\n")


def read_standoff(path: Path, texts: Path) -> Iterator[AnnotatedArticle]:
    """The articles of a file, with their texts from the folder ``texts``.

    Raises `AnnotationError` where a line is none of `write_standoff`, a text is missing or another.
    """
    for number, line in enumerate(path.read_text("utf-8").splitlines(), 1):
        try:
            data = json.loads(line)
            file = texts / Path(data["file"]).name
        except (ValueError, KeyError, TypeError) as fault:
            raise AnnotationError(f"{path}:{number}: not written by export --to standoff: {fault!r}") from fault
        try:
            text = file.read_text("utf-8")
        except (OSError, UnicodeDecodeError) as fault:
            raise AnnotationError(f"{path}:{number}: article {data.get('id')}: no text at {file}: {fault}") from fault
        if isinstance(data, dict) and data.get("text_sha256") != _digest(text):
            text = text.strip()
        try:
            yield attached(data, text)
        except AnnotationError as fault:
            raise AnnotationError(f"{path}:{number}: {fault}") from fault


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def _place(name: str, text: str) -> Name:
    at = text.find(name)
    return [at, at + len(name)] if at >= 0 else name


def _name(place: Name, text: str) -> str:
    if isinstance(place, str):
        return place
    start, end = place
    return text[start:end]
