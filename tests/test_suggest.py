"""What to annotate next: unsure, unlike what is annotated, and unlike each other."""

from __future__ import annotations

import json
import math
from collections import Counter
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

import stance.suggest
from stance.annotations import check_annotations, read_annotations
from stance.cli import main
from stance.codebook import read_codebook
from stance.records import AnnotatedArticle, Article, Statement
from stance.suggest import doubt, lines, suggest, uncertainty, unknown
from tests.conftest import ROOT, TEXT

TABLE = ROOT / "data" / "annotations" / "seeds.jsonl"


def statement(criticism: float, confidence: float = 1.0, text: str = "that the raid was a crime") -> Statement:
    return Statement(
        text=text, content=((0, len(text)),), cue=None, source=None, speakers=(), stances=(),
        scores={"criticism": criticism, "none": 1 - criticism}, confidence=confidence,
    )  # fmt: skip


def article(name: str, text: str) -> Article:
    return Article(id=name, text=text)


def known(name: str, text: str) -> AnnotatedArticle:
    return AnnotatedArticle(id=name, text=text, statements=())


UNSURE, LESS, SURE = [statement(0.5)], [statement(0.8)], [statement(1.0)]
HARBOUR, AGAIN = "The harbour was shelled at dawn.", "At dawn the harbour was shelled again."
VOTE, FERRY = "Parliament voted on pensions.", "Ferry prices rose on Tuesday."


def test_doubt_counts_open_questions_in_bits() -> None:
    assert doubt(statement(1.0)) == 0
    assert doubt(statement(0.5)) == 1
    assert doubt(statement(0.5, confidence=0.5)) == 1.5
    assert doubt(statement(0.5, confidence=0.0)) == 0
    assert 0 < doubt(statement(0.9)) < doubt(statement(0.7)) < 1


def test_a_long_article_has_no_advantage() -> None:
    assert uncertainty([]) == 0
    assert uncertainty([statement(0.5)] * 50 + [statement(1.0)] * 50) < uncertainty([statement(0.5)] * 5)
    assert uncertainty([statement(0.8)] * 50) < uncertainty([statement(0.5)] * 5)
    assert uncertainty([statement(0.5)]) < uncertainty([statement(0.5)] * 2)  # one statement alone tells little


def test_picks_are_unsure_and_differ_from_each_other() -> None:
    pool = [
        (article("a", HARBOUR), UNSURE),
        (article("b", AGAIN), UNSURE),
        (article("c", VOTE), LESS),
        (article("d", FERRY), SURE),
    ]
    first, second, third, fourth = suggest(pool, [], 4)
    assert [first.article.id, second.article.id, third.article.id, fourth.article.id] == ["a", "c", "b", "d"]
    assert (first.nearest, first.distance, first.uncertainty) == (None, 1.0, 0.5)
    assert third.nearest == "a"
    assert 0 < third.distance < 0.5
    assert first.statements == tuple(UNSURE)


def test_picks_differ_from_what_is_annotated() -> None:
    pool = [(article("b", AGAIN), UNSURE), (article("c", VOTE), LESS)]
    assert [x.article.id for x in suggest(pool, [], 1)] == ["b"]
    (only,) = suggest(pool, [known("x", FERRY), known("y", HARBOUR)], 1)
    assert (only.article.id, only.nearest) == ("c", "x")  # "on" is in both
    assert 0.5 < only.distance < 1


def test_the_same_words_are_never_picked_twice() -> None:
    pool = [(article("a", HARBOUR), UNSURE), (article("b", HARBOUR.upper()), UNSURE), (article("c", "…"), [])]
    assert [x.article.id for x in suggest(pool, [], 9)] == ["a", "c"]
    assert suggest([(article("a", HARBOUR), UNSURE)], [known("x", HARBOUR)], 9) == []
    assert suggest([], [], 9) == []
    assert [x.article.id for x in suggest([(article("c", "…"), [])], [known("x", "—")], 9)] == ["c"]  # no word at all


def test_only_the_most_unsure_are_compared(monkeypatch: pytest.MonkeyPatch) -> None:
    pool = [(article("c", VOTE), LESS), (article("a", HARBOUR), UNSURE), (article("b", AGAIN), UNSURE)]
    assert [x.article.id for x in suggest(iter(pool), [], 2)] == ["a", "c"]
    monkeypatch.setattr(stance.suggest, "_POOL", 1)
    assert [x.article.id for x in suggest(iter(pool), [], 2)] == ["a", "b"]


