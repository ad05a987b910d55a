from __future__ import annotations

import io
import json
import sys
from pathlib import Path

import pytest

import stance
from stance.articles import read_articles
from stance.cleaning import clean
from stance.errors import ArticleError
from stance.records import Article
from tests.conftest import ROOT


def read(*paths: object) -> list[Article | ArticleError]:
    return list(read_articles([str(p) for p in paths]))


def test_the_seeds_show_their_dates_titles_and_places() -> None:
    found = {a.id[:3]: a for a in read(ROOT / "seeds") if isinstance(a, Article)}
    assert [found[n].date for n in sorted(found)] == ["2024-12-05", "2024-12-06", None, "2024-12-05", "2024-12-02"]
    assert found["002"].title == "Erdoğan urges Assad to engage in 'real political process'"
    assert found["002"].place == "ANKARA"
    assert found["004"].title == "Türkiye, US urge de-escalation in Syria, call for cease-fire in Gaza"
    assert found["004"].source == "Caliber.az"
    assert found["000"].text.startswith("President Recep")


def test_the_menu_of_a_dumped_page_is_no_article_text() -> None:
    path = next((ROOT / "seeds").glob("004*"))
    (article,) = read(path)
    assert isinstance(article, Article)
    for words in ("twitter", "WHAT ARE YOU LOOKING FOR", "Views: 112", "share-line", "Follow us", "hyperlink", "A+"):
        assert words not in article.text
    assert article.text.endswith("territorial landscape.")


@pytest.mark.parametrize("path", sorted((ROOT / "seeds").glob("*.txt")), ids=lambda p: p.name[:3])
def test_the_clean_text_maps_back_to_the_file(path: Path) -> None:
    raw = path.read_text("utf-8")
    article = clean(path.stem, raw)
    for start, _, length in article.pieces:
        span = article.original((start, start + length))
        assert span is not None
        assert raw[slice(*span)] == article.text[start : start + length]
    assert sum(length for _, _, length in article.pieces) > 0.9 * len(article.text)


def test_a_dateline_gives_place_and_source() -> None:
    article = clean("x", "SALIN, April 2 (Northern Press) - The harbour was quiet on Tuesday, officials said.")
    assert (article.place, article.source) == ("SALIN", "Northern Press")


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "empty"),
        (b" \n\n", "empty"),
        (b"\x89PNG\x00\x01", "binary"),
        ("Erdoğan".encode("utf-16-be").replace(b"\0", b"\x01") + b"\xff", "not UTF-8"),
        ("caf\u00e9 said".encode("latin-1"), "not UTF-8 (byte 0xe9 at 3)"),
        ("He said no.".encode("utf-16"), "UTF-16"),
        (b"No. " * 75_001, "300,004 characters; an article has at most 300,000"),
        (b"No. " * 1_100_000, "more than 1,200,003 bytes; an article has at most 300,000"),
    ],
)
def test_a_bad_file_is_named_and_the_others_go_on(tmp_path: Path, data: bytes, message: str) -> None:
    (tmp_path / "a.txt").write_bytes(data)
    (tmp_path / "b.txt").write_text("Fine, he said.", "utf-8")
    bad, good = read(tmp_path)
    assert isinstance(bad, ArticleError)
    assert "a.txt" in str(bad)
    assert message in str(bad)
    assert isinstance(good, Article)
    assert good.id == "b"


def test_records_of_jsonl_and_csv(tmp_path: Path) -> None:
    rows = [{"id": "one", "text": "A said B.", "date": "2024-01-02"}, {"id": "two"}, "x", {"text": 3}]
    (tmp_path / "a.jsonl").write_text("\n".join(json.dumps(r) for r in rows) + "\n{broken\n", "utf-8")
    (tmp_path / "b.csv").write_text('id,text\nc1,"He said ""no"",\nthen left."\nc2,\n', "utf-8")
    found = read(tmp_path / "a.jsonl", tmp_path / "b.csv")
    good = [a for a in found if isinstance(a, Article)]
    bad = [str(a) for a in found if isinstance(a, ArticleError)]
    assert [(a.id, a.date) for a in good] == [("one", "2024-01-02"), ("c1", None)]
    assert good[1].text == 'He said "no",\nthen left.'
    for place, words in (
        ("a.jsonl:2", "no text"),
        ("a.jsonl:3", "expected an object"),
        ("a.jsonl:4", "'text'"),
        ("a.jsonl:5", "no JSON"),
    ):
        assert any(place in b and words in b for b in bad)
    assert any("b.csv:4" in b and "(id c2)" in b for b in bad)


