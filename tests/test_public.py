from __future__ import annotations

import subprocess
import sys

import pytest

import stance
from tests.conftest import ROOT


def test_the_public_names_are_documented() -> None:
    for name in stance.__all__:
        assert getattr(stance, name).__doc__, name


def test_import_is_light() -> None:
    code = (
        "import sys, stance; print([m for m in ('torch', 'transformers', 'onnxruntime', 'numpy', 'rich') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)
    assert done.stdout.strip() == "[]"


def test_labelling_needs_no_torch() -> None:
    code = "import sys, stance; stance.classify('He said so.'); print('torch' in sys.modules, 'transformers' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)
    assert done.stdout.strip() == "False False"


def test_a_text_has_to_be_a_text() -> None:
    with pytest.raises(TypeError, match="got bytes"):
        stance.classify(b"bytes")  # type: ignore[arg-type]


def test_a_stance_is_told_only_where_it_is_likelier_than_none() -> None:
    text = (ROOT / "seeds" / sorted(p.name for p in (ROOT / "seeds").glob("*.txt"))[0]).read_text("utf-8")
    found = stance.classify(text)
    assert {bool(statement.stances) for statement in found} == {True, False}
    for statement in found:
        if statement.stances:
            assert max(one.confidence for one in statement.stances) >= statement.scores["none"]
        assert set(statement.named) <= {*statement.speakers, *(one.target for one in statement.stances)}


def test_a_speaker_has_to_be_a_text_too() -> None:
    with pytest.raises(TypeError, match="got int"):
        stance.classify("He left.", speaker=5)  # type: ignore[arg-type]
    with pytest.raises(stance.ArticleError, match="surrogate"):
        stance.classify("He left.", speaker="\ud800")