def test_distances_are_those_of_tf_idf() -> None:
    texts = ["a a b", "A b c", "c d", "d d d"]
    counts = [Counter(t.lower().split()) for t in texts]

    def vector(row: Counter[str]) -> dict[str, float]:
        found = {w: (1 + math.log(n)) * math.log(5 / sum(w in other for other in counts)) for w, n in row.items()}
        length = math.sqrt(sum(x * x for x in found.values()))
        return {w: x / length for w, x in found.items()}

    vectors = [vector(row) for row in counts]
    made = stance.suggest._Vectors(texts)
    for i, one in enumerate(vectors):
        wanted = [1 - sum(x * other.get(w, 0.0) for w, x in one.items()) for other in vectors]
        assert made.distances(i).tolist() == pytest.approx(wanted, abs=1e-12)


def test_what_is_annotated_is_known_by_id_and_by_text() -> None:
    given = [article("a", HARBOUR), article("b", "The harbour\nwas  shelled at dawn."), article("c", VOTE), article("x", FERRY)]
    assert [a.id for a in unknown(given, [])] == ["a", "c", "x"]
    assert [a.id for a in unknown(given, [known("x", "Another text."), known("y", HARBOUR)])] == ["c"]


def test_the_reasons_are_told() -> None:
    long = statement(0.5, text="that " + "the raid on the harbour " * 9)
    told = list(lines(suggest([(article("a", HARBOUR), [statement(0.9), long, statement(0.1, confidence=0.6)])], [], 1)))
    assert told[0].startswith("1. a: 0.")
    assert "(3)" in told[0]
    assert "a statement 0.60 or none: that the raid was a crime" in told[1]
    assert [line for line in told if "criticism 0.90 or none 0.10" in line] == told[3:]
    assert sum("criticism 0.50 or none 0.50: that the raid" in line and line.endswith(" …") for line in told) == 1
    assert sum("a statement 0.60 or none: " in line for line in told) == 1
    assert max(map(len, told)) < 130
    (bare,) = lines(suggest([(article("a", HARBOUR), [])], [known("x", "The ferry.")], 1))
    assert bare.startswith("1. a: no statement found; nearest is x at distance 0.")


def run(*arguments: object) -> Result:
    return CliRunner().invoke(main, [str(a) for a in arguments])


def test_the_command_writes_what_label_writes(tmp_path: Path) -> None:
    table, out = tmp_path / "in.jsonl", tmp_path / "out.jsonl"
    seed = read_annotations([TABLE])[1]
    rows = [
        {"id": "port", "text": TEXT, "desk": "north"},
        {"id": "twin", "text": TEXT + "\n"},
        {"id": "other id", "text": seed.text},
        {"id": seed.id, "text": "He said no."},
        {"id": "empty", "text": ""},
        {"id": "vote", "text": "Ilse Marrin accused Orvane of lying. She said the ferry had left."},
    ]
    table.write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")
    done = run("suggest", table, "--annotated", TABLE, "-n", 9, "-o", out)
    assert done.exit_code == 1  # the record without text
    assert "in.jsonl:5: no text in this record (id empty)" in done.stderr
    assert f"2 of 5 articles suggested; 3 are annotated already or were read twice; written to {out}" in done.stderr
    written = {row["id"]: row for row in map(json.loads, out.read_text("utf-8").splitlines())}
    assert set(written) == {"port", "vote"}
    assert [line.split(":")[0][3:] for line in done.stdout.splitlines() if not line.startswith(" ")] == list(written)
    labelled = {row["id"]: row for row in map(json.loads, run("label", table).stdout.splitlines())}
    for name, row in written.items():
        assert row["statements"] == labelled[name]["statements"]
        assert row["text_hash"] == labelled[name]["text_hash"]
    assert written["port"]["desk"] == "north"
    assert check_annotations([out], read_codebook())[0] == []
    assert run("export", out, "--to", "doccano", "-o", tmp_path / "tasks.jsonl").exit_code == 0
    again = run("suggest", table, "--annotated", out, "-n", 9, "-o", out)
    assert again.exit_code == 2
    assert "--force writes over it" in again.stderr
    assert len(out.read_text("utf-8").splitlines()) == 2


def test_wrong_usage_is_named() -> None:
    assert "no such file or folder" in run("suggest", "nowhere.txt").stderr
    assert run("suggest", TABLE, "-n", 0).exit_code == 2
    assert "no such model folder" in run("suggest", TABLE, "--model", "nowhere").stderr
