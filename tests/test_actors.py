"""One name across articles."""

from __future__ import annotations

from pathlib import Path

import pytest

import stance
from stance.actors import Actor, Actors, read_actors
from stance.records import Stance, Statement

ROOT = Path(__file__).parent.parent
ERDOGAN = Actor(name="Recep Tayyip Erdoğan", aliases=("Turkish president",), wikidata="Q39259", kind="person")


def statement(*speakers: str, target: str | None = None) -> Statement:
    return Statement(
        text="no", content=((0, 2),), cue=None, source=None, speakers=speakers, scores={}, confidence=1.0,
        stances=(Stance(position="criticism", target=target),), named=dict.fromkeys(speakers, "exact"),
    )  # fmt: skip


def test_spellings_and_titles_lead_to_one_name() -> None:
    actors = Actors([ERDOGAN])
    for name in ("Recep Tayyip Erdogan", "President Recep Tayyip Erdoğan", "the Turkish President", "TURKISH PRESIDENT"):
        found = actors.find(name)
        assert found is ERDOGAN, name
    assert actors.find("Bilal Erdoğan") is None
    assert actors.find("Erdoğan") is None  # nothing is guessed: the file does not give the surname alone


def test_speakers_and_targets_get_the_name_of_the_file() -> None:
    actors = Actors([ERDOGAN])
    found = actors.named(statement("Recep Tayyip Erdogan", "the Turkish president", "Ilse Marrin", target="Turkish president"))
    assert found.speakers == ("Recep Tayyip Erdoğan", "Ilse Marrin")
    assert found.target == "Recep Tayyip Erdoğan"
    assert found.named["Recep Tayyip Erdoğan"] == "exact"
    assert actors.known([found]) == {"Recep Tayyip Erdoğan": {"wikidata": "Q39259", "kind": "person"}}
    assert actors.named(statement("Jon Abel")).stances[0].target is None


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[[actor]]\nalias = 'x'", "actor 1: expected name"),
        ("[[actor]]\nname = 'A B'\naliases = 'x'", "actor A B: expected 'aliases'"),
        ("[[actor]]\nname = 'A B'\nwikidata = 5", "'wikidata' to be a text"),
        ("[[actor]]\nname = 'A B'\n[[actor]]\nname = 'C'\naliases = ['President A B']", "both of A B and of C"),
        ("[[actor]]\nname = '…'", "empty"),
        ("actor = 5", "tables"),
        ("name = 'x'", "tables"),
        ("[[actor", "cannot be read"),
    ],
)
def test_a_file_that_is_none_is_refused_by_name(text: str, message: str, tmp_path: Path) -> None:
    path = tmp_path / "actors.toml"
    path.write_text(text, "utf-8")
    with pytest.raises(stance.ActorsError, match=message) as fault:
        read_actors(path)
    assert str(path) in str(fault.value)


def test_the_actors_of_the_seeds_join_their_spellings() -> None:
    actors = stance.read_actors(ROOT / "seeds" / "actors.toml")
    text = (ROOT / "seeds" / "000_c7f32aaca15098cd.txt").read_text("utf-8")
    names = {name for s in stance.classify(text) for name in actors.named(s).speakers}
    assert "Recep Tayyip Erdoğan" in names
    assert not names & {"Recep Tayyip Erdogan", "Erdogan"}
    known = actors.known([actors.named(s) for s in stance.classify(text)])
    assert known["Recep Tayyip Erdoğan"]["wikidata"] == "Q39259"
