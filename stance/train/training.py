"""One training run, from a recipe to a model folder."""

from __future__ import annotations

import copy
import hashlib
import json
import random
import shutil
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import torch
from safetensors.torch import load_file, save_file

from stance.annotations import content_faults, read_annotations, read_held_out
from stance.bundled import bundled
from stance.classifier import Classifier
from stance.codebook import Codebook, read_codebook
from stance.errors import AnnotationError, ModelError, RecipeError
from stance.evaluate import Report, evaluate
from stance.model.config import ModelConfig
from stance.model.folder import CARD, CONFIG, METRICS, ONNX, checked, read_tokenizer
from stance.model.runtime import OnnxRuntime
from stance.records import AnnotatedArticle, AnnotatedStatement
from stance.report import annotated, as_dict, evaluate_model, grouped, report_lines
from stance.train.calibration import Reliability, calibrated, judged, reliability
from stance.train.card import card
from stance.train.dataset import from_dataset
from stance.train.export import read_model, write_model
from stance.train.loop import Stage, Task, run_stage
from stance.train.recipe import Finish, Learning, Recipe
from stance.train.stages import (
    Workbench,
    adopt_tags,
    attribution_tasks,
    bench_of,
    judgement_tasks,
    start,
    statement_tasks,
)

if TYPE_CHECKING:
    from datasets import Dataset

Say = Callable[[str], None]


def train(
    annotations: Sequence[Path] | Dataset,
    output: Path,
    recipe: Recipe,
    *,
    base: str | None = None,
    codebook: Codebook | None = None,
    work: Path | None = None,
    say: Say | None = None,
) -> dict[str, Report]:
    """Trains by a recipe on annotated files, folders of them or a dataset, and writes the model folder, whole or not at all.

    With ``work``, a folder, the network is kept there after the first stages and taken up again by a run that begins
    with the same stages. Returns (and writes to ``metrics.json``) the figures on articles that training did not see:
    held-out scenarios, and the articles of the last stage, each left out in turn.
    Raises `AnnotationError`, `RecipeError` and `ModelError`.
    """
    say = say or (lambda _: None)
    output = output.absolute()
    if output.exists() and any(output.iterdir()) and not (output / CONFIG).is_file():
        raise ModelError(f"{output}: holds other files than a model; it is not replaced")
    if recipe.threads:
        torch.set_num_threads(recipe.threads)
    torch.manual_seed(recipe.seed)
    codebook = codebook or read_codebook()
    started = time.monotonic()
    last = read_annotations([Path(f) for f in recipe.finish.files])
    extra = read_annotations([Path(f) for f in recipe.statements.extra])
    own = _given(annotations)
    for article in (*own, *extra, *last):
        _fit(article, codebook)
    taken = {a.id for a in last}
    away = read_held_out(Path(recipe.statements.held_out)) if recipe.statements.held_out else frozenset()
    held = [a for a in own if a.meta.get("scenario") in away]
    taken |= {a.id for a in held}
    own = _drawn([a for a in own if a.id not in taken], recipe.statements.share)
    seen = [*own, *(a for a in extra if a.id not in taken)]
    if not seen and not last and not recipe.attribution.corpus:
        raise RecipeError("nothing to train on: no annotations, and a recipe without corpora")
    where = base or recipe.base or str(bundled("models/default"))
    try:
        config = _config(where, recipe, codebook)
    except ValueError as fault:
        raise RecipeError(f"decoding: {fault}") from fault
    bench = _bench(where, config, say)
    _first_stages(bench, recipe, work, say)
    if seen:
        _statement_stage(bench, recipe, seen, say)
    reports: dict[str, Report] = {}
    if last and recipe.finish.leave_one_out:
        reports["left out one by one"] = _leave_one_out(bench, recipe, seen, last, say)
    if last:
        _finish(bench, recipe.finish, recipe.seed, seen, last, say)
    part = output.with_name(f".{output.name}.part")
    shutil.rmtree(part, ignore_errors=True)
    config = write_model(bench, part)
    table: Reliability = {}
    parts: dict[str, dict[str, Report]] = {}
    if held:
        config, table = _calibrated(part, config, held)
        (part / CONFIG).write_text(config.to_json(), "utf-8")
        found = evaluate_model(held, part)
        for field in ("genre", "region"):
            if any(field in a.meta for a in held):
                groups = grouped(held, found, field)
                reports["held-out scenarios"] = groups.pop("all")
                parts[field] = groups
        reports.setdefault("held-out scenarios", evaluate(held, *found))
    else:
        say("no article is held out: the probabilities are not calibrated")
    for line in report_lines(reports):
        say(line)
    given = [*seen, *last]
    learnt = {"articles": len(given), "statements": sum(len(a.statements) for a in given)}
    facts = {"learnt from": learnt, **{name: as_dict(report) for name, report in reports.items()}, "reliability": table}
    (part / METRICS).write_text(json.dumps(facts, indent=2) + "\n", "utf-8")
    size = sum(file.stat().st_size for file in part.iterdir())
    (part / CARD).write_text(card(output.name, config, recipe, learnt, reports, table, parts, size), "utf-8")
    old = output.with_name(f".{output.name}.old")
    if output.exists():
        shutil.rmtree(old, ignore_errors=True)
        output.rename(old)
    part.rename(output)
    shutil.rmtree(old, ignore_errors=True)
    say(f"{output} written after {(time.monotonic() - started) / 60:.0f} minutes")
    return reports


