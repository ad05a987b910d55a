from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from stance.annotations import (
    article_from_dict,
    article_to_dict,
    check_annotations,
    read_annotations,
    write_annotations,
)
from stance.codebook import read_codebook
from stance.errors import AnnotationError
from stance.markup import MarkupError, parse
from stance.records import AnnotatedArticle
from tests.conftest import ROOT, TEXT


def test_an_article_survives_writing_and_reading(article: AnnotatedArticle, tmp_path: Path) -> None:
    write_annotations([article], tmp_path / "a.jsonl")
    assert read_annotations([tmp_path]) == [article]


def test_the_annotations_of_the_project_are_clean() -> None:
    faults, articles, statements = check_annotations([ROOT / "data" / "annotations"], read_codebook())
    assert [str(f) for f in faults] == []
    assert articles >= 45
    assert statements >= 500


def faults_of(tmp_path: Path, article: AnnotatedArticle, change: Any) -> list[str]:
    data = article_to_dict(article)
    change(data)
    (tmp_path / "a.jsonl").write_text(json.dumps(data) + "\n", "utf-8")
    found, _, _ = check_annotations([tmp_path], read_codebook())
    return [str(f) for f in found]


def first(data: dict[str, Any]) -> dict[str, Any]:
    statement: dict[str, Any] = data["statements"][0]
    return statement


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda d: first(d).update(content=[[5, 5]]), "is empty or not inside"),
        (lambda d: first(d).update(content=[[0, 99999]]), "is empty or not inside"),
        (lambda d: first(d).update(content=[[0, 10], [5, 12]]), "overlap or are out of order"),
        (lambda d: first(d).update(content=d["statements"][1]["content"]), "overlaps content of statement"),
        (lambda d: first(d).update(cue=[5, 7]), "white space"),
        (lambda d: first(d)["stances"][0].update(position="joy"), "unknown position 'joy'"),
        (lambda d: first(d)["stances"][0].update(target="Atlantis"), "'Atlantis' is neither in the text"),
        (lambda d: first(d).update(speaker=["Nobody Real"]), "'Nobody Real' is neither"),
        (lambda d: first(d).update(id="s2"), "id used twice"),
        (lambda d: d["actors"].update(Orvane=["Orvania"]), "is not in the text"),
        (lambda d: d.update(text=3), "expected 'text' to be of type str"),
        (lambda d: first(d).update(content=[]), "expected 'content'"),
    ],
)
def test_every_fault_is_found_and_placed(tmp_path: Path, article: AnnotatedArticle, change: Any, message: str) -> None:
    found = faults_of(tmp_path, article, change)
    assert any(message in f and "a.jsonl:1: article harbour" in f for f in found), found


def test_an_article_id_used_twice_is_a_fault(tmp_path: Path, article: AnnotatedArticle) -> None:
    write_annotations([article, article], tmp_path / "a.jsonl")
    found, _, _ = check_annotations([tmp_path], read_codebook())
    assert "already used at" in str(found[0])


def test_reading_stops_at_a_broken_line(tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_text('{"id": "x"\n', "utf-8")
    with pytest.raises(AnnotationError, match=r"a\.jsonl:1"):
        read_annotations([tmp_path])


MARKUP = f"""=== article
id: harbour
=== text
{TEXT}
=== actors
Ilse Marrin: Marrin
Orvane:
=== statements
content: Orvane to lift the blockade
cue: urged
source: Minister Ilse Marrin
speaker: Ilse Marrin
stance: deescalation > Orvane
stance: criticism > Orvane

content: "It has [...] too long,"
content: "Nobody will win this."
cue: said
source: she
speaker: Ilse Marrin
"""


def test_words_become_spans(article: AnnotatedArticle) -> None:
    (found,) = parse(MARKUP)
    assert article_from_dict(found) == article


def test_words_are_taken_where_the_parts_lie_closest() -> None:
    text = "He said no. She said yes. He said no."
    raw = f"=== article\nid: x\n=== text\n{text}\n=== statements\ncontent: yes\ncue: said\nsource: She\n"
    (found,) = parse(raw)
    assert text[slice(*found["statements"][0]["cue"])] == "said"
    assert found["statements"][0]["cue"][0] == text.index("said yes")


def test_several_pieces_and_many_repeats_are_found_where_they_lie_closest() -> None:
    text = "no. " * 20 + "Anna shouted no loudly. Marrin wanted peace; her call for peace was heard."
    raw = f"=== article\nid: x\n=== text\n{text}\n=== statements\ncontent: no\ncue: shouted\n\ncontent: peace\ncue: call for\n"
    first, second = next(parse(raw))["statements"]
    assert first["content"][0][0] == text.index("no loudly")
    assert second["content"][0][0] == text.rindex("peace")


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("content: Orvane to lift", "content: Orvane to raise", "content not in the text"),
        ("cue: urged", "cue: begged", "cue not in the text"),
        ("cue: urged", "verb: urged", "expected content:"),
        ("stance: criticism > Orvane", "stance: criticism", "expected 'position > target'"),
        ("=== statements", "=== remarks", "a section is unknown"),
        ("=== actors", "=== actor", "a section is unknown"),
        ("=== article", "=== Article", "expected '=== article'"),
        ("=== text", "partial: no\n=== text", "expected partial: true or false, found 'no'"),
    ],
)
def test_faults_in_the_plain_form_are_named(old: str, new: str, message: str) -> None:
    with pytest.raises(MarkupError, match=message):
        list(parse(MARKUP.replace(old, new)))
