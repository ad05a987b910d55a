"""Annotated articles as a `datasets.Dataset`, for sharing and for pipelines that are built on it."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import TYPE_CHECKING

from stance.annotations import article_from_dict, article_to_dict
from stance.errors import AnnotationError
from stance.records import AnnotatedArticle

if TYPE_CHECKING:
    from datasets import Dataset

_COLUMNS = ("id", "text", "actors", "statements", "meta")


def to_dataset(articles: Iterable[AnnotatedArticle]) -> Dataset:
    """A row for each article; ``actors``, ``statements`` and ``meta`` are JSON, in the annotation format."""
    from datasets import Dataset

    columns: dict[str, list[str]] = {name: [] for name in _COLUMNS}
    for article in articles:
        data = article_to_dict(article)
        columns["id"].append(article.id)
        columns["text"].append(article.text)
        columns["actors"].append(json.dumps(data["actors"], ensure_ascii=False))
        columns["statements"].append(json.dumps(data["statements"], ensure_ascii=False))
        columns["meta"].append(json.dumps(dict(article.meta), ensure_ascii=False))
    return Dataset.from_dict(columns)


def from_dataset(dataset: Dataset) -> list[AnnotatedArticle]:
    """The articles of a dataset that `to_dataset` made. Raises `AnnotationError` for rows of another form."""
    articles = []
    for number, row in enumerate(dataset):
        try:
            data = {**json.loads(row["meta"]), "id": row["id"], "text": row["text"]}
            data.update(actors=json.loads(row["actors"]), statements=json.loads(row["statements"]))
        except (KeyError, ValueError) as fault:
            raise AnnotationError(f"row {number}: not made by to_dataset: {fault!r}") from fault
        articles.append(article_from_dict(data))
    return articles
