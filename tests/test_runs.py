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
from stance.runs import Journal, Parts, text_hash

ROOT = Path(__file__).parent.parent
MADE = {"stance": "x", "model": "y"}


def record(name: str, text: str = "He said so.") -> dict[str, object]:
    return {"id": name, "text": text, "text_hash": text_hash(text), "made_by": MADE}


def line(name: str, text: str = "He said so.") -> str:
    return json.dumps(record(name, text)) + "\n"


def test_what_is_done_is_kept_and_a_torn_line_dropped(tmp_path: Path) -> None:
    out, part = tmp_path / "out.jsonl", tmp_path / "out.jsonl.part"
    first = Journal(out, MADE)
    first.write(record("a"))
    first.close()
    assert not out.exists()
    part.write_text(part.read_text("utf-8") + line("b")[:20], "utf-8")
    again = Journal(out, MADE)
    assert again.done == 1
    assert not again.has(Article(id="a", text="He said no."))
    assert not again.has(Article(id="b", text="He said so."))
    assert again.has(Article(id="a", text="He said so."))
    again.write(record("b"))
    again.finish()
    assert out.read_text("utf-8") == line("a") + line("b")
    assert list(tmp_path.iterdir()) == [out]


def test_the_file_holds_what_this_run_met_in_its_order(tmp_path: Path) -> None:
    out = tmp_path / "out.jsonl"
    (tmp_path / "out.jsonl.part").write_text(line("gone") + line("b") + line("a", "an older text"), "utf-8")
    journal = Journal(out, MADE)
    journal.write(record("a"))
    assert journal.has(Article(id="b", text="He said so."))
    journal.finish()
    assert out.read_text("utf-8") == line("a") + line("b")


def test_a_part_file_of_another_run_is_not_touched(tmp_path: Path) -> None:
    out, part = tmp_path / "out.jsonl", tmp_path / "out.jsonl.part"
    part.write_text("my notes\n", "utf-8")
    with pytest.raises(StanceError, match=r"out\.jsonl\.part:1: no record of a run"):
        Journal(out, MADE)
    assert part.read_text("utf-8") == "my notes\n"
    part.write_text(line("a"), "utf-8")
    with pytest.raises(StanceError, match="--force starts over"):
        Journal(out, {**MADE, "model": "z"})
    busy = Journal(out, MADE)
    with pytest.raises(StanceError, match="another run is writing it"):
        Journal(out, MADE)
    busy.close()
    fresh = Journal(out, {**MADE, "model": "z"}, start_over=True)
    assert fresh.done == 0
    fresh.close()


def test_a_folder_of_parts_keeps_what_is_done_and_its_faults(tmp_path: Path) -> None:
    out = tmp_path / "out"
    first = Parts(out, ".jsonl", MADE)
    assert first.write(1, "aa", b"one\n", []) == []
    assert first.write(2, "bb", b"", ["x.txt: empty"]) == ["x.txt: empty"]
    assert first.write(3, "cc", b"gone\n", ["gone.txt: empty"]) == ["gone.txt: empty"]
    with pytest.raises(StanceError, match="another run is writing it"):
        Parts(out, ".jsonl", MADE)
    first.close()
    (out / ".part-00000009-dd.jsonl.x.part").write_text("torn", "utf-8")
    again = Parts(out, ".jsonl", MADE)
    assert again.path(1, "aa").read_bytes() == b"one\n"
    assert again.write(1, "aa", None, []) == []
    assert again.write(2, "bb", None, []) == ["x.txt: empty"]
    assert not (out / "_SUCCESS").exists()
    again.finish()
    names = ["_SUCCESS", "_part-00000002-bb.json", "_run.json", "part-00000001-aa.jsonl", "part-00000002-bb.jsonl"]
    assert sorted(path.name for path in out.iterdir()) == names


def test_a_folder_that_is_no_run_or_another_is_not_touched(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("mine", "utf-8")
    for start_over in (False, True):
        with pytest.raises(StanceError, match="no run stands in it"):
            Parts(tmp_path, ".jsonl", MADE, start_over=start_over)
    assert [path.name for path in tmp_path.iterdir()] == ["notes.txt"]
    out = tmp_path / "out"
    first = Parts(out, ".jsonl", MADE)
    first.write(1, "aa", b"one\n", [])
    first.close()
    with pytest.raises(StanceError, match="--force starts over"):
        Parts(out, ".jsonl", {**MADE, "model": "z"})
    assert first.path(1, "aa").exists()
    Parts(out, ".jsonl", {**MADE, "model": "z"}, start_over=True).close()
    assert not first.path(1, "aa").exists()


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
