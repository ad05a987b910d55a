"""Examples in docs/ that can run here do."""

from __future__ import annotations

import json
import re
from typing import Any

import pandas

import stance
from tests.conftest import ROOT


def test_the_function_for_spark_labels_frames() -> None:
    page = (ROOT / "docs" / "cluster.md").read_text("utf-8")
    found = re.search(r"<!-- spark -->\n```python\n(.*?)```", page, re.S)
    assert found
    names: dict[str, Any] = {}
    exec(found.group(1), names)
    text = "Ilse Marrin accused Orvane of lying."
    (frame,) = names["label"](iter([pandas.DataFrame({"id": [7, 8], "text": [text, "No."]})]))
    assert list(frame["id"]) == [7, 8]
    first, second = (json.loads(record) for record in frame["record"])
    assert (first["id"], first["text"], second["statements"]) == ("7", text, [])
    assert [s["stances"][0]["target"] for s in first["statements"]] == [stance.classify(text)[0].target]
