"""The training loop: tasks with a loss each, their batches shuffled together, one optimiser."""

from __future__ import annotations

import math
import random
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from stance.model.encoding import Alphabet, Ints, collate
from stance.model.network import OUTPUTS, Network
from stance.model.runtime import Floats
from stance.train.examples import IGNORE, TagExample
from stance.train.judgements import JudgementExample
from stance.train.statements import Pointers, StatementExample

#: Told after every batch: batches done, batches in all, the mean loss of late, seconds since the start.
Progress = Callable[[int, int, float, float], None]


@dataclass(frozen=True)
class Task:
    """Examples, and the loss of a batch of them; ``weight`` scales the loss."""

    name: str
    examples: Sequence[Any]
    loss: Callable[[Network, Sequence[Any], Alphabet], Tensor]
    batch_size: int
    weight: float = 1.0


@dataclass(frozen=True, kw_only=True)
class Stage:
    """How long and how fast the tasks of a stage are learnt. Learning rates warm up over a tenth, then fall to zero."""

    epochs: int
    encoder_rate: float = 2e-4
    heads_rate: float = 1e-3
    weight_decay: float = 0.01


def run_stage(
    network: Network,
    tasks: Sequence[Task],
    stage: Stage,
    alphabet: Alphabet,
    *,
    seed: int,
    progress: Progress,
    enough: Callable[[int], bool] = lambda _: False,
) -> bool:
    """Trains ``network`` in place, in bf16 autocast; word embeddings stay as they are.

    ``enough`` is told the number of every epoch that is done, from 1, and ends the stage early where it says so. Ctrl-C
    ends the stage as well, and False is returned.
    """
    rng = random.Random(seed)
    torch.manual_seed(seed)
    network.encoder.get_input_embeddings().weight.requires_grad_(False)
    groups: dict[bool, list[Tensor]] = {True: [], False: []}
    for name, parameter in network.named_parameters():
        if parameter.requires_grad:
            groups[name.startswith("encoder.")].append(parameter)
    optimizer = torch.optim.AdamW(
        [{"params": groups[True], "lr": stage.encoder_rate}, {"params": groups[False], "lr": stage.heads_rate}],
        weight_decay=stage.weight_decay,
        fused=True,
    )
    total = stage.epochs * sum(math.ceil(len(t.examples) / t.batch_size) for t in tasks)
    if not total:
        return True
    schedule = torch.optim.lr_scheduler.LambdaLR(
        optimizer, lambda step: min((step + 1) / (0.1 * total), max(0.01, (total - step) / (0.9 * total)))
    )
    started, done, mean = time.monotonic(), 0, 0.0
    try:
        for epoch in range(1, stage.epochs + 1):
            network.train()
            for task, batch in _epoch(tasks, rng):
                with torch.autocast(network.device.type, dtype=torch.bfloat16):
                    loss = task.weight * task.loss(network, batch, alphabet)
                torch.autograd.backward(loss)
                torch.nn.utils.clip_grad_norm_([*groups[True], *groups[False]], 1.0)
                optimizer.step()
                schedule.step()
                optimizer.zero_grad(set_to_none=True)
                done += 1
                mean += (loss.item() - mean) / min(done, 50)
                progress(done, total, mean, time.monotonic() - started)
            network.eval()
            if enough(epoch):
                break
    except KeyboardInterrupt:
        return False
    finally:
        network.eval()
    return True


