"""What changes in training are worth: small models, each trained from a bare encoder in minutes, with three seeds.

    python benchmarks/variants.py ENCODER --learn FILE... --measure FILE... [--unlabelled FOLDER --teacher MODEL]

Of the statements of the annotated files to learn from, some are drawn; their spans as annotated, they are read once in batches
of 16, at the rates of recipes/default.toml. Measured with the spans given, on every statement of the files to measure on: the
share whose set of positions is right, the macro F1 of positions, their cross-entropy (summed), and of the targets and speakers
named in the window the share whose place is found. Mean and standard deviation over the seeds.

``plain``        the loss of the project
``weights``      of a statement that takes a position, its loss is multiplied by the root of how many do not for one that does
``focal``        focal loss with gamma 2 (Lin et al., "Focal loss for dense object detection", ICCV 2017)
``masked``       in half of the statements, all names are masked
``substituted``  in half of the statements, each piece of a name is another one, the same wherever it stands
``twice``        read twice
``more``         twice as many statements
``taught``       as many statements from the texts of a folder beside them, found by a model, with the probabilities and places
                 that its second network tells
"""

from __future__ import annotations

import argparse
import random
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from stance.annotations import read_annotations
from stance.classifier import read_classifier
from stance.codebook import read_codebook
from stance.model.config import ModelConfig
from stance.model.encoding import marked, tokenize
from stance.model.runtime import sigmoid
from stance.records import AnnotatedArticle
from stance.train.loop import Stage, Task, positions_loss, positions_taken, run_stage, statement_loss
from stance.train.recipe import Statements
from stance.train.stages import Workbench, start
from stance.train.statements import StatementExample, statement_examples

FIGURES = ("positions right", "macro F1", "cross-entropy", "target", "speaker")
LABELLED = ("plain", "weights", "focal", "masked", "substituted", "twice", "more")
RECIPE = Statements()


@dataclass(frozen=True)
class Taught(StatementExample):
    """A statement as a teacher reads it; ``chances`` holds the probability of each position."""

    chances: tuple[float, ...] = ()


