"""Long runs that go on where they were stopped: a part file that grows record by record, or a folder of numbered parts."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import IO, Any

from stance.errors import StanceError
from stance.files import whole_path, write_whole
from stance.records import Article

_Key = tuple[str, str]


def text_hash(text: str) -> str:
    """The first 16 hexadecimal digits of a text's SHA-256: what tells whether an article is still the same."""
    return hashlib.sha256(text.encode("utf-8")).hexdigest()[:16]


class Journal:
    """JSON lines that grow record by record beside ``path``, under ``path.part``.

    What a run that was stopped has left there is kept: whole lines are counted as done, a torn last line is dropped. At the
    end the file holds the records of the articles that this run met, in their order, whatever the part file held.
    Raises `StanceError` where the part file is none, was made by another version or with other options (``made_by``), or is
    being written by another run.
    """

    def __init__(self, path: Path, made_by: Mapping[str, str], *, start_over: bool = False) -> None:
        self.path = path
        self.part = path.with_name(path.name + ".part")
        self._places: dict[_Key, tuple[int, int]] = {}
        self._met: list[_Key] = []
        self._file = self.part.open("ab+")
        try:
            _lock(self._file, self.part)
            if start_over:
                self._file.truncate(0)
            self._end = self._read(dict(made_by))
            self._file.truncate(self._end)
        except BaseException:
            self._file.close()
            raise

    def _read(self, made_by: dict[str, str]) -> int:
        self._file.seek(0)
        end = 0
        for number, line in enumerate(self._file, 1):
            if not line.endswith(b"\n"):
                break
            record = _record(line)
            if record is None or "made_by" not in record:
                raise StanceError(f"{self.part}:{number}: no record of a run; move the file away, or --force starts over")
            if record["made_by"] != made_by:
                raise StanceError(f"{self.part}: made by {record['made_by']}, not {made_by}; --force starts over")
            self._places[str(record.get("id")), str(record.get("text_hash"))] = (end, len(line))
            end += len(line)
        return end

    @property
    def done(self) -> int:
        """How many articles the part file holds."""
        return len(self._places)

    def has(self, article: Article) -> bool:
        """Whether the article, with this text, was labelled before; it then belongs to this run."""
        key = (article.id, text_hash(article.text))
        if key not in self._places:
            return False
        self._met.append(key)
        return True

    def write(self, record: Mapping[str, Any]) -> None:
        """Adds a record with ``id`` and ``text_hash``; it is in the file when this returns."""
        line = (json.dumps(record, ensure_ascii=False) + "\n").encode("utf-8")
        key = (str(record["id"]), str(record["text_hash"]))
        self._file.write(line)
        self._file.flush()
        self._places[key] = (self._end, len(line))
        self._met.append(key)
        self._end += len(line)

    def close(self) -> None:
        """Leaves the part file for a later run."""
        self._file.close()

    def finish(self) -> None:
        """The file takes its place."""
        if self._met == list(self._places):
            os.fsync(self._file.fileno())
            self._file.close()
            self.part.replace(self.path)
        else:
            with whole_path(self.path) as whole, whole.open("wb") as file:
                for key in self._met:
                    start, size = self._places[key]
                    self._file.seek(start)
                    file.write(self._file.read(size))
            self._file.close()
            self.part.unlink()


class Parts:
    """A folder of numbered parts, each written whole or not at all; in the order of their names they are the whole output.

    A part is called ``part-NUMBER-KEY`` and an ending, its key a digest of what went in: a part that is there is done. Beside
    the parts stand ``_run.json`` (``made``: what the run is), for each part that had faults ``_part-NUMBER-KEY.json`` with
    them, and at the end ``_SUCCESS``. Raises `StanceError` where the folder holds something else, was made in another way, or
    is being written by another run; ``start_over`` removes the parts of an earlier run instead.
    """

    def __init__(self, folder: Path, suffix: str, made: Mapping[str, Any], *, start_over: bool = False) -> None:
        self.folder, self.suffix = folder, suffix
        self._met: set[Path] = set()
        folder.mkdir(exist_ok=True)
        note = folder / "_run.json"
        if not note.exists() and any(folder.iterdir()):
            raise StanceError(f"{folder}: not empty, and no run stands in it; expected a new folder, or that of a stopped run")
        self._file = note.open("ab+")
        try:
            _lock(self._file, note)
            self._file.seek(0)
            text = self._file.read()
            if text and not start_over and _record(text) != dict(made):
                raise StanceError(f"{folder}: made by {text.decode('utf-8', 'replace')}, not {made}; --force starts over")
            self._file.truncate(0)
            self._file.write(json.dumps(made).encode("utf-8"))
            self._file.flush()
            (folder / "_SUCCESS").unlink(missing_ok=True)
            self._remove(".part-*", "._part-*", *(("part-*", "_part-*") if start_over else ()))
        except BaseException:
            self._file.close()
            raise

    def path(self, number: int, key: str) -> Path:
        """Where a part stands when it is done."""
        return part_path(self.folder, self.suffix, number, key)

    def write(self, number: int, key: str, data: bytes | None, faults: Sequence[str]) -> list[str]:
        """A part takes its place; with ``data`` None it stands there already. Returns its faults."""
        path = self.path(number, key)
        told = self.folder / f"_{path.stem}.json"
        self._met |= {path, told}
        if data is None:
            return list(json.loads(told.read_text("utf-8"))) if told.exists() else []
        if faults:  # before the part: a part that is there has its faults
            write_whole(told, json.dumps(list(faults)))
        with whole_path(path) as whole, whole.open("wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        return list(faults)

    def finish(self) -> None:
        """All is there: parts that this run did not meet, of articles that are gone or have changed, are removed."""
        for path in [*self.folder.glob("part-*"), *self.folder.glob("_part-*")]:
            if path not in self._met:
                path.unlink()
        (self.folder / "_SUCCESS").touch()
        self._file.close()

    def close(self) -> None:
        """Leaves the folder for a later run."""
        self._file.close()

    def _remove(self, *patterns: str) -> None:
        for pattern in patterns:
            for path in self.folder.glob(pattern):
                path.unlink()


def part_path(folder: Path, suffix: str, number: int, key: str) -> Path:
    """Where a part of `Parts` stands when it is done."""
    return folder / f"part-{number:08}-{key}{suffix}"


def _lock(file: IO[bytes], path: Path) -> None:
    """Holds a file for this process, where the system can. Raises `StanceError` where another process holds it."""
    try:
        import fcntl
    except ImportError:  # Windows
        return
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as fault:
        raise StanceError(f"{path}: another run is writing it") from fault


def _record(line: bytes) -> dict[str, Any] | None:
    """The record of a line, or None where it is none."""
    try:
        record = json.loads(line)
    except ValueError:
        return None
    return record if isinstance(record, dict) else None
