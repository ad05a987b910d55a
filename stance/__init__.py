"""stance: every statement that a news article reports, by speaker, target and position.

>>> import stance
>>> statements = stance.classify(text)
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from stance.errors import (
    ActorsError,
    AnnotationError,
    ArticleError,
    MissingExtraError,
    ModelError,
    RecipeError,
    StanceError,
)
from stance.records import Article, Stance, Statement

if TYPE_CHECKING:
    import pandas

    from stance.actors import Actors
    from stance.classifier import Classifier

__version__ = "0.1.0"
__all__ = [
    "ActorsError",
    "AnnotationError",
    "Article",
    "ArticleError",
    "MissingExtraError",
    "ModelError",
    "RecipeError",
    "Stance",
    "StanceError",
    "Statement",
    "classify",
    "classify_many",
    "load",
    "read_actors",
    "read_articles",
    "to_pandas",
]


def load(path: str | Path | None = None, *, threads: int = 0, fast: bool = False) -> Classifier:
    """The classifier of a model folder, or the default one.

    ``path`` may be a model on the Hugging Face hub, ``hf://user/name`` or ``hf://user/name@revision``; the network is touched
    for such a name only. ``threads`` is how many threads it computes with; 0 takes as many as there are cores.
    ``fast`` leaves out the second, larger network of a model that has one: statements are then read by the first alone.
    Raises `ModelError` where the folder is missing, incomplete, torn or of another format, or the hub gives no model.
    """
    from stance.bundled import bundled
    from stance.classifier import read_classifier
    from stance.model.hub import located

    folder = located(path) if path is not None else bundled("models/default")
    return read_classifier(folder, threads=threads, fast=fast)


@cache
def _default() -> Classifier:
    return load()


def classify(text: str, *, speaker: str | None = None) -> list[Statement]:
    """The statements of an article, in the order of the text, by the default model.

    With ``speaker``, the text is taken as one quotation of that speaker without an article around it, and the list
    holds that one statement. Raises `TypeError` where ``text`` is no string.
    """
    return _default().classify(text, speaker=speaker)


def classify_many(texts: Iterable[str]) -> Iterator[list[Statement]]:
    """The statements of each text, in order, by the default model; texts are taken one at a time."""
    return _default().classify_many(texts)


def read_articles(
    paths: str | Path | Iterable[str | Path], *, text_column: str = "text", id_column: str = "id"
) -> Iterator[Article | ArticleError]:
    """The articles of files, folders, globs and standard input (``-``); see `stance.articles.read_articles`."""
    from stance.articles import read_articles as read

    return read(paths, text_column=text_column, id_column=id_column)


def read_actors(path: str | Path) -> Actors:
    """A file of actors, which makes names one across articles: ``actors.named(statement)``; see `stance.actors`."""
    from stance.actors import read_actors as read

    return read(Path(path))


def to_pandas(labelled: Iterable[tuple[Article, Sequence[Statement]]]) -> pandas.DataFrame:
    """A DataFrame with a row for each stance of articles and their statements; see `stance.output.to_pandas`."""
    from stance.output import to_pandas as make

    return make(labelled)
