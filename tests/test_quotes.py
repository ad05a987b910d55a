from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stance.quotes import paragraphs, quotations


def words(text: str) -> list[str]:
    return [text[a:b] for a, b in quotations(text)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('He said "no" and "yes."', ['"no"', '"yes."']),
        ("«Нет», he said", ["«Нет»"]),
        ("“a ‘b’ c” and more", ["“a ‘b’ c”"]),
        ("'The workers' rights are gone,' he said.", ["'The workers' rights are gone,'"]),
        ("The workers' rights and the minister's car", []),
        ("Ministers say ‘don’t do it’ now", ["‘don’t do it’"]),
        ("''Leave,'' he told them", ["''Leave,''"]),
        ("''Don't leave,'' he told them", ["''Don't leave,''"]),
        ("``I don't know,'' he said", ["``I don't know,''"]),
        ("the '90s were 'great' years", ["'great'"]),
        ('said: "The Secretary addressed "ongoing efforts."', ['"The Secretary addressed "ongoing efforts."']),
    ],
)
def test_marks_are_paired_by_kind(text: str, expected: list[str]) -> None:
    assert words(text)[: len(expected)] == expected


def test_a_quotation_over_paragraphs_reopens() -> None:
    assert words("“First part.\n\n“Second part,” she said.") == ["“First part.", "“Second part,”"]


def test_an_unpaired_mark_leaves_the_others_alone() -> None:
    text = 'A 5" gun stood there. She said "leave" and "now".\n\nHe said "yes".'
    assert words(text)[-3:] == ['"leave"', '"now"', '"yes"']


def test_lines_are_paragraphs_unless_the_text_is_wrapped() -> None:
    assert len(paragraphs("One line here.\nAnother line here.\nThird.")) == 3
    wrapped = (
        "The minister told reporters that the\nborder would be opened again before the\n"
        "end of the week, and that the army would\nleave the town by then, as he had\npromised in May.\n\nNobody believed it."
    )
    assert [wrapped[a:b].split()[0] for a, b in paragraphs(wrapped)] == ["The", "Nobody"]


@given(st.text(alphabet="ab .,\n\"'“”‘’«»", max_size=60))
def test_quotations_lie_inside_the_text_in_order(text: str) -> None:
    last = 0
    for start, end in quotations(text):
        assert last <= start < end <= len(text)
        last = end


@given(st.text(max_size=80))
def test_paragraphs_hold_everything_but_white_space(text: str) -> None:
    spans = paragraphs(text)
    assert all(a < b for a, b in spans)
    outside = "".join(text[a:b] for a, b in zip([0, *(e for _, e in spans)], [*(s for s, _ in spans), len(text)], strict=True))
    assert not outside.strip()


def test_thousands_of_unclosed_marks_are_no_trouble() -> None:
    assert quotations("“a b " * 3000) == []
    assert words("“ " * 2000 + 'he said "no"') == ['"no"']