def _epoch(tasks: Sequence[Task], rng: random.Random) -> list[tuple[Task, list[Any]]]:
    """The batches of one epoch in random order; a batch holds examples of like length."""
    batches: list[tuple[Task, list[Any]]] = []
    for task in tasks:
        order = rng.sample(range(len(task.examples)), len(task.examples))
        order.sort(key=lambda i: len(task.examples[i].tokens) // 24)
        for start in range(0, len(order), task.batch_size):
            batches.append((task, [task.examples[i] for i in order[start : start + task.batch_size]]))
    rng.shuffle(batches)
    return batches


def tag_loss(network: Network, batch: Sequence[TagExample], alphabet: Alphabet, *, other: bool = False) -> Tensor:
    """Cross-entropy of the tags (of the attribution corpus where ``other``), and of the links."""
    ids, mask, features, roles = tensors(
        collate([(e.tokens, np.zeros(len(e.tokens), dtype=np.int64)) for e in batch], alphabet), network.device
    )
    wanted = torch.full(ids.shape, IGNORE, device=ids.device)
    for row, example in enumerate(batch):
        wanted[row, 1 : len(example.tokens) + 1] = torch.from_numpy(example.tags)
    hidden = network.encode(ids, mask, features, roles)
    head = network.other_tags if other else network.tags
    loss = functional.cross_entropy(head(hidden).float().flatten(0, 1), wanted.flatten(), ignore_index=IGNORE)
    counts = np.concatenate([np.full(len(e.links), row, dtype=np.int64) for row, e in enumerate(batch)])
    if len(counts):
        rows, links = tensors([counts, np.concatenate([e.links for e in batch])], network.device)
        width = network.config.link_width
        queries = network.link_queries(hidden).view(*ids.shape, 4, width)
        keys = network.link_keys(hidden).view(*ids.shape, 2, width)
        for which in range(2):
            if not (links[:, 2 + which] >= 0).any():
                continue
            query = queries[rows, links[:, 0], 2 * which] + queries[rows, links[:, 1], 2 * which + 1]
            scores = torch.einsum("nw,ntw->nt", query, keys[rows, :, which]).float()
            scores = scores.masked_fill(mask[rows] == 0, -1e4)
            loss = loss + 0.3 * functional.cross_entropy(scores, links[:, 2 + which], ignore_index=IGNORE)
    return loss


def positions_loss(logits: Tensor, batch: Sequence[StatementExample]) -> Tensor:
    """Binary cross-entropy of each position, summed. *Shape:* logits (batch, positions); the positions of all are known."""
    return functional.binary_cross_entropy_with_logits(logits, positions_taken(batch, logits), reduction="sum")


def positions_taken(batch: Sequence[StatementExample], like: Tensor) -> Tensor:
    """1 for each position that an example takes, else 0. *Shape:* that of ``like``, (batch, positions)."""
    wanted = torch.zeros_like(like)
    for row, example in enumerate(batch):
        for position in example.positions or ():
            wanted[row, position] = 1.0
    return wanted


def statement_loss(
    network: Network,
    batch: Sequence[StatementExample],
    alphabet: Alphabet,
    *,
    of_positions: Callable[[Tensor, Sequence[StatementExample]], Tensor] = positions_loss,
) -> Tensor:
    """Binary cross-entropy of "is a statement", the loss of positions, and that of the places of speakers and targets."""
    ids, mask, features, roles = tensors(collate([(e.tokens, e.roles) for e in batch], alphabet), network.device)
    hidden = network.encode(ids, mask, features, roles)
    logits = network.read(hidden, roles).float()
    valid = torch.tensor([float(e.valid) for e in batch], device=ids.device)
    loss = functional.binary_cross_entropy_with_logits(logits[:, 0], valid)
    known = [row for row, e in enumerate(batch) if e.positions is not None]
    if known:
        loss = loss + of_positions(logits[known, 1:], [batch[row] for row in known]) / len(known)
    speaker = _place_logs(network.speaker(hidden), mask)
    target = _target_logs(network, hidden, mask)
    for places in (
        [_pointer_loss(speaker[row], e.speakers) for row, e in enumerate(batch) if e.speakers],
        [_pointer_loss(target[row, :, p], (where,)) for row, e in enumerate(batch) for p, where in e.targets],
    ):
        if places:
            loss = loss + 0.5 * torch.stack(places).mean()
    return loss


def _place_logs(logits: Tensor, mask: Tensor) -> Tensor:
    """Log probabilities over the tokens that are there. *Shape:* (batch, tokens, any) as given."""
    return logits.float().masked_fill((mask == 0).unsqueeze(-1), -1e4).log_softmax(1)


def _target_logs(network: Network, hidden: Tensor, mask: Tensor) -> Tensor:
    """Where each position aims. *Shape:* (batch, tokens, positions, 2), start and end."""
    return _place_logs(network.target(hidden), mask).view(*mask.shape, network.config.positions, 2)


def _pointer_loss(logs: Tensor, actors: Sequence[Pointers]) -> Tensor:
    """How little of the probability lies on the places of each actor. *Shape:* logs (tokens, 2), start and end."""
    losses = []
    for places in actors:
        starts = torch.tensor(sorted({a for a, _ in places}))
        ends = torch.tensor(sorted({b for _, b in places}))
        losses.append(-logs[starts, 0].logsumexp(0) - logs[ends, 1].logsumexp(0))
    return torch.stack(losses).mean()


def judgement_loss(network: Network, batch: Sequence[JudgementExample], alphabet: Alphabet) -> Tensor:
    """Binary cross-entropy of "speaks ill of" and "speaks well of" toward one actor.

    The probability of a judgement is that of the position times that of its target; support of either side counts as well.
    """
    ids, mask, features, roles = tensors(collate([(e.tokens, e.roles) for e in batch], alphabet), network.device)
    hidden = network.encode(ids, mask, features, roles)
    chances = network.read(hidden, roles).float()[:, 1:].sigmoid()
    target = _target_logs(network, hidden, mask)
    losses = []
    for row, example in enumerate(batch):
        first, last = example.target
        toward = (0.5 * (target[row, first, :, 0] + target[row, last, :, 1])).exp()
        joint = (chances[row] * toward).clamp(1e-5, 1 - 1e-5)
        for positions, truth in example.judgements:
            chance = joint[list(positions)].sum().clamp(max=1 - 1e-5)
            losses.append(-(chance if truth else 1 - chance).log())
    return torch.stack(losses).mean()


def tensors(arrays: Sequence[Ints], device: torch.device | str = "cpu") -> list[Tensor]:
    """The arrays as tensors on a device."""
    return [torch.from_numpy(array).to(device) for array in arrays]


class TorchRuntime:
    """The network as a `stance.model.runtime.Runtime`, for measuring what is being trained."""

    def __init__(self, network: Network) -> None:
        self._network = network
        self.pool = None

    def __call__(self, names: Sequence[str], ids: Ints, mask: Ints, features: Ints, roles: Ints) -> list[Floats]:
        """The named outputs, in float32."""
        device = self._network.device
        with torch.no_grad(), torch.autocast(device.type, dtype=torch.bfloat16):
            outputs = dict(zip(OUTPUTS, self._network(*tensors((ids, mask, features, roles), device)), strict=True))
        return [outputs[name].float().cpu().numpy() for name in names]
