"""The stages of training: which examples, which losses."""

from __future__ import annotations

import random
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import torch
from tokenizers import Tokenizer

from stance.classifier import Classifier
from stance.errors import ModelError
from stance.evaluate import overlap
from stance.model.config import ModelConfig
from stance.model.decoding import Proposal
from stance.model.encoding import Alphabet, tokenize
from stance.model.network import Network, NetworkConfig
from stance.records import AnnotatedArticle, AnnotatedStatement
from stance.train.corpora import read_polnear
from stance.train.examples import tag_examples
from stance.train.judgements import judgement_examples, read_dse2qa, read_newsmtsc
from stance.train.loop import Task, TorchRuntime, judgement_loss, statement_loss, tag_loss
from stance.train.statements import StatementExample, statement_examples

#: Of an article's proposals, so many that are none are learnt from, even where it has fewer statements.
_FEWEST_WRONG = 8


@dataclass(frozen=True)
class Workbench:
    """What all stages work on."""

    network: Network
    tokenizer: Tokenizer
    alphabet: Alphabet
    config: ModelConfig
    learnt: tuple[str, ...] = ()
    """The positions that the network knew before; none of a bare encoder."""
    stances: Workbench | None = None
    """Of the second network, which reads positions and targets."""

    @property
    def again(self) -> bool:
        """Whether the network answered the same question before."""
        return set(self.learnt) == set(self.config.positions)

    def classifier(self) -> Classifier:
        """The network as it stands, as a classifier."""
        self.network.eval()
        second = self.stances.classifier() if self.stances else None
        return Classifier(TorchRuntime(self.network), self.tokenizer, self.config, second)


def start(base: str, config: ModelConfig) -> Workbench:
    """A network on a base encoder: a local folder in the layout of transformers, or a hub id.

    Raises `ModelError` where there is none or it has no ``tokenizer.json``.
    """
    from transformers import AutoModel, AutoTokenizer

    try:
        encoder: Any = AutoModel.from_pretrained(base, attention_probs_dropout_prob=0.0)
        fast: Any = AutoTokenizer.from_pretrained(base, use_fast=True)
    except (OSError, ValueError) as fault:
        raise ModelError(f"{base}: no base model there: {str(fault).splitlines()[0]}") from fault
    tokenizer = Tokenizer.from_str(fast.backend_tokenizer.to_str())
    tokenizer.no_truncation()
    tokenizer.no_padding()
    layers = len(getattr(getattr(encoder, "encoder", None), "layer", ()))
    if config.frozen and config.frozen >= layers:
        raise ModelError(f"{base}: {config.frozen} of {layers} layers cannot be frozen; at least one has to learn")
    network = Network(encoder.float(), NetworkConfig(positions=len(config.positions), frozen=config.frozen))
    return Workbench(network, tokenizer, Alphabet.of(tokenizer), config)


def bench_of(network: Network, tokenizer: Tokenizer, config: ModelConfig, positions: Sequence[str]) -> Workbench:
    """A network that was trained before on ``positions``; what it knows of other positions in ``config`` starts anew."""
    if tuple(positions) != config.positions:
        fresh = Network(network.encoder, replace(network.config, positions=len(config.positions)))
        kept = {k: v for k, v in network.state_dict().items() if not k.startswith(("statement.", "target."))}
        fresh.load_state_dict(kept, strict=False)
        known = [(n, positions.index(name)) for n, name in enumerate(config.positions) if name in positions]
        with torch.no_grad():
            for new, old in [(0, 0), *((1 + n, 1 + o) for n, o in known)]:
                fresh.statement.weight[new] = network.statement.weight[old]
                fresh.statement.bias[new] = network.statement.bias[old]
            for new, old in known:
                fresh.target.weight[2 * new : 2 * new + 2] = network.target.weight[2 * old : 2 * old + 2]
                fresh.target.bias[2 * new : 2 * new + 2] = network.target.bias[2 * old : 2 * old + 2]
        network = fresh
    return Workbench(network, tokenizer, Alphabet.of(tokenizer), config, tuple(positions))


def attribution_tasks(bench: Workbench, folder: Path, *, batch_size: int, share: float = 1.0, seed: int = 0) -> list[Task]:
    """Tags and links of an attribution corpus (a random ``share`` of its windows), on the corpus's own tags."""
    config = bench.config
    examples = list(
        tag_examples(read_polnear(folder), bench.tokenizer, bench.alphabet, size=config.window, overlap=config.overlap)
    )
    chosen = random.Random(seed).sample(examples, round(share * len(examples)))
    return [Task("attribution", chosen, lambda n, b, a: tag_loss(n, b, a, other=True), batch_size)]


def adopt_tags(network: Network) -> None:
    """Starts the tags of the codebook from those of the attribution corpus."""
    network.tags.load_state_dict(network.other_tags.state_dict())


