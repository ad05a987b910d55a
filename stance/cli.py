"""The command line: a thin skin over the library. Data goes to standard output, all else to standard error."""

from __future__ import annotations

import hashlib
import os
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from stance import __version__
from stance.errors import ArticleError, StanceError
from stance.records import Article, Statement

if TYPE_CHECKING:
    from stance.classifier import Classifier
    from stance.runs import Journal

FAILED = 1
STOPPED = 130
#: What ``--from-scratch`` changes in the recipe of the default model.
_FROM_SCRATCH = ("statements.beside=1e6", 'statements.held_out=""', "statements.hold_out=0.2", "finish.files=[]")
_FORMS = {".csv": "csv", ".parquet": "parquet", ".jsonl": "jsonl", ".ndjson": "jsonl", ".json": "jsonl"}


class _Group(click.Group):
    """Errors of the library as one line and exit code 1; a closed pipe ends quietly."""

    def invoke(self, ctx: click.Context) -> Any:
        """Runs the command."""
        try:
            return super().invoke(ctx)
        except BrokenPipeError:
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            ctx.exit(0)
        except (StanceError, OSError, UnicodeDecodeError) as fault:
            click.echo(f"stance: {fault}", err=True)
            ctx.exit(FAILED)
        except KeyboardInterrupt:
            click.echo("stance: stopped", err=True)
            ctx.exit(STOPPED)


@click.group(cls=_Group, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="stance")
def main() -> None:
    """Who says what about whom: labels the statements in news articles by speaker, target and position."""


def _model(ctx: click.Context, _: click.Parameter, value: str | None) -> Path | None:
    """The folder of a model that an option names, from the hub where it says so."""
    if value is None or ctx.resilient_parsing:
        return None
    from stance.model.folder import read_config
    from stance.model.hub import located

    folder = located(value)
    read_config(folder)  # a fault shows before any work is done
    return folder


def model_option(command: Callable[..., Any]) -> Callable[..., Any]:
    """The option ``--model``."""
    return click.option(
        "--model", callback=_model, metavar="MODEL", help="A model folder, or hf://user/name; the default model if not given."
    )(command)


def column_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """The options ``--text-column`` and ``--id-column``."""
    text = "Where the records of a table have the text."
    command = click.option("--id-column", default="id", show_default=True, help="Where the records of a table have the id.")(
        command
    )
    return click.option("--text-column", default="text", show_default=True, help=text)(command)


def codebook_option(command: Callable[..., Any]) -> Callable[..., Any]:
    """The option ``--codebook``."""
    return click.option(
        "--codebook", type=click.Path(path_type=Path, exists=True, dir_okay=False), help="Another codebook.toml."
    )(command)


