"""Long runs: stopped at any moment, they go on and end as if nothing had happened."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

import stance
from stance.errors import StanceError
from stance.records import Article
from stance.runs import Journal, text_hash

ROOT = Path(__file__).parent.parent
MADE = {"stance": "x", "model": "y"}


def record(name: str, text: str = "He said so.") -> str:
    return json.dumps({"id": name, "text": text, "text_hash": text_hash(text), "made_by": MADE}) + "\n"


def test_what_is_done_is_kept_and_a_torn_line_dropped(tmp_path: Path) -> None:
    out = tmp_path / "out.jsonl"
    first = Journal(out, MADE)
    first.write(record("a"))
    first.write(record("b")[:20])
    first.close()
    assert not out.exists()
    again = Journal(out, MADE)
    assert again.has(Article(id="a", text="He said so."))
    assert not again.has(Article(id="a", text="He said no."))
    assert not again.has(Article(id="b", text="He said so."))
    again.write(record("b"))
    again.finish()
    assert out.read_text("utf-8") == record("a") + record("b")
    assert list(tmp_path.iterdir()) == [out]


def test_another_model_does_not_go_on(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "out.jsonl", MADE)
    journal.write(record("a"))
    journal.close()
    with pytest.raises(StanceError, match="--force starts over"):
        Journal(tmp_path / "out.jsonl", {**MADE, "model": "z"})
    fresh = Journal(tmp_path / "out.jsonl", {**MADE, "model": "z"}, start_over=True)
    assert fresh.done == set()
    fresh.close()


def label(source: Path, out: Path) -> subprocess.Popen[bytes]:
    code = "from stance.cli import main; main()"
    command = [sys.executable, "-c", code, "label", str(source), "-o", str(out)]
    with (out.parent / "told").open("wb") as told:
        return subprocess.Popen(command, cwd=ROOT, stderr=told)


def test_a_killed_run_goes_on_to_the_same_records(tmp_path: Path) -> None:
    source = tmp_path / "in.jsonl"
    texts = [path.read_text("utf-8") for path in sorted((ROOT / "seeds").glob("*.txt"))]
    rows = [{"id": f"{n}", "text": text.replace("Syria", f"Syria{'n' * n}")} for n, text in enumerate(texts * 2)]
    source.write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")
    whole = tmp_path / "whole.jsonl"
    assert label(source, whole).wait() == 0
    out, part = tmp_path / "out.jsonl", tmp_path / "out.jsonl.part"
    run = label(source, out)
    while not (part.exists() and part.read_bytes().count(b"\n") >= 3) and run.poll() is None:
        time.sleep(0.01)
    run.send_signal(signal.SIGKILL)
    run.wait()
    assert not out.exists()
    done = part.read_bytes().count(b"\n")
    assert done >= 3
    stopped = label(source, out)
    while part.read_bytes().count(b"\n") <= done and stopped.poll() is None:
        time.sleep(0.01)
    stopped.send_signal(signal.SIGINT)
    assert stopped.wait() in (130, 0)
    assert f"{done} articles were labelled before" in (tmp_path / "told").read_text("utf-8")
    if stopped.returncode:
        assert label(source, out).wait() == 0
    assert out.read_bytes() == whole.read_bytes()


def test_rows_as_a_frame_and_as_parquet(tmp_path: Path) -> None:
    import pandas

    from stance.output import COLUMNS, write_parquet

    text = "Ilse Marrin said the ferry had left. She accused Orvane of lying."
    labelled = [(Article(id="a", text=text), stance.classify(text)), (Article(id="b", text="No."), [])]
    frame = stance.to_pandas(labelled)
    assert list(frame.columns) == list(COLUMNS)
    assert set(frame["article"]) == {"a"}
    assert frame["speaker"].iloc[0] == "Ilse Marrin"
    write_parquet(labelled, tmp_path / "out.parquet")
    back = pandas.read_parquet(tmp_path / "out.parquet")
    assert back.to_dict("records") == frame.to_dict("records")
    write_parquet([], tmp_path / "empty.parquet")
    assert list(pandas.read_parquet(tmp_path / "empty.parquet").columns) == list(COLUMNS)
