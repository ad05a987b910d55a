"""What the first stages of training are worth: small models from a bare encoder, without them, with one, with both.

    python benchmarks/stages.py ENCODER CORPORA --learn FILE... --measure FILE...

CORPORA is a folder with ``polnear/train``, ``dse2qa/train.txt`` and ``newsmtsc/train.jsonl``. Attribution is learnt from a
random ``--share`` of PolNeAR's windows, judgements from such a share of the sentences, each once, and then the annotated files
once, at the rates of recipes/default.toml. Measured on whole articles, all thresholds at one half.
"""

from __future__ import annotations

import argparse
import copy
import random
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import torch

from stance.annotations import read_annotations
from stance.codebook import read_codebook
from stance.evaluate import evaluate
from stance.model.config import ModelConfig
from stance.report import found_by
from stance.train.loop import Stage, Task, run_stage
from stance.train.recipe import Learning, Recipe
from stance.train.stages import Workbench, adopt_tags, attribution_tasks, judgement_tasks, start, statement_tasks

FIGURES = ("detection_f1", "speaker_accuracy", "position_accuracy", "target_accuracy", "tuple_f1")


def main() -> None:
    """Trains and measures, and prints a table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("encoder", help="a folder in the layout of transformers, or a hub id")
    parser.add_argument("corpora", type=Path)
    parser.add_argument("--learn", type=Path, nargs="+", required=True)
    parser.add_argument("--measure", type=Path, nargs="+", required=True)
    parser.add_argument("--share", type=float, default=0.5)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--threads", type=int, default=0)
    given = parser.parse_args()
    if given.threads:
        torch.set_num_threads(given.threads)
    torch.manual_seed(given.seed)
    recipe, seed = Recipe(), given.seed
    articles, gold = (read_annotations(files) for files in (given.learn, given.measure))
    bench = start(given.encoder, ModelConfig(positions=read_codebook().names))
    print(f"| first stages | {' | '.join(FIGURES)} |\n| --- |" + " --- |" * len(FIGURES), flush=True)

    def learn(on: Workbench, tasks: Sequence[Task], rates: Learning) -> None:
        stage = Stage(epochs=1, encoder_rate=rates.encoder_rate, heads_rate=rates.heads_rate)
        run_stage(on.network, tasks, stage, on.alphabet, seed=seed, progress=lambda *_: None)

    def measure(name: str) -> None:
        own = replace(bench, network=copy.deepcopy(bench.network))
        last = recipe.statements
        batches = {"tag_batch": last.tag_batch, "statement_batch": last.statement_batch}
        learn(own, statement_tasks(own, articles, reader=own.classifier(), **batches), last)
        figures = evaluate(gold, found_by(own.classifier(), gold), own.config.positions, resamples=0).figures
        print(f"| {name} | {' | '.join(f'{figures[figure]:.3f}' for figure in FIGURES)} |", flush=True)

    measure("none")
    one, two = recipe.attribution, recipe.judgements
    replay = attribution_tasks(
        bench, given.corpora / "polnear" / "train", batch_size=one.batch_size, share=given.share, seed=seed
    )
    learn(bench, replay, one)
    adopt_tags(bench.network)
    measure("attribution")
    (judging,) = judgement_tasks(bench, given.corpora, batch_size=two.batch_size, seed=seed)
    sentences = random.Random(seed).sample(list(judging.examples), round(given.share * len(judging.examples)))
    again = [replace(task, examples=task.examples[:: round(1 / two.replay)]) for task in replay]
    learn(bench, [replace(judging, examples=sentences), *again], two)
    measure("attribution, judgements")


if __name__ == "__main__":
    main()
