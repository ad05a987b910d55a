"""What the tests build: a tiny model, made offline, and annotated articles."""

from __future__ import annotations

from pathlib import Path

import pytest

from stance.records import AnnotatedArticle, AnnotatedStatement, Stance

ROOT = Path(__file__).parent.parent

TEXT = (
    'SALIN, April 2 (NPA) - Minister Ilse Marrin urged Orvane to lift the blockade, calling it "a crime".\n\n'
    '"It has gone on too long," she said. "Nobody will win this."\n\n'
    "The harbour was quiet on Tuesday."
)


def span(text: str, words: str) -> tuple[int, int]:
    start = text.index(words)
    return start, start + len(words)


@pytest.fixture
def article() -> AnnotatedArticle:
    return AnnotatedArticle(
        id="harbour",
        text=TEXT,
        actors={"Ilse Marrin": ("Marrin",), "Orvane": ()},
        statements=(
            AnnotatedStatement(
                id="s1",
                content=(span(TEXT, "Orvane to lift the blockade"),),
                cue=span(TEXT, "urged"),
                source=span(TEXT, "Minister Ilse Marrin"),
                speaker=("Ilse Marrin",),
                stances=(
                    Stance(position="deescalation", target="Orvane"),
                    Stance(position="criticism", target="Orvane"),
                ),
            ),
            AnnotatedStatement(
                id="s2",
                content=(span(TEXT, '"It has gone on too long,"'), span(TEXT, '"Nobody will win this."')),
                cue=span(TEXT, "said"),
                source=span(TEXT, "she"),
                speaker=("Ilse Marrin",),
            ),
        ),
    )
