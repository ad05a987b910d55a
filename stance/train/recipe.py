"""Recipes: every setting of a training run, in TOML."""

from __future__ import annotations

import tomllib
from collections.abc import Sequence
from dataclasses import dataclass, field, fields, is_dataclass
from pathlib import Path
from typing import Any, get_type_hints

from stance.bundled import bundled
from stance.errors import RecipeError

_POSITIVE = frozenset(("batch_size", "tag_batch", "statement_batch", "repeat"))
_SHARES = frozenset(("replay", "share", "hold_out", "keep", "grain", "finding", "part"))
_NOT_NEGATIVE = frozenset(("epochs", "beside", "patience", "frozen"))


@dataclass(frozen=True, kw_only=True)
class Learning:
    """What every stage has: how long (0 epochs: not at all), and how fast the encoder and the heads learn."""

    epochs: int = 1
    encoder_rate: float = 2e-4
    heads_rate: float = 1e-3


@dataclass(frozen=True, kw_only=True)
class Attribution(Learning):
    """Stage 1: attribution tags and links of a corpus in the layout of PolNeAR. No ``corpus``: the stage is left out."""

    corpus: str = ""
    epochs: int = 2
    batch_size: int = 8


@dataclass(frozen=True, kw_only=True)
class Judgements(Learning):
    """Between the stages: who speaks well or ill of whom. No ``corpora``: the stage is left out. ``replay``: as in stage 2."""

    corpora: str = ""
    batch_size: int = 32
    encoder_rate: float = 1e-4
    heads_rate: float = 5e-4
    replay: float = 0.1


@dataclass(frozen=True, kw_only=True)
class Statements(Learning):
    """Stage 2: annotated articles. ``replay`` is the share of stage 1 beside it."""

    epochs: int = 4
    patience: int = 0
    """After so many epochs in a row without gain on every other held-out article, learning stops; the best epoch is kept, or
    the model as it was before. 0: every epoch is learnt, and the last one kept."""
    tag_batch: int = 8
    statement_batch: int = 16
    replay: float = 0.2
    extra: tuple[str, ...] = ()
    """Further annotated files."""
    repeat: int = 1
    """The articles of ``extra`` are read so many times in an epoch."""
    beside: float = 0.0
    """For every given article, so many of the project's own beside it, drawn at random."""
    share: float = 1.0
    """So large a part of the given scenarios is learnt from, for a learning curve; a smaller part lies inside a larger."""
    skipped: float = 0.0
    """This smaller part is left out of it, for instance because an earlier training has read it."""
    held_out: str = ""
    """A file with a list ``held_out`` of scenarios that training does not see."""
    hold_out: float = 0.0
    """Where there is no such file: so large a part of the given scenarios (articles without one count as their own)."""


@dataclass(frozen=True, kw_only=True)
class Stances(Learning):
    """The second network, which reads what the first one finds as well, learns positions, speakers and targets.

    ``base``: an encoder or a model, as in `Recipe`, that it starts from; "": the second network of the model that training
    starts from, if that has one. ``share`` is its share in the mean of what both read; ``finding`` that in finding statements,
    which it then learns as well (0: of a model that has this network, as it was; else the first one finds them alone).
    """

    base: str = ""
    epochs: int = 0
    patience: int = 0
    """As in `Statements`."""
    batch_size: int = 16
    encoder_rate: float = 1e-4
    heads_rate: float = 1e-3
    share: float = 0.75
    finding: float = 0.0
    part: float = 1.0
    """So large a part of the statements, drawn at random, is read; tags are all read."""
    context: int = 128
    frozen: int = 0
    """This and ``grain`` as in `Recipe`."""
    grain: float = 0.0


@dataclass(frozen=True, kw_only=True)
class Finish(Learning):
    """The last stage: the articles of ``files`` beside a random ``beside`` share of the others.

    With ``leave_one_out`` the stage is first run without each of these articles, to measure on it.
    """

    files: tuple[str, ...] = ()
    beside: float = 0.25
    encoder_rate: float = 5e-5
    heads_rate: float = 2e-4
    leave_one_out: bool = False


