from __future__ import annotations

from dataclasses import replace

from stance.evaluate import MISSED, difference, evaluate, matched, mistakes, overlap, same_name
from stance.records import AnnotatedArticle, Stance

POSITIONS = ("deescalation", "criticism")


def test_a_perfect_reading_has_all_figures_at_one(article: AnnotatedArticle) -> None:
    report = evaluate([article], {"harbour": article.statements}, POSITIONS)
    assert {name: value for name, value in report.figures.items() if value != 1.0} == {"position_macro_f1": 0.0}


def test_nothing_found_has_no_tuple(article: AnnotatedArticle) -> None:
    report = evaluate([article], {}, POSITIONS)
    assert (report.predicted, report.figures["tuple_f1"], report.figures["detection_f1"]) == (0, 0.0, 0.0)


def test_a_tuple_needs_statement_speaker_position_and_target(article: AnnotatedArticle) -> None:
    first, second = article.statements
    # three gold tuples: (s1, deescalation), (s1, criticism), (s2, none)
    wrong_target = replace(first, stances=(first.stances[0], Stance(position="criticism", target="Nobody")))
    report = evaluate([article], {"harbour": [wrong_target, second]}, POSITIONS)
    assert report.figures["tuple_f1"] == 2 / 3
    wrong_speaker = replace(first, speaker=("Orvane",))
    report = evaluate([article], {"harbour": [wrong_speaker, second]}, POSITIONS)
    assert report.figures["speaker_accuracy"] == 0.5
    assert report.figures["tuple_f1"] == 1 / 3
    none = replace(first, stances=())
    report = evaluate([article], {"harbour": [none, second]}, POSITIONS)
    assert report.figures["position_accuracy"] == 0.5
    assert report.figures["tuple_f1"] == 1 / 2.5
    assert report.confusion[("deescalation", "none")] == 1


def test_statements_match_one_to_one_from_half_overlap(article: AnnotatedArticle) -> None:
    first, second = article.statements
    start, end = first.content[0]
    half = replace(first, content=((start, start + (end - start) // 2 + 1),))
    less = replace(first, content=((start, start + (end - start) // 2 - 2),))
    assert matched([first], [half]) == [(first, half)]
    assert matched([first], [less]) == []
    assert matched([first], [half, first]) == [(first, first)]
    assert overlap(first.content, second.content) == 0


def test_names_are_the_same_without_title_or_in_short() -> None:
    assert same_name("President Assad", ["Bashar al-Assad"])
    assert same_name("U.S.", ["United States", "US"])
    assert not same_name("Trump ally", ["Trump"])
    assert not same_name("Bilal Erdoğan", ["Recep Tayyip Erdoğan"])


def test_intervals_hold_the_figure(article: AnnotatedArticle) -> None:
    other = replace(article, id="other")
    report = evaluate([article, other], {"harbour": article.statements}, POSITIONS, resamples=200)
    low, high = report.intervals["tuple_f1"]
    assert low <= report.figures["tuple_f1"] <= high
    assert low < high


def test_missed_statements_stand_in_the_table_and_kinds_add_up(article: AnnotatedArticle) -> None:
    second = article.statements[1]
    report = evaluate([article], {"harbour": [second]}, POSITIONS)
    assert report.confusion == {("deescalation", MISSED): 1, ("none", "none"): 1}
    kinds = {name: shares for name, shares in report.kinds.items() if not name.startswith("source: ")}
    assert sum(number for number, *_ in kinds.values()) == 2
    assert sum(number for name, (number, *_) in report.kinds.items() if name.startswith("source: ")) == 2
    assert sum(number * found for number, found, *_ in kinds.values()) == 1


def test_mistakes_come_the_surest_first_with_their_first_fault(article: AnnotatedArticle) -> None:
    first, second = article.statements
    assert mistakes([article], {"harbour": article.statements}) == []
    wrong = replace(first, stances=(Stance(position="criticism", target="Orvane", confidence=0.6),))
    invented = replace(second, content=((0, 3),), confidence=0.9)
    found = mistakes([article], {"harbour": [wrong, invented]})
    assert [(m.what, m.sureness) for m in found] == [("invented", 0.9), ("position", 0.6), ("missed", 0.0)]
    target = replace(first, stances=(replace(first.stances[0], target="Nobody"), first.stances[1]))
    assert [m.what for m in mistakes([article], {"harbour": [target, second]})] == ["target"]
    only = replace(first, stances=first.stances[:1])
    assert [m.what for m in mistakes([article], {"harbour": [only, second]})] == ["further stance"]
    assert mistakes([article], {"harbour": [replace(first, speaker=("Orvane",)), second]})[0].what == "speaker"


def test_two_models_are_compared_on_the_same_articles(article: AnnotatedArticle) -> None:
    other = replace(article, id="other")
    all_right = {"harbour": article.statements, "other": article.statements}
    half_right = {"harbour": article.statements}
    tuples = difference([article, other], half_right, all_right, POSITIONS, resamples=200)["tuple_f1"]
    assert (tuples.first, tuples.second) == (2 / 3, 1.0)
    assert tuples.interval[0] == 0.0
    assert tuples.interval[1] == 1.0
    assert 0.6 < tuples.better < 0.9
    same = difference([article, other], all_right, all_right, POSITIONS, resamples=50)
    assert {(d.interval, d.better) for d in same.values()} == {((0.0, 0.0), 0.0)}
