"""Sentences in which one actor judges another: what the network learns the direction of judgement from."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from tokenizers import Tokenizer

from stance.model.encoding import CONTENT, SOURCE, Alphabet, Ints, Tokens, tokenize
from stance.records import Span

#: The positions that speak ill and well of their target.
ILL = ("criticism",)
WELL = ("support_regime", "support_opposition")


@dataclass(frozen=True)
class JudgementExample:
    """A sentence read as a statement, one actor in it, and whether it speaks ill and well of that actor.

    ``target`` holds the actor's first and last token, the model's first token counted; ``judgements`` pairs groups of
    positions (indices) with whether one of them is taken toward the actor.
    """

    tokens: Tokens
    roles: Ints
    target: tuple[int, int]
    judgements: tuple[tuple[tuple[int, ...], bool], ...]


def judgement_examples(
    rows: Iterator[tuple[str, Span | None, Span, int]],
    positions: Sequence[str],
    tokenizer: Tokenizer,
    alphabet: Alphabet,
    *,
    longest: int = 160,
) -> Iterator[JudgementExample]:
    """Examples from rows of (sentence, span of who judges or None, span of who is judged, -1 ill, 0 neither, 1 well)."""
    ill = tuple(positions.index(p) for p in ILL if p in positions)
    well = tuple(positions.index(p) for p in WELL if p in positions)
    for sentence, holder, target, sign in rows:
        tokens = tokenize(sentence, tokenizer, alphabet)
        first, last = tokens.at(target)
        if len(tokens) > longest or first >= last:
            continue
        roles = np.full(len(tokens), CONTENT, dtype=np.int64)
        if holder:
            roles[slice(*tokens.at(holder))] = SOURCE
        judgements = tuple((group, truth) for group, truth in ((ill, sign < 0), (well, sign > 0)) if group)
        yield JudgementExample(tokens, roles, (first + 1, last), judgements)


def read_dse2qa(path: Path) -> Iterator[tuple[str, Span | None, Span, int]]:
    """Directed sentiment between two entities (Park, Pan, Joo 2021); each sentence is read in both directions."""
    signs = {0: (0, 0), 1: (1, 0), 2: (0, 1), 3: (-1, 0), 4: (0, -1)}
    for line in path.read_text("utf-8").splitlines():
        marked, _, _, label = line.rsplit("\t", 3)
        spans: list[Span] = []
        sentence = ""
        for part in re.split(r"(\[[^\[\]]*\])", marked):
            if part.startswith("[") and part.endswith("]"):
                spans.append((len(sentence), len(sentence) + len(part) - 2))
                part = part[1:-1]
            sentence += part
        if len(spans) != 2:
            continue
        there, back = signs[int(label)]
        yield sentence, spans[0], spans[1], there
        yield sentence, spans[1], spans[0], back


def read_newsmtsc(path: Path) -> Iterator[tuple[str, Span | None, Span, int]]:
    """Polarity toward a target in news sentences, nobody named who judges (NewsMTSC, Hamborg and Donnay 2021)."""
    for line in path.read_text("utf-8").splitlines():
        row = json.loads(line)
        for target in row["targets"]:
            sign = int(np.sign(target["polarity"] - 4))
            yield row["sentence_normalized"], None, (target["from"], target["to"]), sign
