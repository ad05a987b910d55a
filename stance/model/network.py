"""The network, in torch: one encoder, and heads that read articles and statements. For training only."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from stance.model.encoding import CONTENT, CUE, FEATURES, ROLES, SOURCE, TAGS

#: Names and order of the network's outputs, in torch and in ONNX.
OUTPUTS = ("tags", "link_queries", "link_keys", "statement", "speaker", "target")


@dataclass(frozen=True, kw_only=True)
class NetworkConfig:
    """What the heads measure. ``positions`` is the number of positions, ``none`` not counted.

    The ``frozen`` lowest layers of the encoder stay as they are and see the words alone.
    """

    positions: int = 4
    frozen: int = 0
    link_width: int = 64
    dropout: float = 0.1


class Network(nn.Module):
    """An encoder that is used twice, on windows of an article and on a statement marked in its context.

    The features of a token and its role in the statement enter as embeddings added to the word's, or, where layers are
    frozen, to what comes out of these; they start at zero, so that the network starts as the encoder that it was given.
    """

    def __init__(self, encoder: Any, config: NetworkConfig) -> None:
        super().__init__()
        self.encoder = encoder
        self.config = config
        if config.frozen:
            encoder.requires_grad_(False)
            encoder.encoder.layer[config.frozen :].requires_grad_(True)
            for below in (encoder.embeddings, encoder.encoder.layer[: config.frozen]):
                _no_dropout(below)
        width = encoder.config.hidden_size
        self.features = nn.Embedding(FEATURES, width)
        self.roles = nn.Embedding(ROLES, width)
        nn.init.zeros_(self.features.weight)
        nn.init.zeros_(self.roles.weight)
        self.dropout = nn.Dropout(config.dropout)
        self.tags = nn.Linear(width, len(TAGS))
        self.other_tags = nn.Linear(width, len(TAGS))  # the tags of the attribution corpus, whose rules differ
        self.link_queries = nn.Linear(width, 4 * config.link_width)
        self.link_keys = nn.Linear(width, 2 * config.link_width)
        self.gather = nn.Sequential(nn.Linear(4 * width, width), nn.GELU(), nn.Dropout(config.dropout))
        self.statement = nn.Linear(width, 1 + config.positions)
        self.speaker = nn.Linear(width, 2)
        self.target = nn.Linear(width, 2 * config.positions)

    @property
    def device(self) -> torch.device:
        """Where the weights lie."""
        return self.statement.weight.device

    def forward(self, ids: Tensor, mask: Tensor, features: Tensor, roles: Tensor) -> tuple[Tensor, ...]:
        """Reads a batch of windows; where roles are given, also as statements.

        *Shape:* every input (batch, tokens). Outputs, in the order of `OUTPUTS`: tags (batch, tokens, 7);
        link_queries (batch, tokens, 4, link_width), for cue and source, from a content's first and last token;
        link_keys (batch, tokens, 2, link_width); statement (batch, 1 + positions), the logits of "is a statement"
        and of each position; speaker (batch, tokens, 2), start and end; target (batch, tokens, positions, 2).
        """
        hidden = self.encode(ids, mask, features, roles)
        shape = hidden.shape[:2]
        queries = self.link_queries(hidden).view(*shape, 4, self.config.link_width)
        keys = self.link_keys(hidden).view(*shape, 2, self.config.link_width)
        target = self.target(hidden).view(*shape, self.config.positions, 2)
        return self.tags(hidden), queries, keys, self.read(hidden, roles), self.speaker(hidden), target

    def encode(self, ids: Tensor, mask: Tensor, features: Tensor, roles: Tensor) -> Tensor:
        """The last hidden states. *Shape:* (batch, tokens, width)."""
        words = self.encoder.get_input_embeddings()(ids)
        looks = self.features(features) + self.roles(roles)
        if self.config.frozen:
            above = self.encoder.encoder.layer[self.config.frozen]
            entry = above.register_forward_pre_hook(lambda _, given: (given[0] + looks, *given[1:]))
        else:
            words, entry = words + looks, None
        try:
            hidden: Tensor = self.encoder(inputs_embeds=words, attention_mask=mask).last_hidden_state
        finally:
            if entry:
                entry.remove()
        dropped: Tensor = self.dropout(hidden)
        return dropped

    def read(self, hidden: Tensor, roles: Tensor) -> Tensor:
        """Logits of the statement whose words have roles. *Shape:* (batch, 1 + positions)."""
        parts = [hidden[:, 0]]
        for role in (CONTENT, CUE, SOURCE):
            here = (roles == role).unsqueeze(-1).to(hidden.dtype)
            parts.append((hidden * here).sum(1) / here.sum(1).clamp(min=1))
        logits: Tensor = self.statement(self.gather(torch.cat(parts, -1)))
        return logits


def _no_dropout(module: nn.Module) -> None:
    """What does not learn gains nothing from it, and it takes time."""
    for part in module.modules():
        if isinstance(part, nn.Dropout):
            part.p = 0.0
