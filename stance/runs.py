"""Long runs that go on where they were stopped: records are added to a part file, which takes its place when all are there."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from stance.errors import StanceError
from stance.records import Article


def text_hash(text: str) -> str:
    """The first 16 hexadecimal digits of a text's SHA-256: what tells whether an article is still the same."""
    return hashlib.sha256(text.encode("utf-8")).hexdigest()[:16]


class Journal:
    """JSON lines that grow record by record beside ``path``, under ``path.part``.

    What a run that was stopped has left there is kept: whole lines are counted as done, a torn last line is dropped.
    Raises `StanceError` where it was made by another version (``made_by``).
    """

    def __init__(self, path: Path, made_by: Mapping[str, str], *, start_over: bool = False) -> None:
        self.path = path
        self.part = path.with_name(path.name + ".part")
        self.done: set[tuple[str, str]] = set()
        if start_over:
            self.part.unlink(missing_ok=True)
        end = 0
        if self.part.exists():
            with self.part.open("rb") as file:
                for line in file:
                    record = _record(line)
                    if record is None:
                        break
                    if record.get("made_by") != dict(made_by):
                        raise StanceError(
                            f"{self.part}: made by {record.get('made_by')}, not {dict(made_by)}; --force starts over"
                        )
                    self.done.add((str(record.get("id")), str(record.get("text_hash"))))
                    end += len(line)
        self._file = self.part.open("ab")
        self._file.truncate(end)

    def has(self, article: Article) -> bool:
        """Whether the article, with this text, was labelled before."""
        return (article.id, text_hash(article.text)) in self.done

    def write(self, line: str) -> None:
        """Adds a line; it is in the file when this returns."""
        self._file.write(line.encode("utf-8"))
        self._file.flush()

    def close(self) -> None:
        """Leaves the part file for a later run."""
        self._file.close()

    def finish(self) -> None:
        """The part file takes its place."""
        self._file.flush()
        os.fsync(self._file.fileno())
        self._file.close()
        self.part.replace(self.path)


def _record(line: bytes) -> dict[str, Any] | None:
    """The record of a whole line, or None where it is torn."""
    if not line.endswith(b"\n"):
        return None
    try:
        record = json.loads(line)
    except ValueError:
        return None
    return record if isinstance(record, dict) else None
