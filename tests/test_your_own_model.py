"""The commands of docs/your-own-model.md run as written, as one script, on a handful of short articles."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("torch")

from stance.annotations import read_annotations
from stance.model.folder import read_config
from tests.conftest import ROOT


@pytest.fixture(scope="module")
def done(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder in which the whole page was run."""
    folder = tmp_path_factory.mktemp("team")
    (folder / "docs").symlink_to(ROOT / "docs")
    articles = sorted(read_annotations([ROOT / "data" / "annotations" / "authored"]), key=lambda a: len(a.text))
    for name, some in (("articles", articles[:6]), ("held-out", articles[6:8])):
        (folder / name).mkdir()
        for article in some:
            (folder / name / f"{article.id}.txt").write_text(article.text, "utf-8")
    script = "\n".join(re.findall(r"```sh\n(.*?)```", (ROOT / "docs" / "your-own-model.md").read_text("utf-8"), re.S))
    path = os.pathsep.join((str(Path(sys.executable).parent), os.environ["PATH"]))
    ran = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", script], cwd=folder, env={**os.environ, "PATH": path}, capture_output=True, text=True
    )
    assert ran.returncode == 0, ran.stderr[-2000:]
    (folder / "said.txt").write_text(ran.stdout + ran.stderr, "utf-8")
    return folder


def test_the_loop_makes_a_model_and_compares_it(done: Path) -> None:
    said = (done / "said.txt").read_text("utf-8")
    assert "5 articles to learn from, 5 of the project's own beside, 1 held out" in said
    assert "on the held-out articles" in said
    assert re.search(r"tuple_f1 +\d\.\d{3} +\d\.\d{3}", said)
    metrics = json.loads((done / "models" / "mine" / "metrics.json").read_text("utf-8"))
    assert metrics["compared"]["with"] == "default"
    assert 0 <= metrics["compared"]["tuple_f1"]["second"] <= 1
    assert "Compared with `default`" in (done / "models" / "mine" / "README.md").read_text("utf-8")
    assert len(read_annotations([done / "again.jsonl"])) == 6


def test_other_positions_go_through_to_the_labels(done: Path) -> None:
    names = ("sanctions_call", "relief_call", "denial")
    assert read_config(done / "models" / "sanctions").positions == names
    rows = [json.loads(line) for line in (done / "sanctions-labelled.jsonl").read_text("utf-8").splitlines()]
    scores = [set(s["scores"]) for row in rows for s in row["statements"]]
    assert scores
    assert all(found == {*names, "none"} for found in scores)
