"""One training run, from a recipe to a model folder."""

from __future__ import annotations

import copy
import hashlib
import json
import random
import shutil
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import torch
from safetensors.torch import load_file, save_file

from stance.annotations import content_faults, read_annotations, read_held_out
from stance.bundled import bundled
from stance.classifier import read_classifier
from stance.codebook import Codebook, read_codebook
from stance.errors import AnnotationError, ModelError, RecipeError
from stance.evaluate import Difference, Report, difference, evaluate
from stance.model.config import ModelConfig
from stance.model.folder import CARD, CONFIG, METRICS, SECOND, digest, is_model, read_config, second
from stance.model.hub import HUB, download
from stance.model.network import Network
from stance.records import AnnotatedArticle, AnnotatedStatement
from stance.report import as_dict, by_field, difference_lines, evaluate_model, found_by, report_lines
from stance.train.calibration import Reliability, calibrated, judged, reliability
from stance.train.card import card
from stance.train.dataset import from_dataset
from stance.train.export import read_model, write_model
from stance.train.loop import Stage, Task, run_stage
from stance.train.recipe import Learning, Recipe
from stance.train.split import companions, drawn, parted, scenario
from stance.train.stages import (
    Workbench,
    adopt_tags,
    attribution_tasks,
    bench_of,
    judgement_tasks,
    stances_tasks,
    start,
    statement_tasks,
)

if TYPE_CHECKING:
    from datasets import Dataset

Say = Callable[[str], None]
_Weights = dict[str, torch.Tensor]

#: Articles on which quantising is fitted.
_SAMPLE = 20


@dataclass(frozen=True)
class _Material:
    """What a run learns from and is measured on."""

    own: list[AnnotatedArticle]
    extra: list[AnnotatedArticle]
    beside: list[AnnotatedArticle]
    last: list[AnnotatedArticle]
    held: list[AnnotatedArticle]

    @property
    def seen(self) -> list[AnnotatedArticle]:
        return [*self.own, *self.extra, *self.beside]


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
    with the same stages. Ctrl-C while annotated articles are learnt ends the learning, and the model is written as it is
    then; at any other time it ends the run. Returns (and writes to ``metrics.json``) the figures on articles that training
    did not see: held-out scenarios, and the articles of the last stage, each left out in turn.
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
    material = _material(annotations, recipe, codebook)
    named = base or recipe.base or str(bundled("models/default"))
    where = _found(named)
    bench = _bench(named, where, recipe, codebook, say)
    kept = [copy.deepcopy(_states(bench))] if bench.again and recipe.keep else []
    others = [_weights(Path(folder), bench) for folder in recipe.mean]
    _first_stages(bench, recipe, str(Path(where).resolve()) if Path(where).exists() else where, work, say)
    going = True
    if material.seen:
        number = len(material.own) + len(material.extra)
        beside, held = len(material.beside), len(material.held)
        say(f"{number} articles to learn from, {beside} of the project's own beside, {held} held out")
        going = _statement_stage(bench, recipe, material, say)
    reports: dict[str, Report] = {}
    if going and material.last and recipe.finish.leave_one_out:
        reports["left out one by one"] = _leave_one_out(bench, recipe, material.seen, material.last, say)
    if going and material.last:
        going = _finish(bench, recipe, material.seen, material.last, say)
    if not going:
        say("stopped; the model is written as it is")
    if kept:
        _average(bench, kept, recipe.keep)
    if others:
        _average(bench, others, len(others) / (len(others) + 1))
    part = output.with_name(f".{output.name}.part")
    shutil.rmtree(part, ignore_errors=True)
    sample = [a.text for a in (*material.seen, *material.last, *material.held)[:_SAMPLE]]
    write_model(bench, part, sample, recipe.grain, recipe.stances.grain)
    facts = _measured(part, recipe, material, reports, output.name, Path(where) if bench.again else None, say)
    (part / METRICS).write_text(json.dumps(facts, indent=2) + "\n", "utf-8")
    old = output.with_name(f".{output.name}.old")
    if output.exists():
        shutil.rmtree(old, ignore_errors=True)
        output.rename(old)
    part.rename(output)
    shutil.rmtree(old, ignore_errors=True)
    say(f"{output} written after {(time.monotonic() - started) / 60:.0f} minutes")
    return reports