@dataclass(frozen=True, kw_only=True)
class Decoding:
    """How the model is read: sizes in tokens, thresholds in probabilities."""

    window: int = 384
    overlap: int = 96
    context: int = 224
    longest: int = 480
    valid_threshold: float = 0.5
    position_threshold: float = 0.5
    share: float = 0.3


@dataclass(frozen=True, kw_only=True)
class Recipe:
    """A training run. ``base``: a model folder, ``hf://user/name``, a folder in the layout of transformers, or a hub id."""

    base: str = ""
    seed: int = 13
    threads: int = 0
    frozen: int = 0
    """So many of the lowest layers of an encoder are left as they are, which makes training faster; a model keeps its own."""
    grain: float = 0.0
    """Weights are rounded to so many standard deviations of their row, for a smaller file; 0: as fine as int8 allows."""
    keep: float = 0.0
    """So large a share of the weights of the model that training started from is kept: at the end both are averaged (Wortsman
    et al., "Robust fine-tuning of zero-shot models", CVPR 2022). Nothing is kept of an encoder, or of a model with other
    positions."""
    mean: tuple[str, ...] = ()
    """Folders of further models with the same positions: the network as it is then and these are averaged in equal parts."""
    attribution: Attribution = field(default_factory=Attribution)
    judgements: Judgements = field(default_factory=Judgements)
    statements: Statements = field(default_factory=Statements)
    stances: Stances = field(default_factory=Stances)
    finish: Finish = field(default_factory=Finish)
    decoding: Decoding = field(default_factory=Decoding)


def read_recipe(path: Path | None = None, settings: Sequence[str] = ()) -> Recipe:
    """The recipe of a file (or the one for retraining), with ``section.key=value`` settings over it.

    Raises `RecipeError` for a file that is no TOML, an unknown key, or a value of another type.
    """
    path = path or bundled("recipes/retrain.toml")
    try:
        data = tomllib.loads(path.read_text("utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as fault:
        raise RecipeError(f"{path}: cannot be read as a recipe: {fault}") from fault
    made = _made(Recipe, data, str(path))
    for setting in settings:
        key, sign, value = setting.partition("=")
        if not sign:
            raise RecipeError(f"expected key=value, found {setting!r}")
        _put(data, key.strip().split("."), _value(value.strip()))
        made = _made(Recipe, data, f"--set {setting}")
    assert isinstance(made, Recipe)
    return made


def _value(words: str) -> Any:
    try:
        return tomllib.loads(f"value = {words}")["value"]
    except tomllib.TOMLDecodeError:
        return words


def _put(data: dict[str, Any], keys: list[str], value: Any) -> None:
    for key in keys[:-1]:
        data = data.setdefault(key, {})
        if not isinstance(data, dict):
            raise RecipeError(f"{'.'.join(keys)}: {key!r} is no section")
    data[keys[-1]] = value


def _made(kind: type, data: Any, where: str) -> Any:
    if not isinstance(data, dict):
        raise RecipeError(f"{where}: expected a section, found {data!r}")
    types = get_type_hints(kind)
    known = [f.name for f in fields(kind)]
    values: dict[str, Any] = {}
    for key, value in data.items():
        if key not in known:
            raise RecipeError(f"{where}: unknown key {key!r}; known are {', '.join(known)}")
        wanted = types[key]
        if isinstance(wanted, type) and is_dataclass(wanted):
            values[key] = _made(wanted, value, f"{where}: {key}")
        elif wanted is float and type(value) in (int, float):
            values[key] = float(value)
        elif wanted == tuple[str, ...] and isinstance(value, list) and all(isinstance(v, str) for v in value):
            values[key] = tuple(value)
        elif type(value) is wanted:
            values[key] = value
        else:
            raise RecipeError(f"{where}: {key}: expected {getattr(wanted, '__name__', wanted)}, found {value!r}")
        if key in _POSITIVE and values[key] < 1:
            raise RecipeError(f"{where}: {key}: expected 1 or more, found {value!r}")
        if key in _NOT_NEGATIVE and values[key] < 0:
            raise RecipeError(f"{where}: {key}: expected 0 or more, found {value!r}")
        if key in _SHARES and not 0 <= values[key] <= 1:
            raise RecipeError(f"{where}: {key}: expected a number from 0 to 1, found {value!r}")
    return kind(**values)
