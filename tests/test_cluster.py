"""A cluster of two workers on this machine labels as one machine does."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from stance.cli import main
from stance.runs import Parts
from tests.conftest import ROOT

ray = pytest.importorskip("ray")
pytestmark = pytest.mark.filterwarnings("ignore::Warning:ray")  # what Ray says of itself

SHORT = ('"We will go," Ilse Marrin said.', "Orvane accused Salin of lying.", "The ferry left.")


@pytest.fixture(scope="module", autouse=True)
def cluster() -> Iterator[None]:
    os.environ["RAY_USAGE_STATS_ENABLED"] = "0"
    ray.init(address="local", num_cpus=2, include_dashboard=False, logging_level="error")
    yield
    ray.shutdown()


@pytest.fixture
def news(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Texts, tables whose ids come again, and what cannot be read; named from where the command runs."""
    folder = tmp_path / "news"
    folder.mkdir()
    for seed in sorted((ROOT / "seeds").glob("*.txt"))[:1]:
        (folder / seed.name).write_bytes(seed.read_bytes())
    (folder / "bad.txt").write_bytes(b"\xff\xfe")
    rows = [json.dumps({"text": text}) for text in SHORT]
    for name in ("a.jsonl", "b.jsonl"):
        (folder / name).write_text("\n".join([*rows, '{"nope": 1}', *rows]) + "\n", "utf-8")
    monkeypatch.chdir(tmp_path)
    return folder


def label(*arguments: object) -> Result:
    return CliRunner().invoke(main, ["label", "news", *map(str, arguments)])


def faults(path: Path) -> list[str]:
    return sorted(path.read_text("utf-8").splitlines())


def test_a_stopped_run_goes_on_to_the_same_bytes_as_the_local_engine(
    news: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert news.parent == tmp_path
    local = label("-o", "out.jsonl", "--errors", "local.errors")
    assert local.exit_code == 1
    given = ["-o", "out", "--engine", "ray", "--workers", 2, "--part-size", 3]
    write = Parts.write
    written: list[int] = []

    def stopped(self: Parts, number: int, key: str, data: bytes | None, told: list[str]) -> list[str]:
        if len(written) == 2:
            raise KeyboardInterrupt
        written.append(number)
        return write(self, number, key, data, told)

    monkeypatch.setattr(Parts, "write", stopped)
    assert label(*given, "--errors", "first.errors").exit_code == 130
    monkeypatch.undo()
    monkeypatch.chdir(tmp_path)
    kept = sorted((tmp_path / "out").glob("part-*"))
    assert [int(path.name.split("-")[1]) for path in kept] == sorted(written)
    assert not (tmp_path / "out" / "_SUCCESS").exists()
    times = [path.stat().st_mtime_ns for path in kept]
    done = label(*given, "--errors", "ray.errors")
    assert done.exit_code == 1
    assert "2 parts were done before" in done.stderr
    assert [path.stat().st_mtime_ns for path in kept] == times
    parts = sorted((tmp_path / "out").glob("part-*.jsonl"))
    assert len(parts) == 6
    assert b"".join(path.read_bytes() for path in parts) == (tmp_path / "out.jsonl").read_bytes()
    assert len(faults(tmp_path / "ray.errors")) == 3
    assert faults(tmp_path / "ray.errors") == faults(tmp_path / "local.errors")
    again = label(*given)
    assert (again.exit_code, "--force starts over" in again.stderr) == (2, True)


def test_parquet_in_and_out_with_actors(news: Path, tmp_path: Path) -> None:
    import pandas

    rows = [json.loads(line) for line in (news / "a.jsonl").read_text("utf-8").splitlines() if "text" in line]
    for path in news.iterdir():
        path.unlink()
    pandas.DataFrame(rows).to_parquet(news / "a.parquet")
    given = ["--format", "parquet", "--actors", ROOT / "seeds" / "actors.toml", "--min-confidence", 0.6]
    assert label(*given, "-o", "local.parquet").exit_code == 0
    assert label(*given, "-o", "parts", "--engine", "ray", "--part-size", 4).exit_code == 0
    assert len(list((tmp_path / "parts").glob("part-*.parquet"))) == 2
    local = pandas.read_parquet("local.parquet")
    assert len(local) > 2
    assert pandas.read_parquet("parts").to_dict("records") == local.to_dict("records")


def test_a_worker_with_another_model_is_an_error(news: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from stance.classifier import Classifier

    monkeypatch.setattr(Classifier, "digest", "0" * 16)  # here, not in the workers
    done = label("-o", "out", "--engine", "ray", "--workers", 1)
    assert done.exit_code == 1
    assert "every machine needs the same version and model" in done.stderr
    assert "Traceback" not in done.stderr
    assert not list((tmp_path / "out").glob("part-*"))
    assert news.is_dir()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--engine", "ray"], "-o FOLDER"),
        (["--engine", "ray", "-o", "out.jsonl"], "-o FOLDER"),
        (["--engine", "ray", "-o", "out", "--format", "table"], "jsonl, csv or parquet"),
        (["--engine", "ray", "-o", "out", "-"], "not standard input"),
        (["--workers", 2], "go with --engine ray"),
    ],
)
def test_wrong_usage(arguments: list[object], message: str, news: Path) -> None:
    assert news.is_dir()
    done = label(*arguments)
    assert done.exit_code == 2
    assert message in done.stderr