def main() -> None:
    """Trains and measures each variant with each seed, and prints a table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("encoder", help="a folder in the layout of transformers, or a hub id")
    parser.add_argument("--learn", type=Path, nargs="+", required=True)
    parser.add_argument("--measure", type=Path, nargs="+", required=True)
    parser.add_argument("--unlabelled", type=Path, help="a folder of .txt files")
    parser.add_argument("--teacher", type=Path, default=Path("models/default"))
    parser.add_argument("--variants", nargs="+", choices=[*LABELLED, "taught"])
    parser.add_argument("--statements", type=int, default=4800)
    parser.add_argument("--seeds", type=int, nargs="+", default=[1, 2, 3])
    parser.add_argument("--context", type=int, default=128, help="tokens around a statement")
    parser.add_argument("--frozen", type=int, default=0)
    parser.add_argument("--threads", type=int, default=0)
    given = parser.parse_args()
    if given.threads:
        torch.set_num_threads(given.threads)
    config = ModelConfig(positions=read_codebook().names, frozen=given.frozen, context=given.context)
    bench = start(given.encoder, config)
    learnt, measured = (spread(bench, read_annotations(files)) for files in (given.learn, given.measure))
    random.Random(0).shuffle(learnt)
    own = learnt[: given.statements]
    taught = teach(bench, given.unlabelled, given.teacher, given.statements) if given.unlabelled else []
    print(f"{len(own)} statements, measured on {len(measured)}", flush=True)
    print(f"| variant | batches | {' | '.join(FIGURES)} | minutes |\n| --- |" + " --- |" * (len(FIGURES) + 2), flush=True)
    for variant in given.variants or [*LABELLED, *(["taught"] if taught else [])]:
        rows, started = [], time.monotonic()
        for seed in given.seeds:
            torch.manual_seed(seed)
            bench = start(given.encoder, config)
            examples = {"more": learnt[: 2 * given.statements], "taught": [*own, *taught]}.get(variant, own)
            if variant in ("masked", "substituted"):
                examples = renamed(bench, own, variant == "masked", seed)
            loss = partial(statement_loss, of_positions=loss_of(variant, own, len(config.positions)))
            task = Task(variant, examples, loss, RECIPE.statement_batch)
            epochs = 2 if variant == "twice" else 1
            stage = Stage(epochs=epochs, encoder_rate=RECIPE.encoder_rate, heads_rate=RECIPE.heads_rate)
            run_stage(bench.network, [task], stage, bench.alphabet, seed=seed, progress=lambda *_: None)
            rows.append(figures(bench, measured))
        minutes = (time.monotonic() - started) / 60 / len(given.seeds)
        cells = " | ".join(f"{np.mean(c):.3f} ± {np.std(c, ddof=min(1, len(c) - 1)):.3f}" for c in zip(*rows, strict=True))
        batches = epochs * -(-len(examples) // RECIPE.statement_batch)
        print(f"| {variant} | {batches} | {cells} | {minutes:.1f} |", flush=True)


def spread(bench: Workbench, articles: Sequence[AnnotatedArticle]) -> list[StatementExample]:
    """Every statement of the articles, with the spans annotated."""
    config, examples = bench.config, []
    for article in articles:
        tokens = tokenize(article.text, bench.tokenizer, bench.alphabet)
        found = [(s, True) for s in article.statements]
        examples += statement_examples(article, tokens, found, config.positions, size=config.context, longest=config.longest)
    return examples


def loss_of(
    variant: str, own: Sequence[StatementExample], count: int
) -> Callable[[Tensor, Sequence[StatementExample]], Tensor]:
    """The loss of positions in a variant."""
    if variant == "weights":
        taken = positions_taken(own, torch.zeros(len(own), count)).sum(0)
        weights = ((len(own) - taken) / taken.clamp(min=1)).sqrt()
        return lambda logits, batch: functional.binary_cross_entropy_with_logits(
            logits, positions_taken(batch, logits), pos_weight=weights, reduction="sum"
        )
    if variant == "focal":
        return focal
    return soft if variant == "taught" else positions_loss


def focal(logits: Tensor, batch: Sequence[StatementExample]) -> Tensor:
    """Focal loss, gamma 2: what is told apart already weighs little."""
    wanted = positions_taken(batch, logits)
    each = functional.binary_cross_entropy_with_logits(logits, wanted, reduction="none")
    return ((1 - (-each).exp()) ** 2 * each).sum()


def soft(logits: Tensor, batch: Sequence[StatementExample]) -> Tensor:
    """Cross-entropy with the probabilities of the teacher, where there is one."""
    wanted = positions_taken(batch, logits)
    for row, example in enumerate(batch):
        if isinstance(example, Taught):
            wanted[row] = torch.tensor(example.chances)
    return functional.binary_cross_entropy_with_logits(logits, wanted, reduction="sum")


def renamed(bench: Workbench, examples: Sequence[StatementExample], mask: bool, seed: int) -> list[StatementExample]:
    """The examples, in half of them the names masked or replaced, piece by piece.

    A name is a word with a capital that does not begin a sentence.
    """
    rng = random.Random(seed)
    stops = {bench.tokenizer.token_to_id(mark) for mark in '.!?:"“'} | {bench.alphabet.paragraph}
    hidden = bench.tokenizer.token_to_id("[MASK]")
    hidden = bench.tokenizer.token_to_id("<mask>") if hidden is None else hidden
    named = [names(e, stops) for e in examples]
    pool = [int(i) for e, here in zip(examples, named, strict=True) for i in e.tokens.ids[here]]
    made = []
    for example, here in zip(examples, named, strict=True):
        if rng.random() < 0.5:
            other: dict[int, int] = {}
            ids = example.tokens.ids.copy()
            for at in np.flatnonzero(here):
                ids[at] = hidden if mask else other.setdefault(int(ids[at]), rng.choice(pool))
            example = replace(example, tokens=replace(example.tokens, ids=ids))
        made.append(example)
    return made


def names(example: StatementExample, stops: set[int | None]) -> NDArray[np.bool_]:
    """Which tokens belong to names. *Shape:* (tokens,)."""
    tokens = example.tokens
    here = np.zeros(len(tokens), dtype=bool)
    for i in range(1, len(tokens)):
        goes_on = tokens.starts[i] == tokens.ends[i - 1]
        here[i] = here[i - 1] if goes_on and here[i - 1] else tokens.features[i] % 3 > 0 and int(tokens.ids[i - 1]) not in stops
    return here


def teach(bench: Workbench, folder: Path, model: Path, count: int) -> list[StatementExample]:
    """So many statements of the texts, found by the first network of the model and read by its second."""
    classifier = read_classifier(model)
    teacher = classifier._second
    assert teacher is not None
    files = sorted(folder.glob("*.txt"))
    random.Random(0).shuffle(files)
    examples: list[StatementExample] = []
    for file in files:
        text = file.read_text("utf-8")
        own, tokens = classifier._tokens(text), teacher._tokens(text)
        mine = tokenize(text, bench.tokenizer, bench.alphabet)
        proposals = classifier.propose(text, own)
        readings = classifier._readings(text, proposals, classifier._views(own, proposals))
        kept = [p for p, r in zip(proposals, readings, strict=True) if classifier._valid(r) >= 0.5]
        for proposal, (view, *_) in zip(kept, teacher._views(tokens, kept), strict=True):
            inside = marked(mine, proposal.content, proposal.cue, proposal.source, size=bench.config.context, longest=480)
            _, window, roles = inside[0]
            if not np.array_equal(window.starts, view.tokens.starts):
                continue  # the two do not share their tokens here
            chances = sigmoid(view.logits[1:])
            pointers = (view.speaker, *view.target.swapaxes(0, 1))
            place = [(int(ends[:, 0].argmax()), int(ends[:, 1].argmax())) for ends in pointers]
            taken = [n for n, chance in enumerate(chances) if chance >= 0.5]
            examples.append(
                Taught(
                    window, roles, True, frozenset(taken), ((place[0],),), tuple((n, (place[1 + n],)) for n in taken),
                    chances=tuple(map(float, chances)),
                )
            )  # fmt: skip
            if len(examples) == count:
                return examples
    return examples


def figures(bench: Workbench, examples: Sequence[StatementExample]) -> tuple[float, ...]:
    """The figures of `FIGURES` on examples whose positions are all known."""
    outputs = bench.classifier()._run(("statement", "speaker", "target"), [(e.tokens, e.roles) for e in examples])
    logits = torch.tensor(np.stack([o[0][1:] for o in outputs]))
    wanted = positions_taken(examples, logits)
    found = logits >= 0
    right = (found == wanted.bool()).all(1).float().mean()
    hits = (found * wanted).sum(0)
    macro = (2 * hits / (found.sum(0) + wanted.sum(0)).clamp(min=1)).mean()
    entropy = functional.binary_cross_entropy_with_logits(logits, wanted, reduction="sum") / len(examples)
    targets, speakers = [], []
    for example, (_, speaker, target) in zip(examples, outputs, strict=True):
        count = len(example.tokens) + 1
        targets += [pointed(target[:count, p], places) for p, places in example.targets]
        speakers += [pointed(speaker[:count], places) for places in example.speakers[:1]]
    return float(right), float(macro), float(entropy), float(np.mean(targets)), float(np.mean(speakers))


def pointed(ends: NDArray[np.float32], places: Sequence[tuple[int, int]]) -> bool:
    """Whether the likeliest start and the likeliest end are those of one of the places. *Shape:* ends (tokens + 1, 2)."""
    return (int(ends[:, 0].argmax()), int(ends[:, 1].argmax())) in places


if __name__ == "__main__":
    main()
