"""An archive with broken articles in it: all good ones labelled, all broken ones named, however often the run is killed."""

from __future__ import annotations

from pathlib import Path

from benchmarks.broken import FILES, LINES, archive, faults, killed, label, same_errors
from benchmarks.texts import texts

ARTICLES, BROKEN, KILLS = 70, 24, 5


def test_an_archive_with_broken_articles_survives_being_killed(tmp_path: Path) -> None:
    short = ("\n\n".join(text.split("\n\n")[-2:]) for text in texts())
    made = archive(tmp_path / "archive", short, ARTICLES, BROKEN)
    assert {path.stem.partition("-")[2] for path in made.folder.rglob("*.txt")} == {"good", *FILES}
    assert {reason for _, reason in LINES.values() if reason} <= set(made.refused.values())
    whole, out = tmp_path / "whole.jsonl", tmp_path / "out.jsonl"
    assert label(made.folder, whole).wait() == 1
    assert list(faults(made, whole)) == []
    done = killed(made.folder, out, KILLS, made.labelled * 3 // 4)
    assert len(done) == KILLS
    assert out.read_bytes() == whole.read_bytes()
    assert same_errors(out, whole)
