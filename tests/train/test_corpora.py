"""Readers of public corpora, on invented samples in their layouts."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

pytest.importorskip("torch")

from stance.model.encoding import TAGS, Alphabet
from stance.train.corpora import read_polnear
from stance.train.examples import IGNORE, tag_examples
from stance.train.judgements import judgement_examples, read_dse2qa, read_newsmtsc
from tests.tiny import tokenizer

TEXT = 'The mayor said\r\nthe bridge "is safe" and, she added, open.'


def span(words: str) -> str:
    start = TEXT.index(words)
    return f"{start} {start + len(words)}"


@pytest.fixture
def polnear(tmp_path: Path) -> Path:
    for name in ("text", "attributions"):
        (tmp_path / name).mkdir()
    (tmp_path / "text" / "town.txt").write_bytes(TEXT.encode())
    inner = "the bridge"
    lines = [
        f"T1\tSource {span('The mayor')}\tThe mayor",
        f"T2\tCue {span('said')}\tsaid",
        f"T3\tContent {span(inner)};{span('and, she')}\tthe bridge and, she",
        f"T4\tAttribution {span('said')}\tsaid",
        "E1\tAttribution:T4 Content:T3 Cue:T2 Source:T1",
        f"T5\tCue {span('added')}\tadded",
        "E2\tAttribution:T5 Cue:T5",
    ]
    (tmp_path / "attributions" / "town_4e07.ann").write_bytes("\n".join(lines).encode())
    (tmp_path / "attributions" / "town_ef2d.ann").write_bytes(b"")
    return tmp_path


def test_polnear_is_read_by_code_points_with_its_line_ends(polnear: Path) -> None:
    (article,) = read_polnear(polnear)
    (statement,) = article.statements  # the one without content is left out
    assert [article.text[a:b] for a, b in statement.content] == ["the bridge", "and, she"]
    assert statement.cue is not None
    assert statement.source is not None
    assert (article.text[slice(*statement.cue)], article.text[slice(*statement.source)]) == ("said", "The mayor")
    with pytest.raises(FileNotFoundError, match="attributions"):
        list(read_polnear(polnear / "text"))


def test_tags_and_links_follow_the_spans(polnear: Path) -> None:
    tok = tokenizer()
    (example,) = tag_examples(read_polnear(polnear), tok, Alphabet.of(tok), size=200, overlap=10)
    assert {TAGS[tag] for tag in example.tags} >= {"O", "B-content", "I-content", "B-cue", "B-source", "I-source"}
    for first, last, cue, source in example.links:
        assert TAGS[example.tags[first - 1]] == "B-content"
        assert TAGS[example.tags[cue - 1]] == "B-cue"
        assert TAGS[example.tags[source - 1]] == "B-source"
        assert first <= last
    small = list(tag_examples(read_polnear(polnear), tok, Alphabet.of(tok), size=20, overlap=4))
    assert len(small) > 1
    assert any((e.links == IGNORE).any() for e in small)


def test_judgements_are_read_in_both_directions(tmp_path: Path) -> None:
    (tmp_path / "d.txt").write_text("[Anna] blamed [the town].\tAnna\tthe town\t3\n", "utf-8")
    rows = list(read_dse2qa(tmp_path / "d.txt"))
    assert [(s[slice(*h)] if h else None, s[slice(*t)], sign) for s, h, t, sign in rows] == [
        ("Anna", "the town", -1),
        ("the town", "Anna", 0),
    ]
    line = {"sentence_normalized": "The town won.", "targets": [{"from": 4, "to": 8, "mention": "town", "polarity": 6.0}]}
    (tmp_path / "n.jsonl").write_text(json.dumps(line), "utf-8")
    rows += list(read_newsmtsc(tmp_path / "n.jsonl"))
    assert rows[-1] == ("The town won.", None, (4, 8), 1)
    tok = tokenizer()
    positions = ("deescalation", "support_regime", "support_opposition", "criticism")
    examples = list(judgement_examples(iter(rows), positions, tok, Alphabet.of(tok)))
    assert examples[0].judgements == (((3,), True), ((1, 2), False))
    assert examples[2].judgements == (((3,), False), ((1, 2), True))
    first, last = examples[2].target
    assert examples[2].tokens.starts[first - 1] == 4
    assert examples[2].tokens.ends[last - 1] == 8


def test_the_first_stages_run_and_are_taken_up_again(polnear: Path, tmp_path: Path) -> None:
    from dataclasses import replace

    from stance.train.recipe import Attribution, Judgements, Recipe
    from stance.train.training import train
    from tests import tiny

    base = tiny.base(tmp_path / "base")
    corpora = tmp_path / "corpora"
    (corpora / "dse2qa").mkdir(parents=True)
    (corpora / "newsmtsc").mkdir()
    (corpora / "dse2qa" / "train.txt").write_text("[Anna] blamed [the town].\tAnna\tthe town\t3\n" * 3, "utf-8")
    (corpora / "newsmtsc" / "train.jsonl").write_text("", "utf-8")
    recipe = Recipe(
        attribution=Attribution(corpus=str(polnear), epochs=1), judgements=Judgements(corpora=str(corpora)), threads=1
    )
    said: list[str] = []
    train([], tmp_path / "one", recipe, base=str(base), work=tmp_path / "work", say=said.append)
    assert any("judgements" in line for line in said)
    said.clear()
    train([], tmp_path / "two", recipe, base=str(base), work=tmp_path / "work", say=said.append)
    assert any("taken up" in line for line in said)
    same = [(tmp_path / name / "model.onnx.gz").read_bytes() for name in ("one", "two")]
    assert same[0] == same[1]
    train([], tmp_path / "three", replace(recipe, seed=5), base=str(base), work=tmp_path / "work", say=said.append)
    assert len(list((tmp_path / "work").iterdir())) == 2