@main.command()
@click.argument("paths", nargs=-1, required=True)
@click.option(
    "-o", "--output", type=click.Path(path_type=Path),
    help="The file to write; - for standard output. With --engine ray, a folder.",
)  # fmt: skip
@click.option(
    "--format", "form", type=click.Choice(["table", "jsonl", "csv", "parquet"]), default=None,
    help="Default: a table in a terminal, csv or parquet for a file that ends so, else jsonl.",
)  # fmt: skip
@click.option("--flat", is_flag=True, help="JSON lines with one stance each instead of one article.")
@click.option("--add-bom", is_flag=True, help="CSV with a byte order mark, as spreadsheets want it.")
@column_options
@model_option
@click.option("--fast", is_flag=True, help="Without the model's second network: three times as fast, and less often right.")
@click.option(
    "--actors", type=click.Path(path_type=Path, exists=True, dir_okay=False),
    help="A file of actors (TOML), to have one name for each across articles.",
)  # fmt: skip
@click.option(
    "--min-confidence", type=click.FloatRange(0, 1), default=0.0, metavar="P",
    help="Leave out statements, and stances, less likely than this.",
)  # fmt: skip
@click.option(
    "--errors", type=click.Path(path_type=Path, dir_okay=False),
    help="Also write what could not be read to this file, JSON lines; a run that goes on replaces it.",
)  # fmt: skip
@click.option("--force", is_flag=True, help="Write over an existing file, and start over what was stopped.")
@click.option(
    "--engine", type=click.Choice(["local", "ray"]), default="local", show_default=True,
    help="What computes: this machine, or a cluster (pip install 'stance-classifier[ray]'; docs/cluster.md).",
)  # fmt: skip
@click.option("--workers", type=click.IntRange(1), help="Ray: how many; if not given, as many as the CPUs allow.")
@click.option("--worker-cpus", type=click.IntRange(1), help="Ray: CPUs that each worker holds, a thread on each.  [default: 1]")
@click.option("--part-size", type=click.IntRange(1), help="Ray: articles in a part of the output.  [default: 200]")
def label(
    paths: Sequence[str],
    output: Path | None,
    form: str | None,
    flat: bool,
    add_bom: bool,
    text_column: str,
    id_column: str,
    model: Path | None,
    fast: bool,
    actors: Path | None,
    min_confidence: float,
    errors: Path | None,
    force: bool,
    engine: str,
    workers: int | None,
    worker_cpus: int | None,
    part_size: int | None,
) -> None:
    """Label the articles in PATHS: .txt .md .html .jsonl .csv .parquet files (.gz and .zst too), folders, globs, or -.

    With -o FILE.jsonl a run that was stopped goes on where it was: what is done stands in FILE.jsonl.part. Exit code 0: all
    fine. 1: some articles could not be read (named on standard error; all others are labelled). 130: stopped by Ctrl-C.
    """
    import stance
    from stance.classifier import label_articles
    from stance.progress import progress

    if output is not None and str(output) == "-":
        output = None
    sizes = {"workers": workers, "cpus": worker_cpus, "size": part_size}
    if engine == "ray":
        _check_folder(output, form, paths, force)
        form = form or "jsonl"
    elif any(sizes.values()):
        raise click.UsageError("--workers, --worker-cpus and --part-size go with --engine ray")
    else:
        _check_writable(output, force)
    _check_writable(errors, force or _stopped(output, engine))
    if errors is not None and output is not None and errors.absolute() == output.absolute():
        raise click.UsageError("--errors and --output name the same file")
    form = form or ("jsonl" if flat and output is None else _form(output))
    if form == "parquet" and output is None:
        raise click.UsageError("Parquet needs a file: -o FILE.parquet")
    if (flat and form != "jsonl") or (add_bom and form != "csv"):
        raise click.UsageError("--flat goes with JSON lines, --add-bom with CSV")
    _check_there(paths)
    classifier = stance.load(model, fast=fast)
    table = stance.read_actors(actors) if actors is not None else None
    options = [text_column, id_column, min_confidence, actors.read_text("utf-8") if actors else None]
    made_by = _made_by(classifier, options)
    labelling: dict[str, Any] = {"min_confidence": min_confidence, "actors": table}
    writing: dict[str, Any] = {"flat": flat, "add_bom": add_bom, "actors": table, "made_by": made_by}
    columns = {"text_column": text_column, "id_column": id_column}
    journal = None
    if output is not None and form == "jsonl" and not flat and engine == "local":
        from stance.runs import Journal

        journal = Journal(output, made_by, start_over=force)
        if journal.done:
            click.echo(f"stance: {journal.done} articles were labelled before; going on behind them", err=True)
    failures: list[str] = []

    def failed(fault: str) -> None:
        failures.append(fault)
        click.echo(f"stance: {fault}", err=True)

    try:
        if engine == "ray" and output is not None:
            from stance.cluster import Work, label_parts

            done = sum(1 for _ in output.glob("part-*"))
            if done and not force:
                click.echo(f"stance: {done} parts were done before; going on behind them", err=True)
            given = {name: value for name, value in sizes.items() if value}
            work = Work(model.absolute() if model else None, labelling, form, writing, fast)
            label_parts(paths, output, work, failed, columns=columns, start_over=force, **given)
        else:
            articles = progress(stance.read_articles(paths, **columns), paths)
            has = journal.has if journal is not None else None
            labelled = label_articles(classifier, articles, failed, **labelling, done=has)
            _write(labelled, output, form, journal, writing)
    finally:
        if errors is not None:
            import json

            from stance.files import write_whole

            write_whole(errors, "".join(json.dumps({"error": fault}, ensure_ascii=False) + "\n" for fault in failures))
    if failures:
        sys.exit(FAILED)


