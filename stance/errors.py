"""All errors of the library.

StanceError
├── ArticleError       a file or record that cannot be read as an article
├── AnnotationError    an annotation that breaks the format or the codebook
├── ActorsError        a file of actors that cannot be read, or in which two actors share a name
├── ModelError         a model folder that is missing, incomplete, torn or of another format, or that the hub does not give
├── RecipeError        a training recipe with unknown or impossible settings
└── MissingExtraError  an optional part that is not installed
"""

from __future__ import annotations


class StanceError(Exception):
    """Base of all errors that the library raises on purpose. The message says what came, what was expected, and where."""


class ArticleError(StanceError):
    """A file or record that cannot be read as an article."""


class AnnotationError(StanceError):
    """An annotation that breaks the format or the codebook."""


class ActorsError(StanceError):
    """A file of actors that cannot be read, or in which two actors share a name."""


class ModelError(StanceError):
    """A model folder that is missing, incomplete, torn or of another format, or that the hub does not give."""


class RecipeError(StanceError):
    """A training recipe with unknown or impossible settings."""


class MissingExtraError(StanceError):
    """An optional part that is not installed."""

    def __init__(self, what: str, extra: str) -> None:
        super().__init__(f"{what} needs an optional part: pip install 'stance-classifier[{extra}]'")