def judgement_tasks(bench: Workbench, folder: Path, *, batch_size: int, seed: int) -> list[Task]:
    """Who speaks well or ill of whom, from dse2qa and NewsMTSC below ``folder``; as many sentences without as with."""
    rows = [*read_dse2qa(folder / "dse2qa" / "train.txt"), *read_newsmtsc(folder / "newsmtsc" / "train.jsonl")]
    examples = list(judgement_examples(iter(rows), bench.config.positions, bench.tokenizer, bench.alphabet))
    judging = [e for e in examples if any(truth for _, truth in e.judgements)]
    others = [e for e in examples if not any(truth for _, truth in e.judgements)]
    chosen = judging + random.Random(seed).sample(others, min(len(others), len(judging)))
    return [Task("judgements", chosen, judgement_loss, batch_size)]


def statement_tasks(
    bench: Workbench,
    articles: Sequence[AnnotatedArticle],
    *,
    tag_batch: int,
    statement_batch: int,
    reader: Classifier,
    unknown: Collection[str] = (),
) -> list[Task]:
    """Tags of the articles, and their statements read in context; an article that is given twice counts twice.

    Beside the statements as annotated, the network learns from those that ``reader`` proposes: with the spans that
    it finds, and as no statements where there is none; of articles that were read in part, only from those
    annotated. The stances of the articles with an ``unknown`` id are not learnt.
    """
    statements = _statement_examples(bench, articles, reader, unknown)
    return [_tags_task(bench, articles, tag_batch), Task("statements", statements, statement_loss, statement_batch)]


def stances_tasks(
    bench: Workbench,
    articles: Sequence[AnnotatedArticle],
    *,
    tag_batch: int,
    batch_size: int,
    reader: Classifier,
    unknown: Collection[str] = (),
    part: float = 1.0,
    seed: int = 0,
) -> list[Task]:
    """What the second network learns from: a random ``part`` of statements read in context, as in `statement_tasks`.

    Where it has a share in finding them, its tasks are the same; else it learns no tags, and nothing from what is none.
    """
    assert bench.stances
    known = [a for a in articles if a.id not in unknown]
    examples = [e for e in _statement_examples(bench.stances, known, reader, ()) if e.valid or bench.config.finding]
    if part < 1:
        examples = random.Random(seed).sample(examples, round(part * len(examples)))
    statements = Task("statements", examples, statement_loss, batch_size)
    return [_tags_task(bench.stances, known, tag_batch), statements] if bench.config.finding else [statements]


def _tags_task(bench: Workbench, articles: Sequence[AnnotatedArticle], batch_size: int) -> Task:
    """Tags and links of the articles that were read whole."""
    whole = [a for a in articles if not a.partial]
    config = bench.config
    tags = list(tag_examples(whole, bench.tokenizer, bench.alphabet, size=config.window, overlap=config.overlap))
    return Task("tags", tags, tag_loss, batch_size)


def _statement_examples(
    bench: Workbench, articles: Sequence[AnnotatedArticle], reader: Classifier, unknown: Collection[str]
) -> list[StatementExample]:
    config = bench.config
    examples: dict[str, list[StatementExample]] = {}
    for article in articles:
        if article.id in examples:
            continue
        tokens = tokenize(article.text, bench.tokenizer, bench.alphabet)
        found = [(s, True) for s in article.statements]
        if not article.partial:
            found.extend(_compared(article.statements, reader.proposals(article.text)))
        examples[article.id] = list(
            statement_examples(
                article, tokens, found, config.positions, size=config.context, longest=config.longest,
                stances=article.id not in unknown,
            )
        )  # fmt: skip
    return [example for article in articles for example in examples[article.id]]


def _compared(gold: Sequence[AnnotatedStatement], proposals: Sequence[Proposal]) -> Iterator[tuple[AnnotatedStatement, bool]]:
    """The proposals, with the labels of the statement that they overlap by half or more, else as no statement.

    Of those that are none, which an untrained network proposes all over an article, no more than there are statements, or 8.
    """
    wrong: list[AnnotatedStatement] = []
    for proposal in proposals:
        here = AnnotatedStatement(id="", content=proposal.content, cue=proposal.cue, source=proposal.source)
        best = max(gold, key=lambda s: overlap(s.content, here.content), default=None)
        share = overlap(best.content, here.content) if best else 0.0
        if best is None or share < 0.2:
            wrong.append(here)
        elif share >= 0.5 and (here.content, here.cue, here.source) != (best.content, best.cue, best.source):
            yield replace(here, speaker=best.speaker, stances=best.stances), True
    for here in wrong[:: max(1, -(-len(wrong) // max(_FEWEST_WRONG, len(gold))))]:
        yield here, False