def _check_writable(output: Path | None, force: bool) -> None:
    if output is None:
        return
    if output.is_dir():
        raise click.UsageError(f"{output} is a folder; expected a file")
    if output.exists() and not force:
        raise click.UsageError(f"{output} exists; --force writes over it")
    if not output.absolute().parent.is_dir():
        raise click.UsageError(f"{output.absolute().parent} is no folder")


def _stopped(output: Path | None, engine: str) -> bool:
    """Whether a run to this output was stopped; its errors are told anew when it goes on."""
    if output is None:
        return False
    return output.is_dir() if engine == "ray" else output.with_name(output.name + ".part").exists()


def _check_folder(output: Path | None, form: str | None, paths: Sequence[str], force: bool) -> None:
    """What the engine ray needs: a folder to write parts to, and files to read."""
    if output is None or output.suffix.lower() in _FORMS or output.is_file():
        raise click.UsageError("--engine ray writes a folder of parts: -o FOLDER, without an ending")
    if form == "table":
        raise click.UsageError("--engine ray writes jsonl, csv or parquet")
    if "-" in paths:
        raise click.UsageError("--engine ray reads files, not standard input")
    if not output.absolute().parent.is_dir():
        raise click.UsageError(f"{output.absolute().parent} is no folder")
    if (output / "_SUCCESS").exists() and not force:
        raise click.UsageError(f"{output} is finished; --force starts over")


def _check_there(paths: Sequence[str]) -> None:
    from stance.articles import article_files

    for path in paths:
        if path != "-" and not Path(path).is_dir() and not any(file.exists() for file in article_files(path)):
            raise click.UsageError(f"{path}: no such file or folder")


def _made_by(classifier: Classifier, options: Sequence[Any]) -> dict[str, str]:
    """What tells of a record by which version, model and options it was made."""
    return {
        "stance": __version__,
        "model": classifier.digest,
        "options": hashlib.sha256(repr(list(options)).encode("utf-8")).hexdigest()[:8],
    }


def _form(output: Path | None) -> str:
    if output is None:
        return "table" if sys.stdout.isatty() else "jsonl"
    if output.suffix.lower() not in _FORMS:
        raise click.UsageError(f"{output}: not known what to write; --format says it")
    return _FORMS[output.suffix.lower()]


def _write(
    labelled: Iterator[tuple[Article, list[Statement]]],
    output: Path | None,
    form: str,
    journal: Journal | None,
    writing: dict[str, Any],
) -> None:
    from stance.output import article_record, lines, write_labelled

    if form == "table":
        _show(labelled, output)
    elif journal is not None:
        try:
            for article, statements in labelled:
                journal.write(article_record(article, statements, writing["actors"], writing["made_by"]))
        except BaseException:
            journal.close()
            raise
        journal.finish()
    elif output is not None:
        write_labelled(labelled, output, form, **writing)
    else:
        for line in lines(labelled, form, **writing):
            sys.stdout.write(line)
        sys.stdout.flush()


def _show(labelled: Iterator[tuple[Article, list[Statement]]], output: Path | None) -> None:
    from rich.console import Console

    from stance.files import whole_file
    from stance.output import table

    if output is None:
        console = Console()
        for article, statements in labelled:
            console.print(table(article, statements))
        return
    with whole_file(output) as file:
        console = Console(file=file, width=140)
        for article, statements in labelled:
            console.print(table(article, statements))


