"""Annotations travel without their texts, and come back whole."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner

from stance.annotations import read_annotations, write_annotations
from stance.cli import main
from stance.errors import AnnotationError
from stance.standoff import attached, detached
from tests.conftest import ROOT

AUTHORED = read_annotations(
    [ROOT / "data" / "annotations" / "authored" / "a.jsonl", ROOT / "data" / "annotations" / "seeds.jsonl"]
)


def test_every_annotation_comes_back() -> None:
    for article in AUTHORED:
        back = attached(json.loads(json.dumps(detached(article))), article.text)
        assert (back.text, back.actors, back.statements) == (article.text, article.actors, article.statements)


def test_that_an_article_was_read_in_part_is_kept() -> None:
    part = replace(AUTHORED[0], meta={"partial": True})
    assert attached(detached(part), part.text).partial
    assert not attached(detached(AUTHORED[0]), AUTHORED[0].text).partial


def test_no_word_of_the_text_is_left() -> None:
    names = [name for a in AUTHORED for row in detached(a)["actors"] for name in (row[0], *row[1]) if isinstance(name, str)]
    assert len(names) < 0.25 * sum(len(a.actors) + sum(map(len, a.actors.values())) for a in AUTHORED)
    for article in AUTHORED:
        assert not {"text", "title"} & set(detached(article))
        assert all(name not in article.text for row in detached(article)["actors"] for name in row[:1] if isinstance(name, str))


def test_another_text_is_refused() -> None:
    with pytest.raises(AnnotationError, match="SHA-256 differs"):
        attached(detached(AUTHORED[0]), AUTHORED[0].text + ".")
    with pytest.raises(AnnotationError, match="not written by export"):
        attached({"id": "x"}, "")


def test_the_commands_export_and_import_them(tmp_path: Path) -> None:
    articles = [replace(a, text=a.text) for a in AUTHORED[:3]]
    write_annotations(articles, tmp_path / "a.jsonl")
    (tmp_path / "texts").mkdir()
    for article in articles:
        (tmp_path / "texts" / f"{article.id}.txt").write_text(f"\n{article.text.strip()}\r\n", "utf-8", newline="")
    run = CliRunner().invoke

    out = tmp_path / "s.jsonl"
    assert run(main, ["export", str(tmp_path / "a.jsonl"), "--to", "standoff", "-o", str(out)]).exit_code == 0
    assert all(word not in out.read_text("utf-8") for word in ("said", articles[0].text[:40]))
    back = ["import", str(out), "--from", "standoff", "--texts", str(tmp_path / "texts"), "-o", str(tmp_path / "b.jsonl")]
    done = run(main, back)
    assert done.exit_code == 0, done.output
    assert [a.statements for a in read_annotations([tmp_path / "b.jsonl"])] == [a.statements for a in articles]
    (tmp_path / "texts" / f"{articles[1].id}.txt").unlink()
    done = run(main, [*back, "--force"])
    assert done.exit_code == 1
    assert f"s.jsonl:2: article {articles[1].id}: no text at" in done.stderr
    assert run(main, back[:2] + back[2:4] + back[6:]).exit_code == 2
