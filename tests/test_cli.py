"""The commands, on the default model."""

from __future__ import annotations

import csv
import json
import re
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from stance.annotations import article_from_dict, check_annotations, content_faults
from stance.cli import main
from stance.codebook import read_codebook
from stance.output import article_record
from stance.records import Article, Stance, Statement
from tests.conftest import ROOT

SEEDS = sorted((ROOT / "seeds").glob("*.txt"))


def run(*arguments: object, given: str | None = None) -> Result:
    return CliRunner().invoke(main, [str(a) for a in arguments], input=given)


def test_the_seeds_as_json_lines_are_annotations(tmp_path: Path) -> None:
    done = run("label", ROOT / "seeds", "-o", tmp_path / "out.jsonl")
    assert (done.exit_code, done.stdout) == (0, "")
    rows = [json.loads(line) for line in (tmp_path / "out.jsonl").read_text("utf-8").splitlines()]
    assert [r["id"] for r in rows] == [p.stem for p in SEEDS]
    faults, _, statements = check_annotations([tmp_path / "out.jsonl"], read_codebook())
    assert [str(f) for f in faults] == []
    assert statements > 50
    for row in rows:
        for statement in row["statements"]:
            words = " … ".join(row["text"][a:b] for a, b in statement["content"])
            assert statement["text"] == words
            assert abs(sum(s["confidence"] for s in statement["stances"])) <= len(statement["stances"])
            assert set(statement["scores"]) == {*read_codebook().names, "none"}
        article_from_dict(row)


def test_a_name_that_stands_otherwise_in_the_text_is_among_the_actors() -> None:
    text = "Canadian troops must leave, she said."
    stance = Stance(position="deescalation", target="Canada", confidence=0.9)
    found = Statement(
        text=text[:26], content=((0, 26),), cue=(32, 36), source=(28, 31), speakers=("Ada Bell",), stances=(stance,),
        scores={"deescalation": 0.9, "none": 0.1}, confidence=0.9, named={},
    )  # fmt: skip
    row = article_record(Article(id="a", text=text), [found])
    assert row["actors"] == {"Ada Bell": [], "Canada": []}
    assert not list(content_faults(article_from_dict(row), read_codebook()))


def test_no_statement_comes_out_of_a_menu(tmp_path: Path) -> None:
    run("label", SEEDS[4], "-o", tmp_path / "out.jsonl")
    row = json.loads((tmp_path / "out.jsonl").read_text("utf-8"))
    assert row["statements"]
    for statement in row["statements"]:
        assert not any(w in statement["text"] for w in ("hyperlink", "Share", "Views", "twitter", "Follow"))


def test_csv_has_a_row_for_each_stance() -> None:
    done = run("label", SEEDS[0], "--format", "csv")
    rows = list(csv.DictReader(done.stdout.splitlines()))
    assert done.exit_code == 0
    text = json.loads(run("label", SEEDS[0]).stdout)["text"]
    for row in rows:
        assert row["article"] == SEEDS[0].stem
        assert 0 <= float(row["confidence"]) <= 1
        assert text[int(row["start"]) : int(row["end"])].startswith(row["text"].split(" … ")[0])


def test_a_table_shows_speaker_position_and_words() -> None:
    done = run("label", SEEDS[2], "--format", "table")
    assert done.exit_code == 0
    for words in ("speaker", "position", "Erdoğan", "deescalation"):
        assert words in done.stdout


def test_bad_files_are_named_and_the_rest_is_labelled(tmp_path: Path) -> None:
    (tmp_path / "bad.txt").write_bytes(b"\xff\xfe")
    (tmp_path / "empty.txt").write_bytes(b"")
    (tmp_path / "good.txt").write_text('"We will leave," the minister said.', "utf-8")
    done = run("label", tmp_path)
    assert done.exit_code == 1
    assert "bad.txt: not UTF-8" in done.stderr
    assert "empty.txt: empty" in done.stderr
    assert [json.loads(line)["id"] for line in done.stdout.splitlines()] == ["good"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["label"], "Missing argument"),
        (["label", "nowhere.txt"], "no such file"),
        (["label", SEEDS[0], "--format", "xml"], "Invalid value"),
        (["label", SEEDS[0], "-o", "nowhere/out.jsonl"], "is no folder"),
        (["label", SEEDS[0], "--format", "parquet"], "Parquet needs a file"),
        (["label", SEEDS[0], "--format", "csv", "--flat"], "--flat goes with JSON lines"),
        (["label", SEEDS[0], "--add-bom", "--format", "jsonl"], "--add-bom with CSV"),
        (["label", "*.nothing"], "no such file"),
        (["label", SEEDS[0], "-o", "out.xlsx"], "--format says it"),
        (["label", SEEDS[0], "-o", "out.jsonl", "--errors", "out.jsonl"], "name the same file"),
        (["label", SEEDS[0], "--errors", "README.md"], "--force writes over it"),
    ],
)
def test_wrong_usage_is_exit_code_two(arguments: list[object], message: str) -> None:
    done = run(*arguments)
    assert done.exit_code == 2
    assert message in done.stderr


