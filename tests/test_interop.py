"""To annotation tools and back: nothing is lost, and what moved is found again or refused by name."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stance.annotations import read_annotations
from stance.errors import AnnotationError
from stance.interop import (
    TOOLS,
    export,
    from_brat,
    from_doccano,
    from_label_studio,
    from_prodigy,
    import_from,
    to_brat,
    to_doccano,
    to_label_studio,
    to_prodigy,
)
from stance.records import AnnotatedArticle, AnnotatedStatement, Stance
from tests.conftest import ROOT

ARTICLES = read_annotations([ROOT / "data" / "annotations"])


def there_and_back(article: AnnotatedArticle, tool: str) -> AnnotatedArticle:
    if tool == "label-studio":
        return from_label_studio(json.loads(json.dumps(to_label_studio(article))))
    if tool == "prodigy":
        return from_prodigy(json.loads(json.dumps(to_prodigy(article))))
    if tool == "doccano":
        return from_doccano(json.loads(json.dumps(to_doccano(article))))
    return from_brat(article.text, *to_brat(article))


@pytest.mark.parametrize("tool", TOOLS)
def test_every_annotation_of_the_project_comes_back(tool: str) -> None:
    for article in ARTICLES:
        assert there_and_back(article, tool) == article, article.id


@st.composite
def articles(draw: st.DrawFn) -> AnnotatedArticle:
    text = draw(st.text(st.sampled_from('ab .\n\t"“é😀\u2028'), min_size=12, max_size=60))
    cuts = draw(st.lists(st.integers(0, len(text)), min_size=4, max_size=12, unique=True))
    spans = [(a, b) for a, b in zip(sorted(cuts)[::2], sorted(cuts)[1::2], strict=False) if text[a:b].strip("\n")]
    statements = []
    while spans:
        size = draw(st.integers(1, 3))
        pieces, spans = spans[:size], spans[size:]
        parts = [draw(st.sampled_from([None, (0, 1)])) if text[0] != "\n" else None for _ in range(2)]
        stance = Stance(position=draw(st.sampled_from("xy")), target=draw(st.sampled_from([None, "A > B", "null; x"])))
        statements.append(
            AnnotatedStatement(
                id=f"q{len(statements)}",
                content=tuple(pieces),
                cue=parts[0],
                source=parts[1],
                speaker=tuple(draw(st.lists(st.sampled_from(["A", "B; C"]), max_size=2))),
                stances=(stance,) * draw(st.integers(0, 2)),
            )
        )
    return AnnotatedArticle(id="x", text=text, statements=tuple(statements), actors={"A": ("a",)}, meta={"genre": "wire"})


@pytest.mark.parametrize("tool", TOOLS)
@given(article=articles())
def test_any_annotation_comes_back(tool: str, article: AnnotatedArticle) -> None:
    assert there_and_back(article, tool) == article


def test_offsets_are_those_of_the_tools() -> None:
    text = "😀 She said no."
    said = AnnotatedStatement(id="s1", content=((11, 13),), cue=(6, 10), source=(2, 5), speaker=("Ilse",))
    article = AnnotatedArticle(id="x", text=text, statements=(said,))
    assert text[11:13] == "no"
    content = to_label_studio(article)["annotations"][0]["result"][0]
    assert (content["value"]["start"], content["value"]["end"]) == (12, 14)  # the face is two units
    record = to_prodigy(article)
    spans = {span["label"]: span for span in record["spans"]}
    tokens = record["tokens"]
    assert "".join(t["text"] for t in tokens) == text
    assert tokens[spans["content"]["token_end"]]["text"] == "no"
    assert {(tokens[r["head"]]["text"], tokens[r["child"]]["text"]) for r in record["relations"]} == {
        ("no", "said"),
        ("no", "She"),
    }


def test_what_moved_is_found_again_or_refused() -> None:
    article = ARTICLES[0]
    task = to_label_studio(article)
    value = task["annotations"][0]["result"][0]["value"]
    value["start"] += 3
    value["end"] += 3
    assert from_label_studio(task) == article
    value["text"] = "the"
    with pytest.raises(AnnotationError, match=rf"article {article.id}: the span 'the' at \d+ stands \d+ times"):
        from_label_studio(task)


def test_what_a_person_adds_in_a_tool_arrives() -> None:
    task = to_label_studio(AnnotatedArticle(id="x", text="She said no.", statements=()))
    for name, label, start, end in (("k1", "content", 9, 11), ("k2", "cue", 4, 8)):
        value = {"start": start, "end": end, "text": task["data"]["text"][start:end], "labels": [label]}
        task["annotations"][0]["result"].append({"id": name, "type": "labels", "from_name": "part", "value": value})
    lines = {"id": "k1", "type": "textarea", "from_name": "stance", "value": {"text": ["criticism > Orvane", "x > null"]}}
    task["annotations"][0]["result"] += [lines, {"type": "relation", "from_id": "k1", "to_id": "k2", "labels": ["cue"]}]
    (statement,) = from_label_studio(task).statements
    assert (statement.id, statement.content, statement.cue) == ("s1", ((9, 11),), (4, 8))
    assert [(s.position, s.target) for s in statement.stances] == [("criticism", "Orvane"), ("x", None)]
    lines["value"] = {"text": ["criticism"]}
    with pytest.raises(AnnotationError, match="expected a stance as 'position > target', found 'criticism'"):
        from_label_studio(task)


def test_files_of_a_tool(tmp_path: Path) -> None:
    for tool in TOOLS:
        out = tmp_path / tool
        written = export(ARTICLES[:3], tool, out)
        assert all(path.is_file() for path in written)
        assert import_from(tool, out) == ARTICLES[:3]
    (tmp_path / "broken.json").write_text("[{}]", "utf-8")
    with pytest.raises(AnnotationError, match=r"broken\.json: record 1: not as `stance export --to label-studio`"):
        import_from("label-studio", tmp_path / "broken.json")
    with pytest.raises(AnnotationError, match="no JSON"):
        import_from("doccano", tmp_path / "brat" / "annotation.conf")
    with pytest.raises(AnnotationError, match=r"no \*\.ann file"):
        import_from("brat", tmp_path)


def test_what_a_tool_changes_is_not_misread(tmp_path: Path) -> None:
    article = ARTICLES[0]
    record = to_doccano(article)
    for entity in record["entities"]:
        entity["id"] += 100  # doccano gives its own ids
    for relation in record["relations"]:
        relation["from_id"] += 100
        relation["to_id"] += 100
    assert from_doccano(record) == article
    with pytest.raises(AnnotationError, match=r"not at their places|stands"):
        from_brat("XX " + article.text, *to_brat(article))
    task = to_label_studio(article)
    for item in task["annotations"][0]["result"]:
        if item["type"] == "relation":
            item.update(from_id=item["to_id"], to_id=item["from_id"], direction="left")
    assert from_label_studio(task) == article
    task["annotations"][0]["result"] = [r for r in task["annotations"][0]["result"] if r["type"] != "relation"]
    with pytest.raises(AnnotationError, match="belongs to no content"):
        from_label_studio(task)
    odd = AnnotatedArticle(id="x", text="Anna said\u2028no", statements=())
    for tool in ("prodigy", "doccano"):
        export([odd], tool, tmp_path / tool)
        assert import_from(tool, tmp_path / tool) == [odd]
    beyond = AnnotatedArticle(id="x", text="no", statements=(AnnotatedStatement(id="s1", content=((0, 9),)),))
    with pytest.raises(AnnotationError, match="article x, statement s1: content at 0 to 9 is not in the text"):
        to_prodigy(beyond)


def test_a_statement_drawn_in_a_tool_gets_an_id_of_its_own() -> None:
    article = AnnotatedArticle(id="x", text="He said no.", statements=(AnnotatedStatement(id="s2", content=((8, 10),)),))
    record = to_prodigy(article)
    span = {"start": 0, "end": 2, "token_start": 0, "token_end": 0, "label": "content"}
    record["spans"] += [span, {**span, "start": 3, "end": 7, "token_start": 2, "token_end": 2}]
    assert [s.id for s in from_prodigy(record).statements] == ["s2", "s1", "s3"]