def _fit(article: AnnotatedArticle, codebook: Codebook) -> None:
    """Raises `AnnotationError` where an annotation cannot be learnt from."""
    for statement, message, grave in content_faults(article, codebook):
        if grave:
            where = f"article {article.id}" + (f", statement {statement}" if statement else "")
            raise AnnotationError(f"{where}: {message}")


def _config(where: str, recipe: Recipe, codebook: Codebook) -> ModelConfig:
    return ModelConfig(
        positions=codebook.names,
        base=Path(where).name if Path(where).is_dir() else where,
        window=recipe.decoding.window,
        overlap=recipe.decoding.overlap,
        context=recipe.decoding.context,
        longest=recipe.decoding.longest,
        valid_threshold=recipe.decoding.valid_threshold,
        thresholds=dict.fromkeys(codebook.names, recipe.decoding.position_threshold),
        share=recipe.decoding.share,
    )


def _drawn(articles: Sequence[AnnotatedArticle], share: float) -> list[AnnotatedArticle]:
    """The articles of a ``share`` of their scenarios, the same ones in every run."""
    scenario = {a.id: str(a.meta.get("scenario") or a.id) for a in articles}
    order = sorted(set(scenario.values()), key=lambda name: hashlib.sha256(name.encode()).digest())
    kept = set(order[: round(share * len(order))])
    return [a for a in articles if scenario[a.id] in kept]


def _given(annotations: Sequence[Path] | Dataset) -> list[AnnotatedArticle]:
    if not isinstance(annotations, Sequence):
        return from_dataset(annotations)
    return read_annotations(annotations) if annotations else []


def _bench(where: str, config: ModelConfig, say: Say) -> Workbench:
    """A network on the base: on a model folder's network where the base is one, else on an encoder."""
    if (Path(where) / CONFIG).is_file() and (Path(where) / ONNX).is_file():
        network, tokenizer, old = read_model(Path(where))
        if old.positions != config.positions:
            say(f"{where} has other positions ({', '.join(old.positions)}): what is new starts anew")
        return bench_of(network, tokenizer, config, old.positions)
    return start(where, config)