def _benches(bench: Workbench) -> list[Workbench]:
    return [bench, bench.stances] if bench.stances else [bench]


def _states(bench: Workbench) -> list[_Weights]:
    """The weights of its networks; none of a second one that did not answer the same question before."""
    return [one.network.state_dict() if one.again else {} for one in _benches(bench)]


def _weights(folder: Path, bench: Workbench) -> list[_Weights]:
    """The weights of another model that answers the same question in the same shape. Raises `ModelError`."""
    other = second(folder, read_config(folder))
    read = [read_model(place) for place in (folder, *(other[:1] if other else ()))]

    def shape(network: Network, config: ModelConfig) -> object:
        return config.positions, {name: value.shape for name, value in network.state_dict().items()}

    if [shape(network, config) for network, _, config in read] != [shape(b.network, b.config) for b in _benches(bench)]:
        raise ModelError(f"{folder}: no mean can be taken with a model of other positions or another encoder")
    return [network.state_dict() for network, _, _ in read]


def _average(bench: Workbench, others: Sequence[list[_Weights]], share: float) -> None:
    """So large a share of the weights comes from the others, from each as much."""
    for one, *states in zip(_benches(bench), *others, strict=True):
        if not all(states):
            continue
        mine = one.network.state_dict()
        for name, value in mine.items():
            if value.is_floating_point():
                mine[name] = (1 - share) * value + share * torch.stack([other[name] for other in states]).mean(0).to(
                    value.device
                )
        one.network.load_state_dict(mine)


def _material(annotations: Sequence[Path] | Dataset, recipe: Recipe, codebook: Codebook) -> _Material:
    settings = recipe.statements
    last = read_annotations([Path(f) for f in recipe.finish.files])
    extra = read_annotations([Path(f) for f in settings.extra])
    own = _given(annotations)
    known: dict[str, AnnotatedArticle] = {}
    for article in (*own, *extra, *last):
        _fit(article, codebook)
        if known.setdefault(article.id, article) != article:
            raise AnnotationError(f"article {article.id} is given twice, with different texts or annotations")
    whole = [a for a in own if not a.partial]
    if settings.held_out:
        away = read_held_out(Path(settings.held_out))
        held = [a for a in whole if a.meta.get("scenario") in away]
    else:
        _, held = parted(whole, settings.hold_out)
    taken = {a.id for a in (*last, *held)}
    told = {scenario(a) for a in held}  # nor is learnt from an article of these stories that was read in part
    own = drawn([a for a in own if a.id not in taken and scenario(a) not in told], settings.share, settings.skipped)
    extra = [a for a in extra if a.id not in taken]
    number = round(settings.beside * len(own))
    beside = companions(number, taken | {a.id for a in (*own, *extra)}, recipe.seed) if number else []
    if not own and not extra and not last and not recipe.attribution.corpus:
        raise RecipeError("nothing to train on: no annotations, and a recipe without corpora")
    return _Material(own, extra, beside, last, held)