def test_an_output_file_is_never_overwritten_unasked(tmp_path: Path) -> None:
    out = tmp_path / "out.jsonl"
    out.write_text("mine", "utf-8")
    assert run("label", SEEDS[0], "-o", out).exit_code == 2
    assert out.read_text("utf-8") == "mine"
    assert run("label", SEEDS[0], "-o", out, "--force").exit_code == 0
    assert json.loads(out.read_text("utf-8"))["id"] == SEEDS[0].stem


def test_the_forms_of_output_hold_the_same_stances(tmp_path: Path) -> None:
    table = tmp_path / "in.csv"
    table.write_text('key,body\n7,"Ilse Marrin accused Orvane of lying. She said the ferry had left."\n8,\n', "utf-8")
    given = ["label", table, "--text-column", "body", "--id-column", "key"]
    flat = run(*given, "--flat", "--errors", tmp_path / "bad.jsonl")
    rows = [json.loads(line) for line in flat.stdout.splitlines()]
    assert [row["article"] for row in rows] == ["7"] * len(rows)
    assert {row["position"] for row in rows} == {"criticism", "none"}
    assert "in.csv:3: no text" in json.loads((tmp_path / "bad.jsonl").read_text("utf-8"))["error"]
    assert run(*given, "--format", "csv", "--add-bom").stdout.startswith("\ufeffarticle,")
    assert run(*given, "-o", tmp_path / "out.parquet").exit_code == 1  # the record without text
    import pandas

    assert pandas.read_parquet(tmp_path / "out.parquet").to_dict("records") == rows
    sure = run(*given, "--flat", "--min-confidence", "0.99").stdout.splitlines()
    assert len(sure) < len(rows)
    assert all(json.loads(line)["confidence"] >= 0.99 for line in sure)
    clash = tmp_path / "clash.jsonl"
    clash.write_text(json.dumps({"id": "same", "key": "k", "body": "He said no.", "text": "x", "made_by": 1}), "utf-8")
    record = json.loads(run("label", clash, "--text-column", "body", "--id-column", "key").stdout)
    assert (record["id"], record["text"]) == ("k", "He said no.")
    assert (record["original_id"], record["original_text"]) == ("same", "x")
    record = json.loads(run(*given).stdout)
    assert set(record["made_by"]) == {"stance", "model", "options"}
    assert len(record["text_hash"]) == 16


def test_actors_are_named_and_told_in_the_record(tmp_path: Path) -> None:
    actors = tmp_path / "actors.toml"
    actors.write_text('[[actor]]\nname = "Marrin, Ilse"\naliases = ["Ilse Marrin"]\nkind = "person"\n', "utf-8")
    done = run("label", "-", "--actors", actors, given="Ilse Marrin accused Orvane of lying.")
    record = json.loads(done.stdout)
    assert record["statements"][0]["speaker"] == ["Marrin, Ilse"]
    assert record["known"] == {"Marrin, Ilse": {"kind": "person"}}


def test_a_model_that_is_not_there_is_one_line() -> None:
    done = run("label", SEEDS[0], "--model", "nowhere")
    assert (done.exit_code, done.stderr) == (1, "stance: nowhere: no such model folder\n")


def test_standard_input() -> None:
    done = run("label", "-", given='"We will leave," the minister said.')
    assert json.loads(done.stdout)["id"] == "stdin"


def test_a_closed_pipe_ends_quietly() -> None:
    command = f"{sys.executable} -c 'from stance.cli import main; main()' label {ROOT / 'seeds'} | head -c 10"
    done = subprocess.run(["bash", "-c", f"set -o pipefail; {command}"], capture_output=True, cwd=ROOT)
    assert done.stderr == b""
    assert len(done.stdout) == 10