def test_csv_says_where_it_is_broken(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("id,text\n1,He said no, then left.\n2,Fine he said.\n", "utf-8")
    bad, good = read(tmp_path / "a.csv")
    assert "a.csv:2: more fields than columns" in str(bad)
    assert isinstance(good, Article)
    long = "word " * 40_000
    (tmp_path / "b.csv").write_text(f'id,text\n1,"{long}"\n2,Fine.\n', "utf-8")
    assert [len(a.text) for a in read(tmp_path / "b.csv") if isinstance(a, Article)] == [len(long), 5]


def test_other_fields_of_a_record_are_kept_and_half_characters_refused(tmp_path: Path) -> None:
    rows = [{"id": "one", "text": "A said B.", "url": "x", "n": 3}, {"id": "two", "text": "half \ud800 pair"}]
    (tmp_path / "a.jsonl").write_text("\n".join(json.dumps(r) for r in rows), "utf-8")
    good, bad = read(tmp_path / "a.jsonl")
    assert isinstance(good, Article)
    assert good.meta == {"url": "x", "n": 3}
    assert "a.jsonl:2: half a surrogate pair in this text (id two)" in str(bad)


def test_records_that_are_too_long_or_binary_are_named(tmp_path: Path) -> None:
    rows = [
        {"id": "long", "text": "No. " * 75_001},
        {"id": "nul", "text": "No.\0"},
        {"id": "\ud800"},
        {"text": "No. " * 75_000},
    ]
    (tmp_path / "a.jsonl").write_text("\n".join(json.dumps(r) for r in rows), "utf-8")
    long, nul, half, good = read(tmp_path / "a.jsonl")
    assert "a.jsonl:1: 300,004 characters (id long); an article has at most 300,000" in str(long)
    assert "a.jsonl:2: binary (a NUL in this text) (id nul)" in str(nul)
    assert str(half).endswith("a.jsonl:3: no text in this record")
    assert isinstance(good, Article)
    with pytest.raises(ArticleError, match="1,000,001 characters; an article has at most"):
        stance.classify("x" * 1_000_001)


def test_quotations_in_a_dump_are_never_taken_for_its_menu() -> None:
    menu = "Home\nNews\nWorld\nLogin\nSubscribe\n"
    body = (
        "The ministers met for nine hours in the harbour town on Monday and agreed on little.\n"
        "Both sides will sign in Doha on Tuesday, she said.\n"
        '"All must share this burden," Larkin said.\n'
        '"Never again," he said.\n'
    )
    article = clean("x", menu + body + "Follow us\nPrint\n")
    for words in ("sign in Doha", "share this burden", "Never again"):
        assert words in article.text
    for words in ("Login", "Subscribe", "Follow us", "Print"):
        assert words not in article.text


def test_one_path_is_as_good_as_a_list(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("He said so.", "utf-8")
    assert [a.id for a in read_articles(str(tmp_path / "a.txt")) if isinstance(a, Article)] == ["a"]


def test_html_without_its_extra_does_not_stop_the_rest(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "trafilatura", None)
    (tmp_path / "a.html").write_text("<p>Hello</p>", "utf-8")
    (tmp_path / "b.txt").write_text("He said so.", "utf-8")
    bad, good = read(tmp_path)
    assert "pip install 'stance-classifier[html]'" in str(bad)
    assert isinstance(good, Article)


def test_ids_stay_apart_and_unknown_kinds_are_named(tmp_path: Path) -> None:
    for folder in ("x", "y"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "same.txt").write_text("He said so.", "utf-8")
    (tmp_path / "z.pdf").write_text("no", "utf-8")
    found = read(tmp_path / "x", tmp_path / "y", tmp_path / "z.pdf")
    names = [a.id for a in found if isinstance(a, Article)]
    assert names[0] == "same"
    assert names[1].endswith("y/same")
    assert "unknown kind" in str(found[2])


def test_standard_input(monkeypatch: pytest.MonkeyPatch) -> None:
    class Input:
        buffer = io.BytesIO(b"He said so.")

    monkeypatch.setattr("sys.stdin", Input())
    (article,) = read("-")
    assert isinstance(article, Article)
    assert (article.id, article.text) == ("stdin", "He said so.")


def test_html(tmp_path: Path) -> None:
    pytest.importorskip("trafilatura")
    body = "".join(
        f"<p>The minister said on day {i} that the border would stay closed until the army withdrew.</p>" for i in range(6)
    )
    (tmp_path / "page.html").write_text(
        f"<html><head><title>Border</title></head><body><nav>Menu Home</nav><article>"
        f"<h1>Border</h1>{body}</article></body></html>",
        "utf-8",
    )
    (article,) = read(tmp_path / "page.html")
    assert isinstance(article, Article)
    assert "The minister said on day 3" in article.text
    assert "Menu" not in article.text


def packed(name: str, data: bytes) -> bytes:
    import gzip

    import zstandard

    return {"gz": gzip.compress, "zst": zstandard.ZstdCompressor().compress}[name](data)


@pytest.mark.parametrize("ending", ["gz", "zst"])
def test_packed_files_are_read_and_torn_ones_named(ending: str, tmp_path: Path) -> None:
    rows = "\n".join(json.dumps({"id": f"r{n}", "text": f"He said {n}. " + "x" * 500}) for n in range(3000))
    whole = packed(ending, rows.encode())
    (tmp_path / f"a.jsonl.{ending}").write_bytes(whole)
    (tmp_path / f"b.txt.{ending}").write_bytes(packed(ending, b"He said so."))
    (tmp_path / f"c.jsonl.{ending}").write_bytes(whole[: len(whole) // 2])
    (tmp_path / f"d.csv.{ending}").write_bytes(b"no archive")
    (tmp_path / f"e.png.{ending}").write_bytes(b"left alone")
    found = read(tmp_path)
    (tmp_path / "f.txt").mkdir()
    (tmp_path / "f.txt" / f"g.txt.{ending}").write_bytes(packed(ending, ("He said so. " * 5000).encode())[:-8])
    found += read(tmp_path / "f.txt")
    good = [a for a in found if isinstance(a, Article)]
    bad = [str(a) for a in found if isinstance(a, ArticleError)]
    assert any(f"g.txt.{ending}" in b for b in bad)
    assert not any(a.id == "g" for a in good)
    assert [a.id for a in good[:3000]] == [f"r{n}" for n in range(3000)]
    assert good[3000].id == "b"
    assert any(f"c.jsonl.{ending}" in b for b in bad)
    assert any(f"d.csv.{ending}" in b for b in bad)
    assert not any("e.png" in b for b in bad)


def test_parquet_and_columns_of_other_names(tmp_path: Path) -> None:
    import datetime

    import pyarrow
    import pyarrow.parquet

    table = {"key": [7, 8], "body": ["He said so.", None], "date": [datetime.date(2024, 1, 2)] * 2, "n": [1.5, 2.5]}
    pyarrow.parquet.write_table(pyarrow.table(table), tmp_path / "a.parquet")
    (tmp_path / "b.parquet").write_bytes(b"PAR1 torn")
    good, empty, torn = read_articles([tmp_path], text_column="body", id_column="key")
    assert isinstance(good, Article)
    assert (good.id, good.text, good.date, good.meta) == ("7", "He said so.", "2024-01-02", {"n": 1.5})
    assert "a.parquet:2: no text in this record (id 8)" in str(empty)
    assert "b.parquet: no Parquet" in str(torn)
    (wrong,) = read_articles(tmp_path / "a.parquet")
    assert "no column 'text'; the columns are key, body, date, n" in str(wrong)
    (tmp_path / "c.jsonl").write_text('{"text": "x", "id": 1}\n', "utf-8")
    (missing,) = read_articles(tmp_path / "c.jsonl", text_column="body")
    assert "c.jsonl:1: no field 'body' (id 1)" in str(missing)


def test_globs_stand_for_files(tmp_path: Path) -> None:
    (tmp_path / "deep").mkdir()
    for name in ("a.txt", "b.txt", "deep/c.txt", "d.csv"):
        (tmp_path / name).write_text("He said so.", "utf-8")
    assert [a.id for a in read(tmp_path / "*.txt") if isinstance(a, Article)] == ["a", "b"]
    assert [a.id for a in read(tmp_path / "**" / "*.txt") if isinstance(a, Article)] == ["a", "b", "c"]
    (none,) = read(tmp_path / "*.md")
    assert "*.md: no such file" in str(none)


def test_one_broken_line_does_not_stop_a_long_file(tmp_path: Path) -> None:
    lines = [b'{"text": "He said so."}'] * 4
    lines[1] = b'{"text": "caf\xe9"}'
    lines[2] = b'{"text": "\x00"}'
    (tmp_path / "a.jsonl").write_bytes(b"\n".join(lines))
    found = [str(a) if isinstance(a, ArticleError) else "good" for a in read(tmp_path / "a.jsonl")]
    assert found[0] == found[3] == "good"
    assert "a.jsonl:2: not UTF-8" in found[1]
    assert "a.jsonl:3: binary" in found[2]
    (tmp_path / "b.csv").write_bytes(b"id,text\n1,Fine.\n2,caf\xe9\n")
    assert any("b.csv" in str(a) and "not UTF-8" in str(a) for a in read(tmp_path / "b.csv"))


def test_a_record_that_json_cannot_hold_is_named(tmp_path: Path) -> None:
    import datetime

    import pyarrow
    import pyarrow.parquet

    rows = {"text": ["He said so."], "when": [[datetime.datetime(2024, 1, 2, 3)]], "raw": [b"x"], "n": [float("nan")]}
    pyarrow.parquet.write_table(pyarrow.table(rows), tmp_path / "a.parquet")
    (good,) = read(tmp_path / "a.parquet")
    assert isinstance(good, Article)
    assert json.loads(json.dumps(good.meta)) == {"when": ["2024-01-02T03:00:00"], "raw": "b'x'", "n": None}
    pyarrow.parquet.write_table(pyarrow.table({"text": [b"He said so."]}), tmp_path / "b.parquet")
    (bad,) = read(tmp_path / "b.parquet")
    assert "expected 'text' to be a text, found bytes" in str(bad)
    lines = ['{"text": "x", "title": "\\ud800"}', '{"text": "x", "n": 1' + "0" * 5000 + "}", '{"text": "fine"}']
    (tmp_path / "c.jsonl").write_text("\n".join(lines), "utf-8")
    first, second, third = read(tmp_path / "c.jsonl")
    assert "c.jsonl:1: half a surrogate pair in this record" in str(first)
    assert "c.jsonl:2: no JSON" in str(second)
    assert isinstance(third, Article)
