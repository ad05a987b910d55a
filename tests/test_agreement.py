"""Two readings side by side."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner

from stance.agreement import disagreement_lines, disagreements, paired, settled
from stance.annotations import article_from_dict, write_annotations
from stance.cli import main
from stance.errors import AnnotationError
from stance.records import AnnotatedArticle, Stance


def test_what_differs_is_named(article: AnnotatedArticle) -> None:
    one, two = article.statements
    assert disagreements(article, article) == []
    other = replace(one, cue=None, speaker=("Orvane",), stances=(Stance(position="criticism", target="Nobody"),))
    (found,) = disagreements(article, replace(article, statements=(other, two)))
    assert found.parts == ("cue", "speaker", "stances")
    (missing,) = disagreements(article, replace(article, statements=(two,)))
    assert (missing.parts, missing.first, missing.second) == (("found",), one, None)
    told = list(disagreement_lines(found))
    assert told[0] == "harbour: cue, speaker, stances"
    assert told[-1].strip() == "Orvane: criticism > Nobody"


def test_what_both_say_is_settled_and_the_rest_left_with_both_readings(article: AnnotatedArticle) -> None:
    one, two = article.statements
    other = replace(article, statements=(replace(one, speaker=("Orvane",)), two), actors={"Orvane": ("the port",)})
    record = settled(article, other)
    assert [s["id"] for s in record["statements"]] == [two.id]
    (left,) = record["unsettled"]
    assert (left["parts"], left["first"]["speaker"], left["second"]["speaker"]) == (["speaker"], list(one.speaker), ["Orvane"])
    assert "the port" in record["actors"]["Orvane"]
    assert article_from_dict(record).statements == (two,)


def test_other_texts_are_refused(article: AnnotatedArticle) -> None:
    with pytest.raises(AnnotationError, match="article harbour: the two files hold different texts"):
        paired([article], [replace(article, text=article.text + " ")])
    with pytest.raises(AnnotationError, match="no article in common"):
        paired([article], [replace(article, id="other")])


def test_the_command(article: AnnotatedArticle, tmp_path: Path) -> None:
    one = article.statements[0]
    write_annotations([article], tmp_path / "a.jsonl")
    write_annotations([replace(article, statements=(one,))], tmp_path / "b.jsonl")
    files = [str(tmp_path / name) for name in ("a.jsonl", "b.jsonl", "c.jsonl")]
    done = CliRunner().invoke(main, ["agree", *files[:2], "--settle", files[2]])
    assert done.exit_code == 0
    assert "detection_f1" in done.stdout
    assert "harbour: found" in done.stdout
    assert "1 statements agreed, 1 left to settle" in done.stderr
    assert len(json.loads((tmp_path / "c.jsonl").read_text("utf-8"))["unsettled"]) == 1
