"""Counts of annotated articles, and the plan that they are held against."""

from __future__ import annotations

from pathlib import Path

import pytest

from stance.annotations import article_from_dict
from stance.errors import AnnotationError
from stance.markup import parse
from stance.records import AnnotatedArticle
from stance.stats import counts, lines, read_plan

RAW = """=== article
id: one
genre: news wire
contrasts: irony; truce
=== text
Ilse Marrin and Jon Abel said on Monday that the "Blue Line" holds. The council hopes for more.

A call by Orvane for talks came late. "Enough," Marrin then also said.
"It is over," she said. "Go home."
=== statements
content: the "Blue Line" holds
cue: said
source: Ilse Marrin and Jon Abel
speaker: Ilse Marrin; Jon Abel

content: for talks
cue: call
source: Orvane
speaker: Orvane
stance: deescalation > null

content: "Enough,"
cue: said
source: Marrin
speaker: Ilse Marrin
stance: criticism > both sides
stance: deescalation > Orvane

content: "It is over,"
content: "Go home."
cue: said
source: she
speaker: Ilse Marrin
=== article
id: two
genre: news wire
=== text
He wrote it in ''The Long Winter'', a book. Nobody spoke, and it was late already when the lamps went out.
=== statements
=== article
id: three
=== text
It was late already when the lamps went out.
=== statements
"""


@pytest.fixture(scope="module")
def articles() -> list[AnnotatedArticle]:
    return [article_from_dict(record) for record in parse(RAW)]


def test_what_is_counted(articles: list[AnnotatedArticle]) -> None:
    found = counts(articles)
    assert found["all"] == {"articles": 3, "words": 68, "statements": 4, "scenarios": 3, "cues": 2}
    assert found["first position"] == {"none": 2, "deescalation": 1, "criticism": 1}
    assert found["stances"] == {
        "several in a statement": 1, "no target": 1, "both sides or all parties": 1, "one named target": 1,
    }  # fmt: skip
    assert found["order"] == {"source cue content": 1, "cue source content": 1, "content source cue": 1, "split": 1}
    assert found["saying"]["several speakers"] == 1
    assert found["saying"]["noun cue"] == 1
    assert found["saying"]["adverb between"] == 1
    assert found["no statement"]["quotation marks around a name or a scare quote"] == 1
    assert found["no statement"]["belief, plan or vote without a saying"] == 1
    assert found["quotation marks"] == {"straight": 1, "doubled": 1, "none": 1}
    assert found["contrasts"] == {"irony": 1, "truce": 1}
    assert found["genre"] == {"news wire": 2}


def test_what_returns_in_another_scenario(articles: list[AnnotatedArticle]) -> None:
    returning = counts(articles)["returning"]
    assert returning["runs of 8 words in several scenarios"] == 2
    assert returning["names of speakers in several scenarios"] == 0


def test_the_plan_says_what_is_missing(articles: list[AnnotatedArticle], tmp_path: Path) -> None:
    page = tmp_path / "PLAN.md"
    page.write_text('# Plan\n```toml\n[genre]\n"news wire" = 2\nreport = 1\n["first position"]\nnone = [0.4, 0.6]\n```\n')
    told = list(lines(articles, read_plan(page)))
    assert "plan: 2 of 3 quotas met" in told
    assert "  ! genre, report: 0 of 1" in told
    assert "    first position, none: 50.0% of 40% to 60%" in told


@pytest.mark.parametrize("block", ["[genre]\nwire = 'many'", "[genre]\nwire = [0.1]", "genre = 3", "[genre"])
def test_a_plan_that_cannot_be_read(block: str, tmp_path: Path) -> None:
    page = tmp_path / "PLAN.md"
    page.write_text(f"```toml\n{block}\n```\n")
    with pytest.raises(AnnotationError, match=r"PLAN\.md"):
        read_plan(page)
