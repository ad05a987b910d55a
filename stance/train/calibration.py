"""Probabilities that mean something: temperatures fitted on articles that training did not see.

One temperature for "is a statement" and one for all positions divide the logits (Guo et al., ICML 2017). Statements, and each
position, have a threshold between 0.3 and 0.7: the one nearest to 0.5 of those whose F1 on the same articles is the best, or
cannot be told from it by so few cases. The reliability table compares the probabilities with how often they were right, on
other articles.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from sklearn.calibration import calibration_curve
from sklearn.metrics import f1_score, log_loss

from stance.classifier import Classifier
from stance.evaluate import matched
from stance.model.config import ModelConfig
from stance.model.runtime import sigmoid
from stance.records import AnnotatedArticle
from stance.report import annotated

_TEMPERATURES = np.geomspace(0.4, 4.0, 47)
_FEWEST = 50
_THRESHOLDS = np.round(np.arange(0.3, 0.701, 0.05), 2)
_FEWEST_TAKEN = 20
#: Over the root of how many cases are right: F1 that thresholds may differ by without being better or worse.
_SLACK = 0.1

#: For each kind of probability and each fifth of the scale: mean probability, share that was right, number of cases.
Reliability = dict[str, list[tuple[float, float, int]]]


@dataclass(frozen=True)
class Judged:
    """Probabilities of the uncalibrated model, and whether each was right. *Shape of both:* (cases,)."""

    chances: np.ndarray
    right: np.ndarray

    def at(self, temperature: float) -> np.ndarray:
        """The probabilities at another temperature."""
        clipped = np.clip(self.chances, 1e-6, 1 - 1e-6)
        return sigmoid(np.log(clipped / (1 - clipped)) / temperature)


def judged(classifier: Classifier, articles: Sequence[AnnotatedArticle]) -> dict[str, Judged]:
    """What a classifier without threshold says of its own proposals.

    Under ``valid`` whether it is a statement; of those that are one, under each position's name whether it is taken, and under
    ``positions`` all of these together.
    """
    cases: dict[str, list[tuple[float, bool]]] = {name: [] for name in ("valid", "positions", *classifier.config.positions)}
    for article in articles:
        found = classifier.classify(article.text)
        notes = annotated(found)
        gold = {note.id: truth for truth, note in matched(article.statements, notes)}
        for statement, note in zip(found, notes, strict=True):
            truth = gold.get(note.id)
            cases["valid"].append((statement.confidence, truth is not None))
            if truth is not None:
                taken = {s.position for s in truth.stances}
                for name in classifier.config.positions:
                    cases[name].append((statement.scores[name], name in taken))
                    cases["positions"].append(cases[name][-1])
    return {
        name: Judged(np.array([c for c, _ in rows]), np.array([r for _, r in rows], dtype=bool)) for name, rows in cases.items()
    }


def calibrated(config: ModelConfig, cases: Mapping[str, Judged]) -> ModelConfig:
    """The configuration with the temperatures and thresholds that fit the cases best.

    A temperature stays where there are fewer than 50 cases, a threshold where fewer than 20 of them are right.
    """
    temperatures = dict(config.temperatures)
    for name in ("valid", "positions"):
        told = cases.get(name)
        if told is None or len(told.right) < _FEWEST or told.right.all() or not told.right.any():
            continue
        losses = [log_loss(told.right, told.at(t), labels=[False, True]) for t in _TEMPERATURES]
        warmth = round(float(_TEMPERATURES[int(np.argmin(losses))]), 3)
        temperatures.update(dict.fromkeys([name] if name == "valid" else config.positions, warmth))
    chosen = {"valid": config.valid_threshold, **config.thresholds}
    for name in ("valid", *config.positions):
        told = cases.get(name)
        if told is not None and told.right.sum() >= _FEWEST_TAKEN:
            chances = told.at(temperatures.get(name, 1.0))
            scores = [f1_score(told.right, chances >= t, zero_division=0.0) for t in _THRESHOLDS]
            enough = max(scores) - _SLACK / np.sqrt(told.right.sum())
            chosen[name] = float(
                min((t for t, score in zip(_THRESHOLDS, scores, strict=True) if score >= enough), key=_from_half)
            )
    return replace(config, temperatures=temperatures, valid_threshold=chosen.pop("valid"), thresholds=chosen)


def _from_half(threshold: float) -> float:
    return abs(threshold - 0.5)


def reliability(config: ModelConfig, cases: Mapping[str, Judged]) -> Reliability:
    """How often the probabilities were right, after calibration."""
    table: Reliability = {}
    for name in ("valid", "positions"):
        told = cases.get(name)
        if told is None or len(told.right) < _FEWEST:
            continue
        key = "valid" if name == "valid" else config.positions[0]
        chances = told.at(config.temperatures.get(key, 1.0))
        right, mean = calibration_curve(told.right, chances, n_bins=5)
        counts = np.bincount(np.searchsorted(np.linspace(0, 1, 6)[1:-1], chances), minlength=5)  # sklearn's bins
        full = [int(n) for n in counts if n]
        table[name] = [(float(m), float(r), n) for m, r, n in zip(mean, right, full, strict=True)]
    return table


def calibration_error(rows: Sequence[tuple[float, float, int]]) -> float:
    """The expected calibration error: how far probability and share right lie apart, over all cases."""
    total = sum(number for _, _, number in rows)
    return sum(abs(mean - right) * number for mean, right, number in rows) / total if total else 0.0
