"""The README's examples run as printed, on the default model."""

from __future__ import annotations

import doctest
import re

from stance.cli import main
from tests.conftest import ROOT

README = (ROOT / "README.md").read_text("utf-8")


def test_the_examples_in_python_print_what_they_say() -> None:
    blocks = re.findall(r"```python\n(.*?)```", README, re.S)
    assert len(blocks) >= 3
    test = doctest.DocTestParser().get_doctest("\n".join(blocks), {}, "README.md", None, 0)
    runner = doctest.DocTestRunner(optionflags=doctest.NORMALIZE_WHITESPACE)
    runner.run(test)
    assert (runner.failures, runner.tries > 5) == (0, True)


def test_every_command_is_in_the_readme() -> None:
    for name in main.commands:
        assert f"stance {name}" in README or name == "stats", name