def test_check_evaluate_stats_and_import(tmp_path: Path) -> None:
    seeds = ROOT / "data" / "annotations" / "seeds.jsonl"
    assert "5 articles, 73 statements, 0 faults" in run("check", seeds).stderr
    report = json.loads(run("evaluate", seeds, "--predictions", seeds, "--json").stdout)
    assert report["all"]["figures"]["tuple_f1"] == 1.0
    assert "5 articles" in run("stats", seeds).stdout
    broken = json.loads(seeds.read_text("utf-8").splitlines()[0])
    (tmp_path / "part.jsonl").write_text(json.dumps({**broken, "partial": True}), "utf-8")
    done = run("evaluate", tmp_path / "part.jsonl", "--predictions", seeds)
    assert (done.exit_code, f"article {broken['id']} was read in part" in done.stderr) == (1, True)
    broken["statements"][0]["content"] = [[0, 0]]
    (tmp_path / "b.jsonl").write_text(json.dumps(broken), "utf-8")
    done = run("check", tmp_path / "b.jsonl")
    assert done.exit_code == 1
    assert "b.jsonl:1: article" in done.stdout
    (tmp_path / "a.txt").write_text(
        "=== article\nid: x\n=== text\nShe said no.\n=== statements\ncontent: no\ncue: said\n", "utf-8"
    )
    assert run("import", tmp_path / "a.txt", "-o", tmp_path / "a.jsonl").exit_code == 0
    assert run("check", tmp_path / "a.jsonl").exit_code == 0


def test_evaluate_shows_mistakes_and_compares_models(tmp_path: Path) -> None:
    one = tmp_path / "one.jsonl"
    record = json.loads((ROOT / "data" / "annotations" / "seeds.jsonl").read_text("utf-8").splitlines()[1])
    for statement in record["statements"][:3]:
        statement["speaker"] = ["Nobody Known"]
    one.write_text(json.dumps(record) + "\n", "utf-8")
    told = run("evaluate", one, "--compare", ROOT / "models" / "default", "--errors", "2").stdout
    assert "annotated as, found as" in told
    assert re.search(r"tuple_f1 +[01]\.\d{3} +[01]\.\d{3} +\+0\.000", told)
    assert told.count("  annotated  Nobody Known: ") >= 1
    assert told.count("\n  … ") == 2
    data = json.loads(run("evaluate", one, "--compare", ROOT / "models" / "default", "--json").stdout)
    assert data["compare"]["tuple_f1"]["first"] == data["compare"]["tuple_f1"]["second"]
    assert sum(kind["statements"] for name, kind in data["all"]["kinds"].items() if "source" not in name) > 0


def test_models_are_listed_and_a_broken_one_named(tmp_path: Path) -> None:
    told = run("models", ROOT / "models").stdout
    assert "default: " in told
    assert re.search(r"held-out scenarios, \d+ articles: detection_f1 0\.\d{3}, .*tuple_f1 [01]\.\d{3}", told)
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "config.json").write_text("{}", "utf-8")
    assert "expected an object with the number 'format'" in run("models", tmp_path).stdout
    assert run("models", tmp_path / "mine").exit_code == 0
    (tmp_path / "none").mkdir()
    done = run("models", tmp_path / "none")
    assert (done.exit_code, "no model folder there" in done.stderr) == (1, True)


def test_every_command_and_option_has_help() -> None:
    for name, command in main.commands.items():
        assert command.help, name
        for parameter in command.params:
            if parameter.param_type_name == "option":
                assert parameter.help, (name, parameter.name)  # type: ignore[attr-defined]


def test_a_run_that_goes_on_tells_its_errors_anew(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("Orvane must lift the blockade, Ilse Marrin said.", "utf-8")
    (tmp_path / "b.txt").write_text("", "utf-8")
    out, bad = tmp_path / "out.jsonl", tmp_path / "bad.jsonl"
    given = ["label", tmp_path / "a.txt", tmp_path / "b.txt", "-o", out, "--errors", bad]
    assert run(*given).exit_code == 1
    wanted = (out.read_bytes(), bad.read_bytes())
    out.rename(tmp_path / "out.jsonl.part")
    again = run(*given)
    assert again.exit_code == 1
    assert "1 articles were labelled before" in again.stderr
    assert (out.read_bytes(), bad.read_bytes()) == wanted
    assert run(*given).exit_code == 2  # finished: nothing is written over
