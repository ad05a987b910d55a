from __future__ import annotations

import pytest

from stance.names import NameTable, bare, fold, is_person

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
        ("Turkish", "Türkiye", "capital"),
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


def test_a_role_goes_to_the_name_that_follows_it() -> None:
    text = (
        "The harbour minister, Ilse Marrin, said no. The minister, after a pause, said yes. The rebels, Orvane said, had gone."
    )
    table = NameTable(text)
    for words, name, how in (
        ("The harbour minister", "Ilse Marrin", "apposition"),
        ("The minister", "Ilse Marrin", "role"),
        ("The rebels", "rebels", "as-written"),
    ):
        (found,) = table.resolve_all(words, before=text.index(words))
        assert (found.name, found.how) == (name, how)


def test_a_mention_ends_before_its_verb_and_pairs_of_roles_are_two() -> None:
    text = "Turks ran and the police and protesters stayed. Those who gave the order ran."
    table = NameTable(text)
    assert [r.name for r in table.resolve_all("Turks ran", before=0)] == ["Turks"]
    assert [r.name for r in table.resolve_all("the police and protesters")] == ["police", "protesters"]
    assert [r.name for r in table.resolve_all("Those who gave the order")] == ["Those who gave the order"]
    assert [r.name for r in table.resolve_all("all parties to engage seriously")] == ["all parties"]
    assert bare("Prime Minister in Exile Ilse Marrin") == "Ilse Marrin"


def test_names_that_also_stand_alone_are_two_however_often_they_stand_together() -> None:
    text = "Orvane and Lissen met. Orvane and Lissen parted. Orvane said no. Lissen said yes. " + 2 * "Food and Drug Board. "
    table = NameTable(text)
    assert [r.name for r in table.resolve_all("Orvane and Lissen")] == ["Orvane", "Lissen"]
    assert [r.name for r in table.resolve_all("Food and Drug Board")] == ["Food and Drug Board"]


def test_a_capital_is_surely_its_country() -> None:
    table = NameTable("Washington said Iran fired. The United States waited.")
    found = table.resolve("Washington")
    assert (found.name, found.how, table.is_sure(found)) == ("United States", "capital", True)


def test_an_adjective_is_its_country_even_where_no_name_of_it_stands() -> None:
    table = NameTable("The minister blamed an Iranian attack. Damascus was silent, and so was the U.S. Navy.")
    assert [(r.name, r.how) for r in map(table.resolve, ("Iranian", "Damascus", "U.S."))] == [
        ("Iran", "capital"),
        ("Damascus", "exact"),
        ("U.S.", "as-written"),
    ]


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
        ("Ilse Marrin Monday", "Ilse Marrin"),
        ("those who marched on Sunday", "those who marched on Sunday"),
        ("Commodore Levi Sutton", "Levi Sutton"),
        ("supporters of President Ilse Marrin", "supporters of President Ilse Marrin"),
        ("spokesman for President Ilse Marrin", "spokesman for President Ilse Marrin"),
        ("Secretary of State and Vice-President Ilse Marrin", "Ilse Marrin"),
        ("Harbour Board chief negotiator Ilse Marrin", "Ilse Marrin"),
        ("Vice-President Ilse Marrin", "Ilse Marrin"),
        ("Senator Ilse Marrin of Lissen", "Ilse Marrin"),
        ("University of Lissen", "University of Lissen"),
        ("Today's Harbour Board", "Harbour Board"),
        ("the", ""),
    ],
)
def test_titles_articles_and_weekdays_fall_off(words: str, name: str) -> None:
    assert bare(words) == name


def test_folding_ignores_accents_and_points() -> None:
    assert fold("U.S.") == fold("US") == ("us",)
    assert fold("Erdoğan") == fold("Erdogan")


@pytest.mark.parametrize(
    ("words", "name"),
    [
        ("Larkin's refusal to meet", "Larkin"),
        ("Orvane's heavy bombing of the harbour", "Orvane"),
        ("Russian air strikes on the harbour", "Russia"),
        ("Orvane's army", "Orvane's army"),
        ("Russian army", "Russian army"),
        ("Larkin over the harbour", "Larkin"),
        ("Doctors in the harbour", "Doctors in the harbour"),
        ("Orvane's war spokesman", "Orvane's war spokesman"),
        ("Russian commander in charge of the port", "Russian commander in charge of the port"),
    ],
)
def test_what_was_done_stands_for_who_did_it(words: str, name: str) -> None:
    text = "Sergei Larkin spoke in Russia. Larkin's refusal to meet Orvane angered Orvane's army. Doctors in the harbour wept."
    assert NameTable(text).resolve(words).name == ("Sergei Larkin" if name == "Larkin" else name)


def test_a_word_that_opens_a_sentence_is_no_part_of_a_name() -> None:
    text = "Maybe Ilse Marrin knows. Despite Orvane, Ilse Marrin said so."
    assert NameTable(text).resolve("Marrin").name == "Ilse Marrin"


def test_he_is_no_country_and_no_newspaper() -> None:
    assert all(map(is_person, ("Ilse Marrin", "senior official")))
    assert not any(map(is_person, ("Russia", "Salin Times", "opinion polls", "UN", "Green Party")))


def test_an_institution_speaks_for_its_country() -> None:
    table = NameTable("Orvane and Russia talked. Orvane's foreign ministry and the Russian general staff agreed.")
    for name, country in (
        ("Orvane's foreign ministry", "Orvane"),
        ("Russian general staff", "Russia"),
        ("Ilse Marrin", "Ilse Marrin"),
    ):
        assert table.spoken_for(name) == country