@main.command()
@click.argument("paths", nargs=-1, required=True, type=click.Path(path_type=Path, exists=True))
@codebook_option
def check(paths: Sequence[Path], codebook: Path | None) -> None:
    """Check annotated files (*.jsonl, or folders of them): form, offsets, positions, names, ids.

    Every fault is printed with file, line, article and statement. Exit code 1 where there is one.
    """
    from stance.annotations import check_annotations
    from stance.codebook import read_codebook

    faults, articles, statements = check_annotations(paths, read_codebook(codebook))
    for fault in faults:
        click.echo(str(fault))
    click.echo(f"{articles} articles, {statements} statements, {len(faults)} faults", err=True)
    if faults:
        sys.exit(FAILED)


@main.command("import")
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path, exists=True))
@click.option(
    "-o",
    "--output",
    required=True,
    type=click.Path(path_type=Path, dir_okay=False),
    help="The annotated file (.jsonl).",
)
@click.option(
    "--from", "tool", type=click.Choice(["text", "label-studio", "prodigy", "doccano", "brat", "standoff"]), default="text",
    show_default=True, help="What wrote the files; text: articles annotated in plain text (docs/annotating.md).",
)  # fmt: skip
@click.option(
    "--texts", type=click.Path(path_type=Path, exists=True, file_okay=False),
    help="For standoff: the folder with the texts that belong to the annotations.",
)  # fmt: skip
@click.option("--force", is_flag=True, help="Write over an existing file.")
def import_(files: Sequence[Path], output: Path, tool: str, texts: Path | None, force: bool) -> None:
    """Turn articles annotated in plain text, or in a tool that `stance export` wrote for, into an annotated file."""
    from stance.annotations import write_annotations
    from stance.interop import import_from
    from stance.markup import parse
    from stance.standoff import read_standoff

    if (tool == "standoff") != (texts is not None):
        raise click.UsageError("--texts FOLDER goes with --from standoff, and only with it")
    _check_writable(output, force)
    rows: list[Any] = []
    for file in files:
        if texts is not None:
            rows += read_standoff(file, texts)
        else:
            rows += parse(_text(file), where=str(file)) if tool == "text" else import_from(tool, file)
    write_annotations(rows, output)
    click.echo(f"{len(rows)} articles written to {output}", err=True)


@main.command()
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path, exists=True))
@click.option(
    "--to", "tool", type=click.Choice(["label-studio", "prodigy", "doccano", "brat", "standoff"]), required=True,
    help="The tool; standoff: annotations without their texts, for sharing.",
)  # fmt: skip
@click.option("-o", "--output", required=True, type=click.Path(path_type=Path), help="The file to write; for brat, a folder.")
@click.option("--force", is_flag=True, help="Write over an existing file.")
def export(files: Sequence[Path], tool: str, output: Path, force: bool) -> None:
    """Write annotated or labelled articles (*.jsonl, or folders) for an annotation tool.

    Labelled articles come as pre-annotations. `stance import --from` brings them back, nothing lost.
    """
    from stance.annotations import read_annotations
    from stance.interop import export as write

    if tool == "brat" and output.is_dir() and any(output.iterdir()) and not force:
        raise click.UsageError(f"{output} is not empty; --force writes into it")
    if tool != "brat":
        _check_writable(output, force)
    if tool == "label-studio":
        _check_writable(output.with_suffix(".xml"), force)
    articles = read_annotations(files)
    if tool == "standoff":
        from stance.standoff import write_standoff

        write_standoff(articles, output)
        click.echo(f"{len(articles)} articles written without their texts: {output}", err=True)
        return
    written = write(articles, tool, output)
    click.echo(f"{len(articles)} articles written: {', '.join(str(path) for path in written[:2])}", err=True)


def _text(file: Path) -> str:
    from stance.errors import AnnotationError

    try:
        return file.read_text("utf-8-sig")
    except UnicodeDecodeError as fault:
        raise AnnotationError(f"{file}: not UTF-8: {fault}") from fault


