from __future__ import annotations

import pytest

from stance.names import NameTable, bare, fold

TEXT = (
    "President Recep Tayyip Erdoğan met Russian Foreign Minister Sergei Ivanovich Larkin on Monday. Erdogan said Ankara "
    "and Moscow agreed. Türkiye and Russia talk often. Bilal Duman Kaya was there, and so was his brother Ali Duman. "
    "Rebels from Hayat Tahrir al-Sham (HTS) fought the Syrian army. The Turkish Foreign Ministry was silent; "
    "the ministry had no comment. Omar and Leyla Duman left early. Leyla Duman waved."
)


@pytest.mark.parametrize(
    ("words", "name", "how"),
    [
        ("Erdogan", "Recep Tayyip Erdoğan", "surname"),
        ("President Erdoğan", "Recep Tayyip Erdoğan", "surname"),
        ("Larkin", "Sergei Ivanovich Larkin", "surname"),
        ("Ankara", "Türkiye", "capital"),
        ("Moscow's", "Russia", "capital"),
        ("HTS", "Hayat Tahrir al-Sham", "acronym"),
        ("the ministry", "Turkish Foreign Ministry", "role"),
        ("the army", "Syrian army", "role"),
        ("the Turkish Foreign Ministry", "Turkish Foreign Ministry", "exact"),
        ("rebels", "rebels", "as-written"),
        ("a senior official", "senior official", "as-written"),
    ],
)
def test_mentions_go_to_the_fullest_name(words: str, name: str, how: str) -> None:
    found = NameTable(TEXT).resolve(words)
    assert (found.name, found.how) == (name, how)


def test_a_shared_surname_is_left_as_it_stands() -> None:
    assert NameTable(TEXT).resolve("Duman").name == "Duman"


@pytest.mark.parametrize(
    ("words", "name"),
    [
        ("U.S. Secretary of State Antony Blinken", "Antony Blinken"),
        ("Gen. Ali Doe", "Ali Doe"),
        ("the U.N. Security Council", "U.N. Security Council"),
        ("Iran's", "Iran"),
        ("“Mr. Doe,”", "Doe"),
    ],
)
def test_titles_and_articles_fall_off(words: str, name: str) -> None:
    assert bare(words) == name


def test_folding_ignores_accents_and_points() -> None:
    assert fold("U.S.") == fold("US") == ("us",)
    assert fold("Erdoğan") == fold("Erdogan")
