"""What a model folder says of its model."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from typing import Any

FORMAT = 2


@dataclass(frozen=True, kw_only=True)
class ModelConfig:
    """The settings of a model that labelling needs. Sizes are in tokens."""

    format: int = FORMAT
    positions: tuple[str, ...]
    """The positions in the order of the network's outputs, ``none`` not among them."""
    base: str = ""
    """The encoder that training started from."""
    frozen: int = 0
    """So many of its lowest layers were left as they are, and see the words alone."""
    window: int = 384
    """Longest stretch of an article that is read at once."""
    overlap: int = 96
    context: int = 224
    """The stretch of the article in which a statement is read."""
    longest: int = 480
    """The same at most, for long statements."""
    stances: float = 0.0
    """The share of a second network, in the folder ``stances``, in what is read in a statement; 0: there is none."""
    finding: float = 0.0
    """The share of that network in finding statements; 0: the first one finds them alone."""
    valid_threshold: float = 0.5
    """Proposals less likely to be a statement are dropped."""
    thresholds: Mapping[str, float] = field(default_factory=dict)
    """For each position, the probability from which it is taken (if with its target it is also likelier than no stance)."""
    share: float = 0.3
    """Further speakers and targets are named from this probability."""
    temperatures: Mapping[str, float] = field(default_factory=dict)
    """Calibration: what logits are divided by, for ``valid`` and each position."""
    digests: Mapping[str, str] = field(default_factory=dict)
    """SHA-256 of the folder's other files."""
    versions: Mapping[str, str] = field(default_factory=dict)
    """Of the libraries that the model was made with."""

    def __post_init__(self) -> None:
        sizes = {"window": self.window, "context": self.context, "longest": self.longest, "overlap": self.overlap}
        for name, size in sizes.items():
            if type(size) is not int or not (0 if name == "overlap" else 8) <= size <= 510:
                raise ValueError(f"{name}: expected a number of tokens up to 510, found {size!r}")
        if type(self.frozen) is not int or self.frozen < 0:
            raise ValueError(f"frozen: expected a number of layers, found {self.frozen!r}")
        if self.overlap >= self.window:
            raise ValueError(f"overlap {self.overlap} has to be smaller than window {self.window}")
        chances = {name: getattr(self, name) for name in ("valid_threshold", "share", "stances", "finding")}
        for name, chance in {**chances, **self.thresholds}.items():
            if type(chance) not in (int, float) or not 0 <= chance <= 1:
                raise ValueError(f"{name}: expected a probability, found {chance!r}")

    def to_json(self) -> str:
        """The content of ``config.json``."""
        return json.dumps(asdict(self), indent=2, ensure_ascii=False) + "\n"

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> ModelConfig:
        """From ``config.json``; raises `ValueError` for what is missing, unknown or of another type."""
        known = {f.name for f in fields(cls)}
        unknown = sorted(set(data) - known)
        if unknown:
            raise ValueError(f"unknown settings {', '.join(unknown)}")
        positions = data.get("positions")
        if not isinstance(positions, list) or not positions or not all(isinstance(p, str) for p in positions):
            raise ValueError(f"expected a list of names under 'positions', found {positions!r}")
        return cls(**{**data, "positions": tuple(positions)})