@main.command()
@click.argument("paths", nargs=-1, required=True, type=click.Path(path_type=Path, exists=True))
def stats(paths: Sequence[Path]) -> None:
    """Count annotated articles and statements: by position, genre, region, conflict, kind of attribution and more.

    Where a folder holds PLAN.md, the counts are compared with its quotas; held_out.toml beside it names what is held out.
    """
    from stance.annotations import read_annotations
    from stance.stats import lines, read_plan

    plan = next((p / "PLAN.md" for p in paths if (p / "PLAN.md").is_file()), None)
    held_out = next((p / "held_out.toml" for p in paths if (p / "held_out.toml").is_file()), None)
    for line in lines(read_annotations(paths), read_plan(plan) if plan else None, held_out):
        click.echo(line)


@main.command()
@click.argument("paths", nargs=-1, required=True, type=click.Path(path_type=Path, exists=True))
@model_option
@click.option(
    "--predictions", type=click.Path(path_type=Path, exists=True),
    help="Score this labelled or annotated file instead of a model: a second reader, another tool.",
)  # fmt: skip
@click.option(
    "--held-out", type=click.Path(path_type=Path, exists=True, dir_okay=False),
    help="Only the scenarios of this list, such as data/annotations/held_out.toml.",
)  # fmt: skip
@click.option("--by", default=None, help="Also figures for each value of this field of the articles, such as genre.")
@click.option(
    "--compare", callback=_model, metavar="MODEL",
    help="Also another model's figures on the same articles, and the differences with a paired bootstrap.",
)  # fmt: skip
@click.option("--errors", type=click.IntRange(min=0), default=0, metavar="N", help="Also the N surest mistakes, in context.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def evaluate(
    paths: Sequence[Path],
    model: Path | None,
    predictions: Path | None,
    held_out: Path | None,
    by: str | None,
    compare: Path | None,
    errors: int,
    as_json: bool,
) -> None:
    """Measure a model on annotated files (*.jsonl, or folders): detection, speakers, positions, targets, tuples.

    All figures come with a 95 % bootstrap interval over articles.
    """
    from stance.annotations import read_annotations, read_held_out
    from stance.errors import AnnotationError
    from stance.evaluate import difference, mistakes
    from stance.report import (
        as_dict,
        difference_lines,
        evaluate_model,
        evaluate_predictions,
        grouped,
        mistake_lines,
        report_lines,
    )

    if model is not None and predictions is not None:
        raise click.UsageError("--model and --predictions exclude each other")
    gold = read_annotations(paths)
    if held_out is not None:
        scenarios = read_held_out(held_out)
        gold = [a for a in gold if a.meta.get("scenario") in scenarios]
    if partial := next((a.id for a in gold if a.partial), None):
        raise AnnotationError(f"article {partial} was read in part: models are measured on articles that were read whole")
    found = evaluate_predictions(gold, predictions) if predictions else evaluate_model(gold, model)
    reports = grouped(gold, found, by)
    differences = {}
    if compare is not None:
        other, positions = evaluate_model(gold, compare)
        labels = list(dict.fromkeys([*found[1], *positions]))
        differences = difference(gold, found[0], other, labels)
    if as_json:
        import json
        from dataclasses import asdict

        data: dict[str, Any] = {name: as_dict(report) for name, report in reports.items()}
        if differences:
            data["compare"] = {name: asdict(value) for name, value in differences.items()}
        if errors:
            data["errors"] = [mistake_lines(mistake) for mistake in mistakes(gold, found[0])[:errors]]
        click.echo(json.dumps(data, indent=2))
        return
    for line in report_lines(reports):
        click.echo(line)
    for line in difference_lines(differences) if differences else ():
        click.echo(line)
    for mistake in mistakes(gold, found[0])[:errors]:
        for line in mistake_lines(mistake):
            click.echo(line)


