"""How far a long run is: a line on standard error, where that is a terminal."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator, Sequence
from typing import TypeVar

from stance.articles import article_files

Value = TypeVar("Value")
_SINGLE = (".txt", ".md", ".html", ".htm")


def progress(values: Iterable[Value], paths: Sequence[str]) -> Iterator[Value]:
    """The values, counted on standard error with articles a second; the time left where all files hold one article each."""
    if not sys.stderr.isatty():
        yield from values
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

    columns = (
        BarColumn(), MofNCompleteColumn(), TextColumn("{task.fields[rate]}"), TimeElapsedColumn(), TimeRemainingColumn(),
    )  # fmt: skip
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("", total=_total(paths), rate="")
        for number, value in enumerate(values, 1):
            yield value
            done = bar.tasks[0]
            rate = f"{number / done.elapsed:.1f} articles/s" if done.elapsed else ""
            bar.update(task, completed=number, rate=rate)


def _total(paths: Sequence[str]) -> int | None:
    files = [file for path in paths if path != "-" for file in article_files(path)]
    single = all(file.name.lower().endswith(tuple(s + p for s in _SINGLE for p in ("", ".gz", ".zst"))) for file in files)
    return len(files) if single and "-" not in paths else None
