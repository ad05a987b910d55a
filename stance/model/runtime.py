"""The network as it runs: arrays in, arrays out, whatever computes them."""

from __future__ import annotations

import os
from collections.abc import Sequence
from concurrent.futures import Executor, ThreadPoolExecutor
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from stance.model.encoding import Ints
from stance.model.folder import unpacked

Floats = NDArray[np.float32]


class Runtime(Protocol):
    """Computes some of the network's outputs (names and shapes: `stance.model.network.Network.forward`)."""

    @property
    def pool(self) -> Executor | None:
        """Where several batches are computed side by side; None: one after the other."""

    def __call__(self, names: Sequence[str], ids: Ints, mask: Ints, features: Ints, roles: Ints) -> list[Floats]:
        """The named outputs of a padded batch, all inputs of shape (batch, tokens)."""


class OnnxRuntime:
    """The network of a packed file in onnxruntime, on the CPU. ``threads`` 0 takes as many as there are cores.

    Each batch has one thread, and several are computed side by side: that is faster than several threads on one batch.
    """

    def __init__(self, path: Path, *, threads: int = 0) -> None:
        import onnxruntime

        options: Any = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        options.log_severity_level = 3
        self._session = onnxruntime.InferenceSession(unpacked(path), options, providers=["CPUExecutionProvider"])
        workers = threads or len(os.sched_getaffinity(0) if hasattr(os, "sched_getaffinity") else range(os.cpu_count() or 1))
        self.pool = ThreadPoolExecutor(workers) if workers > 1 else None

    def __call__(self, names: Sequence[str], ids: Ints, mask: Ints, features: Ints, roles: Ints) -> list[Floats]:
        """See `Runtime`."""
        given = {"ids": ids, "mask": mask, "features": features, "roles": roles}
        outputs: list[Floats] = self._session.run(list(names), given)
        return outputs


def softmax(scores: NDArray[Any]) -> Floats:
    """Probabilities along the last axis."""
    powers = np.exp(scores - scores.max(-1, keepdims=True))
    shares: Floats = powers / powers.sum(-1, keepdims=True)
    return shares


def log_softmax(scores: NDArray[Any]) -> Floats:
    """Logarithms of `softmax`, finite wherever the scores are."""
    high = scores - scores.max(-1, keepdims=True)
    logs: Floats = high - np.log(np.exp(high).sum(-1, keepdims=True))
    return logs


def sigmoid(scores: NDArray[Any]) -> Floats:
    """Probabilities, each by itself."""
    chances: Floats = 1 / (1 + np.exp(-scores))
    return chances
