"""Labelling on a Ray cluster: one task reads, many workers label, this process writes parts; see docs/cluster.md."""

from __future__ import annotations

import contextlib
import hashlib
import json
import logging
import math
import os
import pickle
import sys
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from stance.articles import read_articles
from stance.classifier import label_articles
from stance.errors import ArticleError, MissingExtraError, ModelError, StanceError
from stance.output import article_record, write_labelled
from stance.records import Article
from stance.runs import Parts, part_path

if TYPE_CHECKING:
    import pyarrow

#: A part ends when it holds as many articles as asked for, or this many code points of text.
_PART_TEXT = 8_000_000


@dataclass(frozen=True)
class Work:
    """What is to be done with each article, the same on every machine."""

    model: Path | None
    """The model folder, or None for the default model; the workers must have the same one at this place."""
    labelling: Mapping[str, Any]
    """The options of `stance.classifier.label_articles`."""
    form: str
    """``jsonl``, ``csv`` or ``parquet``."""
    writing: Mapping[str, Any]
    """The options of `stance.output.lines`, among them ``made_by``."""
    fast: bool = False
    """Whether to label without the model's second network."""


def label_parts(
    paths: Sequence[str],
    folder: Path,
    work: Work,
    failed: Callable[[str], None],
    *,
    columns: Mapping[str, str],
    workers: int | None = None,
    cpus: int = 1,
    size: int = 200,
    start_over: bool = False,
) -> None:
    """Labels the articles of ``paths`` on a Ray cluster and writes them as parts of ``size`` articles to ``folder``.

    Takes the cluster that is connected, that ``RAY_ADDRESS`` names or that runs here, or else starts one here. Each of the
    ``workers`` (as many as there are CPUs for, if None) loads the model once and holds ``cpus`` CPUs, with a thread on each.
    Parts that an earlier run left (see `stance.runs.Parts`) are kept. ``failed`` is told of what could not be read or
    labelled, part by part, in the order in which parts are done. Files are read and written by the machine that calls this.

    Raises `MissingExtraError` without Ray, `ModelError` where a worker has not this model and version, and `StanceError` where
    the folder is none of this run or Ray gives up.
    """
    try:
        import ray
        import ray.data
    except ImportError:
        raise MissingExtraError("labelling on a cluster", "ray") from None
    made = {**work.writing, "actors": None, "form": work.form, "size": size}  # the actors' digest is in made_by
    parts = Parts(folder.absolute(), f".{work.form}", made, start_over=start_over)
    logging.getLogger("ray.data").setLevel(logging.ERROR)
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    started = not ray.is_initialized()
    try:
        if started:
            ray.init(include_dashboard=False, logging_level=logging.ERROR)
        workers = workers or max(1, math.floor(ray.cluster_resources().get("CPU", 1) / cpus))
        given = (list(paths), str(Path.cwd()), parts.folder, parts.suffix, dict(columns), size)
        articles = ray.data.from_items([0])
        articles.context.target_max_block_size = 1  # a part goes on as soon as it is read
        articles.context.enable_progress_bars = sys.stderr.isatty()
        here = {"ray.io/node-id": ray.get_runtime_context().get_node_id()}
        read = articles.map_batches(_read, fn_args=given, batch_format="pyarrow", num_cpus=0, label_selector=here)
        labelled = read.map_batches(
            _Worker,
            fn_constructor_args=(work, cpus),
            batch_size=1,
            batch_format="pyarrow",
            num_cpus=cpus,
            compute=ray.data.ActorPoolStrategy(size=workers),
        )
        for table in labelled.iter_batches(batch_size=None, batch_format="pyarrow", prefetch_batches=0):
            for row in table.to_pylist():
                if row["refused"]:
                    raise ModelError(row["refused"])
                for fault in parts.write(row["number"], row["key"], row["data"], json.loads(row["faults"])):
                    failed(fault)
        parts.finish()
    except ray.exceptions.RayError as fault:
        raise StanceError(f"ray: {_cause(fault)}") from fault
    finally:
        parts.close()
        if started:
            ray.shutdown()


def _cause(fault: BaseException) -> str:
    """The last line of what Ray tells, which names the error itself."""
    lines = [line for line in str(fault).splitlines() if line.strip()]
    return lines[-1].strip() if lines else type(fault).__name__


def _read(_: object, *given: Any) -> Iterator[pyarrow.Table]:
    yield from read_parts(*given)


def read_parts(
    paths: Sequence[str], cwd: str, folder: Path, suffix: str, columns: Mapping[str, str], size: int
) -> Iterator[pyarrow.Table]:
    """What is to be labelled, a row for each part, in the one order that makes ids and parts the same in every run.

    ``articles`` is None for a part that is done. This is the only place where articles are read: what an id is depends on those
    before it.
    """
    with contextlib.chdir(cwd):
        for number, items in enumerate(_parts(read_articles(paths, **columns), size), 1):
            key = hashlib.sha256()
            for item in items:
                told = article_record(item, ()) if isinstance(item, Article) else str(item)
                key.update(json.dumps(told, ensure_ascii=False).encode("utf-8", "surrogatepass") + b"\n")
            name = key.hexdigest()[:16]
            done = part_path(folder, suffix, number, name).exists()
            yield _row(number=number, key=name, articles=None if done else pickle.dumps(items))


def _parts(articles: Iterable[Article | ArticleError], size: int) -> Iterator[list[Article | ArticleError]]:
    """Lists of ``size`` articles, or fewer where they are long; what cannot be read counts as one."""
    items: list[Article | ArticleError] = []
    text = 0
    for item in articles:
        items.append(item)
        text += len(item.text) if isinstance(item, Article) else 0
        if len(items) == size or text >= _PART_TEXT:
            yield items
            items, text = [], 0
    if items:
        yield items


class _Worker:
    """Labels parts: an actor of its own process, with the model in its memory."""

    def __init__(self, work: Work, threads: int) -> None:
        from stance import __version__, load

        self.work = work
        self.refused: str | None = None  # told as a row: what is raised here, Ray prints at length for each worker
        try:
            self.classifier = load(work.model, threads=threads, fast=work.fast)
        except StanceError as fault:
            self.refused = f"a worker has no model: {fault}"
            return
        here = {"stance": __version__, "model": self.classifier.digest}
        wanted = {name: work.writing["made_by"][name] for name in here}
        if here != wanted:
            self.refused = f"a worker has {here}, expected {wanted}; every machine needs the same version and model"

    def __call__(self, table: pyarrow.Table) -> pyarrow.Table:
        """A row of `read_parts` to a row with ``data`` (the part's file), ``faults`` (JSON), and why the worker ``refused``."""
        (row,) = table.to_pylist()
        named = {"number": row["number"], "key": row["key"], "refused": self.refused}
        if row["articles"] is None or self.refused:
            return _row(**named, data=None, faults="[]")
        faults: list[str] = []
        labelled = label_articles(self.classifier, pickle.loads(row["articles"]), faults.append, **self.work.labelling)
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "part"
            write_labelled(labelled, path, self.work.form, **self.work.writing)
            return _row(**named, data=path.read_bytes(), faults=json.dumps(faults))


def _row(**values: Any) -> pyarrow.Table:
    import pyarrow

    types = {"number": pyarrow.int64(), "articles": pyarrow.large_binary(), "data": pyarrow.large_binary()}
    schema = pyarrow.schema([(name, types.get(name, pyarrow.string())) for name in values])
    return pyarrow.Table.from_pylist([values], schema=schema)
