"""The texts that are annotated in data/standoff, made from what carries them."""

from __future__ import annotations

import json
import runpy
import sys
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[1] / "data" / "standoff" / "texts.py"


def made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, option: str) -> dict[str, str]:
    out = tmp_path / "out"
    monkeypatch.setattr(sys, "argv", ["texts.py", option, str(tmp_path), "-o", str(out)])
    runpy.run_path(str(SCRIPT), run_name="__main__")
    return {file.stem: file.read_text("utf-8") for file in out.iterdir()}


def test_a_wire_report_is_unwrapped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    body = 'Orvane said on Monday its\nports stay open.\n    "We will not close," a\nminister said.\n Reuter\n\x03'
    (tmp_path / "reuters-000.json").write_text(json.dumps([{"id": "7", "body": body}, {"id": "8"}]), "utf-8")
    texts = made(tmp_path, monkeypatch, "--reuters")
    assert texts["reuters-7"] == 'Orvane said on Monday its ports stay open.\n\n"We will not close," a minister said.\n'
    assert texts["reuters-8"] == "\n"


def test_paragraphs_of_a_line_are_set_apart_but_no_quotation_is_broken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    line = 'The fire is out. "It was close. Very close," he said. "We are tired. "Now we rest." The road is open. '
    (tmp_path / "lee.cor").write_bytes("Costs rose to £3. It rained.".encode("cp1252"))
    (tmp_path / "lee_background.cor").write_text(f"{line}\nOne.", "utf-8")
    texts = made(tmp_path, monkeypatch, "--lee")
    assert texts["lee-001"] == "Costs rose to £3.\n\nIt rained.\n"
    assert texts["lee-background-001"].rstrip("\n").split("\n\n") == [
        "The fire is out.",
        '"It was close. Very close," he said.',
        '"We are tired.',
        '"Now we rest."',
        "The road is open.",
    ]
    assert texts["lee-background-002"] == "One.\n"


def test_a_sentence_loses_its_brackets_and_doubled_marks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "train.txt").write_text(
        '[Orvane] accused\t[Lissen].\tx\t0\n"[Orvane] said ""no""  to [Lissen]."\tOrvane\tLissen\t3\n', "utf-8"
    )
    assert made(tmp_path, monkeypatch, "--dse2qa") == {
        "dse2qa-00001": "Orvane accused\n",
        "dse2qa-00002": 'Orvane said "no" to Lissen.\n',
    }


def test_the_sentences_of_newsmtsc_are_laid_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for part in ("train", "devtest_rw"):
        line = json.dumps({"sentence_normalized": f"Orvane said  no to {part}.", "targets": []})
        (tmp_path / f"{part}.jsonl").write_text(f"{line}\n{line}\n", "utf-8")
    texts = made(tmp_path, monkeypatch, "--newsmtsc")
    assert set(texts) == {"newsmtsc-00001", "newsmtsc-00002", "newsmtsc-rw-00001", "newsmtsc-rw-00002"}
    assert texts["newsmtsc-rw-00002"] == "Orvane said no to devtest_rw.\n"


def test_excerpts_of_speeches_name_their_state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "conflict_annotations_sentences.csv").write_text(
        "file_id,sentence_text\n"
        'UNSC_2031_SPV.1_spch004_Republic_Of_Orvane2_neg_03.txt,"We call for calm , all of us ( now ) .  "\n'
        "UNSC_2031_SPV.1_spch004_Republic_Of_Orvane2_neg_03.txt,It is Lissen 's self - defence .\n",
        "utf-8",
    )
    assert made(tmp_path, monkeypatch, "--unscon") == {
        "unscon-SPV.1_spch004_Republic_Of_Orvane2_neg_03": (
            "Republic of Orvane: We call for calm, all of us (now). It is Lissen's self-defence.\n"
        )
    }


def test_articles_of_conflict_news_are_laid_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "articles.jsonl").write_text(
        json.dumps({"id": "a1", "text": "Orvane said no.\n\nLissen said yes.\n"}) + "\n", "utf-8"
    )
    assert made(tmp_path, monkeypatch, "--conflict-news") == {"a1": "Orvane said no.\n\nLissen said yes.\n"}