def _measured(
    folder: Path, recipe: Recipe, material: _Material, reports: dict[str, Report], name: str, old: Path | None, say: Say
) -> dict[str, Any]:
    """Calibrates and measures the model in ``folder`` on held-out articles, writes its card, and returns its metrics.

    ``old`` is the model that it started from, where both answer the same question.
    """
    config = read_config(folder)
    table: Reliability = {}
    parts: dict[str, dict[str, Report]] = {}
    gains: dict[str, Difference] = {}
    if held := material.held:
        config, table = _calibrated(folder, held)
        found = evaluate_model(held, folder)
        reports["held-out scenarios"] = evaluate(held, *found)
        for field in ("genre", "region"):
            if any(field in a.meta for a in held):
                parts[field] = by_field(held, found, field)
        if old:
            gains = difference(held, evaluate_model(held, old)[0], found[0], config.positions)
    else:
        say("no article is held out: the model is not measured, and its probabilities are not calibrated anew")
    for line in report_lines(reports):
        say(line)
    if gains:
        say(f"first: {old}, second: the new model, on the held-out articles")
    for line in difference_lines(gains) if gains else ():
        say(line)
    given = [*(material.seen if recipe.statements.epochs or recipe.stances.epochs else ()), *material.last]
    learnt = {"articles": len(given), "statements": sum(len(a.statements) for a in given)}
    other = second(folder, config)
    base = f"`{config.base}`" + (
        f"; a second network, which reads statements beside the first, from `{other[1].base}`" if other else ""
    )
    size = sum(file.stat().st_size for file in folder.rglob("*") if file.is_file())
    (folder / CARD).write_text(card(name, config, base, recipe, learnt, reports, table, parts, gains, size), "utf-8")
    facts = {"learnt from": learnt, **{key: as_dict(report) for key, report in reports.items()}, "reliability": table}
    if gains:
        facts["compared"] = {"with": config.base, **{figure: asdict(gain) for figure, gain in gains.items()}}
    return facts


def _fit(article: AnnotatedArticle, codebook: Codebook) -> None:
    """Raises `AnnotationError` where an annotation cannot be learnt from."""
    for statement, message, grave in content_faults(article, codebook):
        if grave:
            where = f"article {article.id}" + (f", statement {statement}" if statement else "")
            raise AnnotationError(f"{where}: {message}")


def _config(named: str, recipe: Recipe, codebook: Codebook) -> ModelConfig:
    try:
        return ModelConfig(
            positions=codebook.names,
            base=Path(named).name if Path(named).is_dir() else named,
            frozen=recipe.frozen,
            window=recipe.decoding.window,
            overlap=recipe.decoding.overlap,
            context=recipe.decoding.context,
            longest=recipe.decoding.longest,
            valid_threshold=recipe.decoding.valid_threshold,
            thresholds=dict.fromkeys(codebook.names, recipe.decoding.position_threshold),
            share=recipe.decoding.share,
        )
    except ValueError as fault:
        raise RecipeError(f"decoding: {fault}") from fault


def _given(annotations: Sequence[Path] | Dataset) -> list[AnnotatedArticle]:
    if not isinstance(annotations, Sequence):
        return from_dataset(annotations)
    return read_annotations(annotations) if annotations else []


def _bench(named: str, where: str, recipe: Recipe, codebook: Codebook, say: Say) -> Workbench:
    """A network on the base; a second one on the base that the recipe names for it, else on that of the base, if it has one.

    ``named`` is what the base is called, ``where`` its folder (or its id, which transformers finds).
    """
    config = _config(named, recipe, codebook)
    bench = _network(named, where, config, say)
    old = read_config(Path(where)) if is_model(Path(where)) else None
    own = second(Path(where), old) if old else None
    base = recipe.stances.base or (str(own[0]) if own else "")
    if not base or not recipe.stances.share:
        return bench
    told = replace(_config(base, recipe, codebook), frozen=recipe.stances.frozen, context=recipe.stances.context)
    finding = recipe.stances.finding or (old.finding if old and not recipe.stances.base else 0.0)
    config = replace(bench.config, stances=recipe.stances.share, finding=finding)
    return replace(bench, config=config, stances=_network(base, _found(base), told, say))


def _found(named: str) -> str:
    return str(download(named)) if named.startswith(HUB) else named