def _learn(bench: Workbench, name: str, tasks: Sequence[Task], settings: Learning, seed: int, say: Say) -> None:
    """Runs a stage, and tells how far it is ten times."""

    def progress(done: int, total: int, loss: float, seconds: float) -> None:
        if done == total or done % max(1, total // 10) == 0:
            left = seconds / done * (total - done)
            say(f"{name}: {done}/{total} batches, loss {loss:.3f}, {left / 60:.0f} min left")

    stage = Stage(epochs=settings.epochs, encoder_rate=settings.encoder_rate, heads_rate=settings.heads_rate)
    run_stage(bench.network, tasks, stage, bench.alphabet, seed=seed, progress=progress)


def _first_stages(bench: Workbench, recipe: Recipe, work: Path | None, say: Say) -> None:
    one, two = recipe.attribution, recipe.judgements
    if not one.corpus and not two.corpora:
        return
    config = bench.config
    settings = repr((config.base, config.positions, config.window, config.overlap, recipe.seed, one, two))
    kept = work / f"{hashlib.sha256(settings.encode()).hexdigest()[:16]}.safetensors" if work else None
    if kept and kept.is_file():
        bench.network.load_state_dict(load_file(str(kept)))
        say(f"first stages taken up from {kept}")
        return
    if one.corpus:
        tasks = attribution_tasks(bench, Path(one.corpus), batch_size=one.batch_size)
        _learn(bench, "attribution", tasks, one, recipe.seed, say)
        adopt_tags(bench.network)
    if two.corpora:
        tasks = judgement_tasks(bench, Path(two.corpora), batch_size=two.batch_size, seed=recipe.seed)
        _learn(bench, "judgements", tasks + _replay(bench, recipe, two.replay), two, recipe.seed, say)
    if kept:
        kept.parent.mkdir(parents=True, exist_ok=True)
        save_file({k: v.contiguous() for k, v in bench.network.state_dict().items()}, f"{kept}.part")
        Path(f"{kept}.part").rename(kept)


def _replay(bench: Workbench, recipe: Recipe, share: float) -> list[Task]:
    """A part of stage 1 again, so that it is not forgotten."""
    one = recipe.attribution
    if not one.corpus or not share:
        return []
    return attribution_tasks(bench, Path(one.corpus), batch_size=one.batch_size, share=share, seed=recipe.seed)


def _statement_stage(bench: Workbench, recipe: Recipe, articles: Sequence[AnnotatedArticle], say: Say) -> None:
    settings = recipe.statements
    tasks = statement_tasks(
        bench,
        articles,
        tag_batch=settings.tag_batch,
        statement_batch=settings.statement_batch,
        reader=bench.classifier(),
    )
    _learn(bench, "statements", tasks + _replay(bench, recipe, settings.replay), settings, recipe.seed, say)


def _finish(
    bench: Workbench, settings: Finish, seed: int, others: Sequence[AnnotatedArticle],
    last: Sequence[AnnotatedArticle], say: Say,
) -> None:  # fmt: skip
    beside = random.Random(seed).sample(list(others), round(settings.beside * len(others)))
    tasks = statement_tasks(bench, [*last, *beside], tag_batch=8, statement_batch=16, reader=bench.classifier())
    _learn(bench, "finish", tasks, settings, seed, say)


def _leave_one_out(
    bench: Workbench, recipe: Recipe, others: Sequence[AnnotatedArticle], last: Sequence[AnnotatedArticle], say: Say
) -> Report:
    found: dict[str, list[AnnotatedStatement]] = {}
    for left in last:
        own = replace(bench, network=copy.deepcopy(bench.network))
        _finish(own, recipe.finish, recipe.seed, others, [a for a in last if a is not left], say)
        found[left.id] = annotated(own.classifier().classify(left.text))
    return evaluate(last, found, bench.config.positions)


def _calibrated(folder: Path, config: ModelConfig, held: Sequence[AnnotatedArticle]) -> tuple[ModelConfig, Reliability]:
    """Temperatures fitted on every other held-out article, and the reliability on the rest."""
    every = replace(config, valid_threshold=0.0, temperatures={})
    classifier = Classifier(OnnxRuntime(checked(folder, ONNX, config)), read_tokenizer(folder), every)
    config = calibrated(config, judged(classifier, held[::2]))
    return config, reliability(config, judged(classifier, held[1::2]))