@main.command()
@click.argument("first", type=click.Path(path_type=Path, exists=True))
@click.argument("second", type=click.Path(path_type=Path, exists=True))
@click.option(
    "--settle", type=click.Path(path_type=Path, dir_okay=False), metavar="OUT",
    help="Write the statements on which both agree to this file, and the others under 'unsettled', both readings.",
)  # fmt: skip
@click.option("--force", is_flag=True, help="Write over an existing file.")
def agree(first: Path, second: Path, settle: Path | None, force: bool) -> None:
    """Compare two readings of the same articles: agreement by part, and every disagreement side by side."""
    from stance.agreement import disagreement_lines, disagreements, paired, settled
    from stance.annotations import read_annotations, write_annotations
    from stance.report import grouped, report_lines

    _check_writable(settle, force)
    readings = read_annotations([first]), read_annotations([second])
    pairs = paired(*readings)
    for reading, path in zip(readings, (first, second), strict=True):
        alone = [a.id for a in reading if a.id not in {b.id for b, _ in pairs}]
        if alone:
            click.echo(f"stance: only in {path}, left out: {', '.join(alone)}", err=True)
    gold = [a for a, _ in pairs]
    found = {b.id: b.statements for _, b in pairs}
    for line in report_lines(grouped(gold, (found, []), None)):
        click.echo(line)
    for a, b in pairs:
        for disagreement in disagreements(a, b):
            for line in disagreement_lines(disagreement):
                click.echo(line)
    if settle is not None:
        rows = [settled(a, b) for a, b in pairs]
        write_annotations(rows, settle)
        agreed, left = (sum(len(row[key]) for row in rows) for key in ("statements", "unsettled"))
        click.echo(f"{agreed} statements agreed, {left} left to settle: {settle}", err=True)


@main.command()
@click.argument("paths", nargs=-1, required=True)
@click.option("-n", "--number", type=click.IntRange(min=1), default=20, show_default=True, help="How many articles.")
@click.option(
    "--annotated", multiple=True, type=click.Path(path_type=Path, exists=True), metavar="FILE",
    help="What is annotated already (*.jsonl, or a folder); may be given again.",
)  # fmt: skip
@column_options
@model_option
@click.option(
    "-o", "--output", type=click.Path(path_type=Path, dir_okay=False),
    help="Also write the articles with their labels to this file, for `stance export`.",
)  # fmt: skip
@click.option("--force", is_flag=True, help="Write over an existing file.")
def suggest(
    paths: Sequence[str],
    number: int,
    annotated: Sequence[Path],
    text_column: str,
    id_column: str,
    model: Path | None,
    output: Path | None,
    force: bool,
) -> None:
    """Say which articles in PATHS to annotate next, the most useful first, and why.

    Suggested are articles of whose labels the model is unsure, and that differ from what is annotated and from each other.
    PATHS are those of `stance label`. Exit code 1: some articles could not be read (named on standard error).
    """
    from dataclasses import replace

    import stance
    from stance.annotations import read_annotations
    from stance.files import whole_file
    from stance.output import json_lines
    from stance.progress import progress
    from stance.suggest import lines, unknown
    from stance.suggest import suggest as choose

    _check_writable(output, force)
    _check_there(paths)
    known = read_annotations(annotated) if annotated else []
    classifier = stance.load(model)
    threshold = classifier.config.valid_threshold
    classifier.config = replace(classifier.config, valid_threshold=threshold / 2)  # what is nearly a statement counts too
    counts = dict.fromkeys(("failed", "read", "new"), 0)

    def failed(fault: str) -> None:
        counts["failed"] += 1
        click.echo(f"stance: {fault}", err=True)

    def read() -> Iterator[Article]:
        articles = stance.read_articles(paths, text_column=text_column, id_column=id_column)
        for article in progress(articles, paths):
            if isinstance(article, ArticleError):
                failed(str(article))
            else:
                counts["read"] += 1
                yield article

    def labelled() -> Iterator[tuple[Article, list[Statement]]]:
        for article in unknown(read(), known):
            counts["new"] += 1
            try:
                yield article, classifier.classify(article.text)
            except StanceError as fault:
                failed(f"article {article.id}: {fault}")

    chosen = choose(labelled(), known, number)
    if output is not None:
        found = [(one.article, [s for s in one.statements if s.confidence >= threshold]) for one in chosen]
        with whole_file(output) as file:
            file.writelines(json_lines(found, made_by=_made_by(classifier, [text_column, id_column])))
    for line in lines(chosen):
        click.echo(line)
    passed = counts["read"] - counts["new"]
    told = f"{len(chosen)} of {counts['read']} articles suggested; {passed} are annotated already or were read twice"
    click.echo(told + (f"; written to {output}" if output else ""), err=True)
    if counts["failed"]:
        sys.exit(FAILED)


