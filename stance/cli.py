"""The command line: a thin skin over the library. Data goes to standard output, all else to standard error."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import click

from stance import __version__
from stance.errors import ArticleError, StanceError
from stance.records import Article, Statement

FAILED = 1


class _Group(click.Group):
    """Errors of the library as one line and exit code 1; a closed pipe ends quietly."""

    def invoke(self, ctx: click.Context) -> Any:
        """Runs the command."""
        try:
            return super().invoke(ctx)
        except (StanceError, PermissionError, FileNotFoundError, IsADirectoryError, UnicodeDecodeError) as fault:
            click.echo(f"stance: {fault}", err=True)
            ctx.exit(FAILED)
        except BrokenPipeError:
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            ctx.exit(0)


@click.group(cls=_Group, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="stance")
def main() -> None:
    """Who says what about whom: labels the statements in news articles by speaker, target and position."""


def model_option(command: Callable[..., Any]) -> Callable[..., Any]:
    """The option ``--model``."""
    return click.option(
        "--model", type=click.Path(path_type=Path), default=None, help="A model folder; the default model if not given."
    )(command)


def codebook_option(command: Callable[..., Any]) -> Callable[..., Any]:
    """The option ``--codebook``."""
    return click.option(
        "--codebook", type=click.Path(path_type=Path, exists=True, dir_okay=False), help="Another codebook.toml."
    )(command)


@main.command()
@click.argument("paths", nargs=-1, required=True)
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path, dir_okay=False),
    help="A file, written whole or not at all; - for standard output.",
)
@click.option(
    "--format", "form", type=click.Choice(["table", "jsonl", "csv"]), default=None,
    help="Default: a table in a terminal, csv for a file that ends so, else jsonl.",
)  # fmt: skip
@model_option
@click.option(
    "--actors", type=click.Path(path_type=Path, exists=True, dir_okay=False),
    help="A file of actors (TOML), to have one name for each across articles.",
)  # fmt: skip
@click.option(
    "--min-confidence", type=click.FloatRange(0, 1), default=0.0, metavar="P",
    help="Leave out statements, and stances, less likely than this.",
)  # fmt: skip
@click.option("--force", is_flag=True, help="Write over an existing file.")
def label(
    paths: Sequence[str],
    output: Path | None,
    form: str | None,
    model: Path | None,
    actors: Path | None,
    min_confidence: float,
    force: bool,
) -> None:
    """Label the articles in PATHS: .txt .md .html .jsonl .csv files, folders, or - for standard input.

    Exit code 0: all fine. 1: some articles could not be read (named on standard error; all others are labelled).
    """
    if output is not None and str(output) == "-":
        output = None
    _check_writable(output, force)
    for path in paths:
        if path != "-" and not Path(path).exists():
            raise click.UsageError(f"{path}: no such file or folder")
    form = form or _form(output)
    failures: list[ArticleError] = []
    labelled = _labelled(paths, model, failures)
    if min_confidence:
        labelled = ((article, [s.at_least(min_confidence) for s in found if s.confidence >= min_confidence])
                    for article, found in labelled)  # fmt: skip
    table = None
    if actors is not None:
        from stance.actors import read_actors

        table = known = read_actors(actors)
        labelled = ((article, [known.named(s) for s in found]) for article, found in labelled)
    if form == "table":
        _show(labelled, output)
    else:
        from stance.output import csv_lines, json_lines

        lines = csv_lines(labelled) if form == "csv" else json_lines(labelled, table)
        if output is None:
            for line in lines:
                sys.stdout.write(line)
            sys.stdout.flush()
        else:
            from stance.files import whole_file

            with whole_file(output) as file:
                file.writelines(lines)
    if failures:
        sys.exit(FAILED)


def _check_writable(output: Path | None, force: bool) -> None:
    if output is None:
        return
    if output.exists() and not force:
        raise click.UsageError(f"{output} exists; --force writes over it")
    if not output.absolute().parent.is_dir():
        raise click.UsageError(f"{output.absolute().parent} is no folder")


def _form(output: Path | None) -> str:
    if output is None:
        return "table" if sys.stdout.isatty() else "jsonl"
    return "csv" if output.suffix.lower() == ".csv" else "jsonl"


def _labelled(
    paths: Sequence[str], model: Path | None, failures: list[ArticleError]
) -> Iterator[tuple[Article, list[Statement]]]:
    import stance

    classifier = stance.load(model)
    for article in stance.read_articles(paths):
        if isinstance(article, ArticleError):
            failures.append(article)
            click.echo(f"stance: {article}", err=True)
        else:
            try:
                statements = classifier.classify(article.text)
            except StanceError as fault:
                failures.append(ArticleError(f"article {article.id}: {fault}"))
                click.echo(f"stance: {failures[-1]}", err=True)
                continue
            yield article, statements


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
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.option(
    "-o",
    "--output",
    required=True,
    type=click.Path(path_type=Path, dir_okay=False),
    help="The annotated file (.jsonl).",
)
@click.option("--force", is_flag=True, help="Write over an existing file.")
def import_(files: Sequence[Path], output: Path, force: bool) -> None:
    """Turn articles annotated in plain text (see docs/annotating.md) into an annotated file."""
    from stance.annotations import write_annotations
    from stance.markup import parse

    _check_writable(output, force)
    rows = [row for file in files for row in parse(_text(file), where=str(file))]
    write_annotations(rows, output)
    click.echo(f"{len(rows)} articles written to {output}", err=True)


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
    "--compare", type=click.Path(path_type=Path, exists=True, file_okay=False), metavar="MODEL",
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
@click.argument("annotations", nargs=-1, type=click.Path(path_type=Path, exists=True))
@click.option(
    "-o", "--output", required=True, type=click.Path(path_type=Path, file_okay=False), help="The model folder to make."
)
@click.option(
    "--recipe", type=click.Path(path_type=Path, exists=True, dir_okay=False),
    help="A recipe (TOML); if not given, the one for retraining.",
)  # fmt: skip
@click.option("--set", "settings", multiple=True, metavar="KEY=VALUE", help="Another value for a setting.")
@click.option("--base", default=None, help="Start from this model folder, transformers folder or hub id.")
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
    codebook: Path | None,
    work: Path | None,
    force: bool,
) -> None:
    """Train a model on ANNOTATIONS (*.jsonl, or folders of them).

    Needs the extra "train". Without a recipe, training starts from the default model.
    """
    if output.exists() and any(output.iterdir()) and not force:
        raise click.UsageError(f"{output} exists; --force replaces it")
    from stance.errors import MissingExtraError

    try:
        from stance.train.training import train as run
    except ImportError as fault:
        raise MissingExtraError(f"training ({fault.name} is missing)", "train") from fault
    from stance.codebook import read_codebook
    from stance.train.recipe import read_recipe

    def say(line: str) -> None:
        click.echo(line, err=True)

    made = read_recipe(recipe, settings)
    run(list(annotations), output, made, base=base, codebook=read_codebook(codebook), work=work, say=say)