def _network(named: str, where: str, config: ModelConfig, say: Say) -> Workbench:
    """A network on a model folder's network, where the base is one, else on an encoder.

    From a model of the same positions, thresholds and temperatures are taken over until new ones are fitted.
    """
    if is_model(Path(where)):
        network, tokenizer, old = read_model(Path(where))
        config = replace(config, frozen=old.frozen)
        if old.positions == config.positions:
            config = replace(
                config, thresholds=old.thresholds, temperatures=old.temperatures, valid_threshold=old.valid_threshold
            )
        else:
            say(f"{named} has other positions ({', '.join(old.positions)}): what is new starts anew")
        bench = bench_of(network, tokenizer, config, old.positions)
    else:
        bench = start(where, config)
    bench.network.to("cuda" if torch.cuda.is_available() else "cpu")
    return bench


def _learn(
    bench: Workbench, name: str, tasks: Sequence[Task], settings: Learning, seed: int, say: Say,
    enough: Callable[[int], bool] = lambda _: False,
) -> bool:  # fmt: skip
    """Runs a stage, and tells how far it is ten times. False where it was stopped by Ctrl-C."""

    def progress(done: int, total: int, loss: float, seconds: float) -> None:
        if done == total or done % max(1, total // 10) == 0:
            left = seconds / done * (total - done)
            say(f"{name}: {done}/{total} batches, loss {loss:.3f}, {left / 60:.0f} min left")

    if not settings.epochs:
        return True
    stage = Stage(epochs=settings.epochs, encoder_rate=settings.encoder_rate, heads_rate=settings.heads_rate)
    return run_stage(bench.network, tasks, stage, bench.alphabet, seed=seed, progress=progress, enough=enough)


def _first_stages(bench: Workbench, recipe: Recipe, where: str, work: Path | None, say: Say) -> None:
    one, two = recipe.attribution, recipe.judgements
    if not one.corpus and not two.corpora:
        return
    config = bench.config
    settings = repr((where, config.frozen, config.positions, config.window, config.overlap, recipe.seed, one, two))
    kept = work / f"{hashlib.sha256(settings.encode()).hexdigest()[:16]}.safetensors" if work else None
    if kept and kept.is_file():
        bench.network.load_state_dict(load_file(str(kept)))
        say(f"first stages taken up from {kept}")
        return
    if one.corpus and one.epochs:
        tasks = attribution_tasks(bench, Path(one.corpus), batch_size=one.batch_size)
        _whole(_learn(bench, "attribution", tasks, one, recipe.seed, say))
        adopt_tags(bench.network)
    if two.corpora:
        tasks = judgement_tasks(bench, Path(two.corpora), batch_size=two.batch_size, seed=recipe.seed)
        _whole(_learn(bench, "judgements", tasks + _replay(bench, recipe, two.replay), two, recipe.seed, say))
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


def _whole(done: bool) -> None:
    """Stops the run where a stage was stopped of which nothing half done is worth keeping."""
    if not done:
        raise KeyboardInterrupt


def _statement_stage(bench: Workbench, recipe: Recipe, material: _Material, say: Say) -> bool:
    one, two = recipe.statements, recipe.stances
    same = set(bench.config.positions) == set(read_codebook().names)
    unknown = () if same else {a.id for a in material.beside}
    articles = [*material.own, *material.extra * one.repeat, *material.beside]
    held = material.held[::2]
    going = True
    if one.epochs:
        tasks = statement_tasks(
            bench,
            articles,
            tag_batch=one.tag_batch,
            statement_batch=one.statement_batch,
            reader=bench.classifier(),
            unknown=unknown,
        )
        tasks += _replay(bench, recipe, one.replay)
        with _Best(bench, bench, held, one.patience, say) as best:
            going = _learn(bench, "statements", tasks, one, recipe.seed, say, best.enough)
    if going and two.epochs and bench.stances:
        tasks = stances_tasks(
            bench,
            articles,
            tag_batch=one.tag_batch,
            batch_size=two.batch_size,
            reader=replace(bench, stances=None).classifier(),
            unknown=unknown,
            part=two.part,
            seed=recipe.seed,
        )
        if bench.config.finding:
            tasks += _replay(bench.stances, recipe, one.replay)
        with _Best(bench, bench.stances, held, two.patience, say) as best:
            going = _learn(bench.stances, "stances", tasks, two, recipe.seed, say, best.enough)
    return going


class _Best:
    """Measures a model before the first epoch (0) of one of its networks and after every one, and keeps the best of it.

    Nothing is measured where ``patience`` is 0.
    """

    def __init__(
        self, bench: Workbench, learning: Workbench, held: Sequence[AnnotatedArticle], patience: int, say: Say
    ) -> None:
        self._bench = bench
        self._learning = learning
        self._held = held if patience else []
        self._patience = patience
        self._say = say
        self._kept: tuple[int, float, _Weights] | None = None

    def __enter__(self) -> Self:
        if self._learning.again:
            self.enough(0)
        return self

    def enough(self, epoch: int) -> bool:
        """Whether there was no gain for as many epochs as patience lasts."""
        if not self._held:
            return False
        found = found_by(self._bench.classifier(), self._held)
        score = evaluate(self._held, found, self._bench.config.positions, resamples=0).figures["tuple_f1"]
        self._say(f"{f'epoch {epoch}' if epoch else 'before'}: tuple F1 {score:.3f} on {len(self._held)} held-out articles")
        if self._kept is None or score > self._kept[1]:
            self._kept = (epoch, score, copy.deepcopy(self._learning.network.state_dict()))
        return epoch - self._kept[0] >= self._patience

    def __exit__(self, *_: object) -> None:
        if self._kept:
            self._learning.network.load_state_dict(self._kept[2])
            self._say(f"kept: {f'epoch {self._kept[0]}' if self._kept[0] else 'the model as it was before'}")


def _finish(
    bench: Workbench, recipe: Recipe, others: Sequence[AnnotatedArticle], last: Sequence[AnnotatedArticle], say: Say
) -> bool:
    settings = recipe.finish
    beside = random.Random(recipe.seed).sample(list(others), min(len(others), round(settings.beside * len(others))))
    tasks = statement_tasks(bench, [*last, *beside], tag_batch=8, statement_batch=16, reader=bench.classifier())
    return _learn(bench, "finish", tasks, settings, recipe.seed, say)


def _leave_one_out(
    bench: Workbench, recipe: Recipe, others: Sequence[AnnotatedArticle], last: Sequence[AnnotatedArticle], say: Say
) -> Report:
    found: dict[str, list[AnnotatedStatement]] = {}
    for left in last:
        own = replace(bench, network=copy.deepcopy(bench.network))
        _whole(_finish(own, recipe, others, [a for a in last if a is not left], say))
        found.update(found_by(own.classifier(), [left]))
    return evaluate(last, found, bench.config.positions)


def _calibrated(folder: Path, held: Sequence[AnnotatedArticle]) -> tuple[ModelConfig, Reliability]:
    """Writes temperatures and thresholds fitted on every other held-out article into the folder's configurations.

    Returns the configuration, with what the second network was given in it, and the reliability on the rest of the articles.
    """
    classifier = read_classifier(folder).uncalibrated()
    fitted, rest = (judged(classifier, part) for part in (held[::2], held[1::2]))
    config = read_config(folder)
    other = second(folder, config)
    if not other:
        config = calibrated(config, fitted)
        (folder / CONFIG).write_text(config.to_json(), "utf-8")
        return config, reliability(config, rest)
    if not config.finding:
        config = calibrated(config, {"valid": fitted.pop("valid")})
    place, told = other
    told = calibrated(told, fitted)
    (place / CONFIG).write_text(told.to_json(), "utf-8")
    config = replace(config, digests={**config.digests, SECOND[0]: digest(place / CONFIG)})
    (folder / CONFIG).write_text(config.to_json(), "utf-8")
    own = {} if config.finding else {k: v for k, v in config.temperatures.items() if k == "valid"}
    config = replace(config, thresholds=told.thresholds, temperatures={**told.temperatures, **own})
    return config, reliability(config, rest)