@main.command()
@click.argument("annotations", nargs=-1, type=click.Path(path_type=Path, exists=True))
@click.option(
    "-o", "--output", required=True, type=click.Path(path_type=Path, file_okay=False), help="The model folder to make."
)
@click.option(
    "--recipe", type=click.Path(path_type=Path, exists=True, dir_okay=False),
    help="A recipe (TOML); if not given, the one for retraining.",
)  # fmt: skip
@click.option("--set", "settings", multiple=True, metavar="KEY=VALUE", help="Another value for a setting.")
@click.option("--base", default=None, help="Start from this model folder, hf://user/name, transformers folder or hub id.")
@click.option("--only-mine", is_flag=True, help="Learn from ANNOTATIONS alone, with none of the project's own beside them.")
@click.option(
    "--from-scratch", is_flag=True,
    help="Not from a model, but from an encoder, through all stages, with all of the project's own annotations beside.",
)  # fmt: skip
@codebook_option
@click.option(
    "--work", type=click.Path(path_type=Path, file_okay=False),
    help="Keep the network of the first stages in this folder, for a later run.",
)  # fmt: skip
@click.option("--force", is_flag=True, help="Replace an existing model folder.")
def train(
    annotations: Sequence[Path],
    output: Path,
    recipe: Path | None,
    settings: Sequence[str],
    base: str | None,
    only_mine: bool,
    from_scratch: bool,
    codebook: Path | None,
    work: Path | None,
    force: bool,
) -> None:
    """Train a model on ANNOTATIONS (*.jsonl, or folders of them).

    Needs the extra "train". Without a recipe, training starts from the default model; a fifth of the articles is held out,
    as many of the project's own come beside the others, and the new model is compared with the one that it started from.
    Ctrl-C ends the learning and keeps the best so far.
    """
    if from_scratch and (only_mine or recipe is not None):
        raise click.UsageError("--from-scratch has a recipe of its own, and takes all of the project's annotations beside")
    if output.exists() and any(output.iterdir()) and not force:
        raise click.UsageError(f"{output} exists; --force replaces it")
    from stance.errors import MissingExtraError

    try:
        from stance.train.training import train as run
    except ImportError as fault:
        raise MissingExtraError(f"training ({fault.name} is missing)", "train") from fault
    from stance.bundled import bundled
    from stance.codebook import read_codebook
    from stance.train.recipe import read_recipe

    def say(line: str) -> None:
        click.echo(line, err=True)

    if from_scratch:
        recipe = bundled("recipes/default.toml")
        settings = [*_FROM_SCRATCH, *settings]
    if only_mine:
        settings = ["statements.beside=0", *settings]
    made = read_recipe(recipe, settings)
    run(list(annotations), output, made, base=base, codebook=read_codebook(codebook), work=work, say=say)


@main.command()
@click.argument("folder", type=click.Path(path_type=Path, exists=True, file_okay=False), default=None, required=False)
def models(folder: Path | None) -> None:
    """List the model folders in FOLDER (if not given, the default model) with what they learnt from and their figures."""
    from stance.bundled import bundled
    from stance.report import model_lines

    for line in model_lines(folder or bundled("models/default")):
        click.echo(line)


@main.command()
@click.argument("folder", type=click.Path(path_type=Path, exists=True, file_okay=False))
@click.argument("name", metavar="hf://USER/NAME")
@click.option("--private", is_flag=True, help="Only the repository's owners see it.")
def push(folder: Path, name: str, private: bool) -> None:
    """Put the model in FOLDER on the Hugging Face hub, whence `--model hf://USER/NAME` loads it.

    It has to be complete and untorn. Needs a login there (`hf auth login`).
    """
    from stance.model.hub import upload

    click.echo(f"{folder} is at {upload(folder, name, private=private)}", err=True)