@pytest.mark.parametrize(
    ("words", "name"),
    [
        ("the left-back Levi Sutton", "Levi Sutton"),
        ("former treasurer Ilse Marrin", "Ilse Marrin"),
        ("exiled Orvane Congress", "Orvane Congress"),
        ("spokesman for the Orvane Congress", "spokesman for the Orvane Congress"),
        ("diplomats in Port Harrow", "diplomats in Port Harrow"),
        ("al-Hadi Sutton", "al-Hadi Sutton"),
        ("van der Berg", "van der Berg"),
        ("the Orvane news agency OLNA", "OLNA"),
        ("The Larkin newspaper “Voice of the Harbour”", "Voice of the Harbour"),
        ("human rights group Watch for the North", "Watch for the North"),
        ("a nurse with the charity Blue Lantern", "nurse with the charity Blue Lantern"),
        ("shipping company Larkin's lawyer", "shipping company Larkin's lawyer"),
        ("Orvane News Agency", "Orvane News Agency"),
    ],
)
def test_what_somebody_is_falls_off_before_the_name(words: str, name: str) -> None:
    assert NameTable("").resolve(words).name == name


def test_names_of_one_list_stand_together() -> None:
    text = "Orvane and Salin must stop. Ilse Marrin, Levi Sutton or the Harbour Board lied, and Ana Bel, Uma Lark said so."
    table = NameTable(text)

    def beside(name: str, end: int = len(text)) -> list[str]:
        return [one.name for one in table.beside(name, [(0, end)])]

    assert beside("Salin") == ["Orvane"]
    assert beside("Sutton") == []
    assert beside("Levi Sutton") == ["Ilse Marrin", "Harbour Board"]
    assert beside("Uma Lark") == beside("Orvane", 10) == beside("Tomas Reed") == []


@pytest.mark.parametrize(
    ("words", "name"),
    [
        ("an Orvane Watch report published on Sunday", "Orvane Watch"),
        ("the Harbour Ministry's last statement", "Harbour Ministry"),
        ("a poll by the Larkin Institute", "Larkin Institute"),
        ("a statement issued by the Harbour Ministry", "Harbour Ministry"),
        ("the Orvane Post editorial board", "Orvane Post editorial board"),
        ("reports from hospitals", "reports from hospitals"),
        ("hospital records", "hospital records"),
    ],
)
def test_a_document_stands_for_who_issued_it(words: str, name: str) -> None:
    assert NameTable("").resolve(words).name == name


@pytest.mark.parametrize(
    ("words", "name", "how"),
    [
        ("the UN chief", "Ilse Marrin", "role"),
        ("the UN envoy", "Levi Sutton", "role"),
        ("the Orvane foreign minister", "Ana Bel", "role"),
        ("the foreign minister", "Ana Bel", "role"),
        ("the deputy foreign minister", "Uma Lark", "role"),
        ("Salin's prime minister", "Tomas Reed", "role"),
        ("the harbour minister", "harbour minister", "as-written"),
        ("the president", "president", "as-written"),
    ],
)
def test_an_office_goes_to_the_only_one_who_holds_it(words: str, name: str, how: str) -> None:
    text = (
        "UN Secretary-General Ilse Marrin met Levi Sutton, the UN special envoy. Orvane foreign minister Ana Bel and "
        "her deputy foreign minister Uma Lark left. Salin's prime minister, Tomas Reed, said the harbour minister stays. "
        "Former President Ada Quill spoke."
    )
    found = NameTable(text).resolve(words)
    assert (found.name, found.how) == (name, how)


@pytest.mark.parametrize(
    ("text", "words", "name"),
    [
        ("Spokesman Levi Sutton left.", "a spokesman", "spokesman"),
        ("The prime minister's spokesman, Levi Sutton, left.", "the prime minister", "prime minister"),
        ("Secretary-General Ilse Marrin left.", "the general", "general"),
        ("US President Levi Sutton called. President Marrin refused.", "the president", "president"),
        ("Orvane's Foreign Minister Ilse Marrin left.", "Orvane's leader", "Orvane's leader"),
        ("Senator Levi King met King Hugh Hill.", "King", "Levi King"),
        ("Vice President Ilse Marrin met President Levi Sutton.", "the president", "Levi Sutton"),
        ("Israel struck again.", "an Israeli statement", "Israel"),
    ],
)
def test_an_office_is_not_somebody_elses(text: str, words: str, name: str) -> None:
    assert NameTable(text).resolve(words).name == name


def test_it_is_nobody_with_a_title() -> None:
    table = NameTable(
        "Minister Ilse Marrin met Hugh Hill, the prime minister. Levi Sutton and the Orvane Council left. Marrin spoke."
    )
    assert [n for n in ("Ilse Marrin", "Hugh Hill", "Levi Sutton", "Orvane Council", "Orvane") if table.has_title(n)] == [
        "Ilse Marrin",
        "Hugh Hill",
    ]


def test_the_paper_is_the_one_that_is_named() -> None:
    table = NameTable("The Lissen Times asked Levi Sutton. The Orvane Herald did not.")
    assert table.paper(["Levi Sutton", "Orvane Herald"]) == "Orvane Herald"
    assert table.paper(["Levi Sutton"]) is None
    assert NameTable("The Lissen Times asked Levi Sutton.").paper([]) == "Lissen Times"


@pytest.mark.parametrize(
    "text", ["Mr " * 20_000 + "Xx", " ".join(f"The Q{n:05d}Z ran." for n in range(5_000)).replace("0", "O")]
)
def test_odd_texts_are_read(text: str) -> None:
    assert NameTable(text).resolve("Nobody").name == "Nobody"


def test_a_role_inside_a_hyphenated_word_is_none() -> None:
    table = NameTable("Work goes from Tarn Motors to non-union workers, the union said.")
    assert table.resolve("the union").name == "union"
