from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from stance.model.decoding import Proposal, WindowOutput, _deepest, _labels, aligned, kept_up, pointed, propose
from stance.model.encoding import TAGS, Alphabet, Span, Tokens, tokenize, windows
from tests.tiny import tokenizer


def proposals(text: str, marks: list[tuple[str, str]], links: dict[str, tuple[str | None, str | None]]) -> list[Proposal]:
    """What decoding makes of a text whose words are tagged as in ``marks``, with contents linked as in ``links``."""
    tok = tokenizer()
    tokens = tokenize(text, tok, Alphabet.of(tok))
    tags = np.zeros((len(tokens), len(TAGS)), dtype=np.float32)
    tags[:, 0] = 0.5
    width = 1 + len(tokens)
    queries, keys = np.zeros((width, 4, width), dtype=np.float32), np.zeros((width, 2, width), dtype=np.float32)
    keys[np.arange(width), 0, np.arange(width)] = keys[np.arange(width), 1, np.arange(width)] = 1
    at = 0
    places: dict[str, Span] = {}
    for kind, words in marks:
        start = text.index(words, at if kind == "content" else 0)
        first, last = tokens.at((start, start + len(words)))
        places[words] = (first, last)
        tags[first:last, TAGS.index(f"I-{kind}")] = 1
        tags[first, TAGS.index(f"B-{kind}")] = 2
        at = start + len(words) if kind == "content" else at
    for words, targets in links.items():
        for which, target in enumerate(targets):
            row = places[target][0] + 1 if target else 0
            queries[places[words][0] + 1, 2 * which, row] = 5
    return propose(text, tokens, [(1.0, [WindowOutput(0, len(tokens), tags, queries, keys)])])


def words(text: str, found: list[Proposal]) -> list[tuple[list[str], str | None, str | None]]:
    return [
        ([text[a:b] for a, b in p.content], p.cue and text[slice(*p.cue)], p.source and text[slice(*p.source)]) for p in found
    ]


def test_pieces_under_one_cue_are_one_statement() -> None:
    text = '"it has gone on too long," she said. "nobody will win this."'
    marks = [
        ("content", '"it has gone on too long,"'),
        ("content", '"nobody will win this."'),
        ("cue", "said"),
        ("source", "she"),
    ]
    links = {m[1]: ("said", "she") for m in marks[:2]}
    assert words(text, proposals(text, marks, links)) == [
        (['"it has gone on too long,"', '"nobody will win this."'], "said", "she")
    ]


def test_a_quotation_that_goes_on_in_a_new_paragraph_stays_with_its_statement() -> None:
    text = '"it is late," she said.\n\n"nobody will win this."\n\nthe border is open.'
    marks = [("content", '"it is late,"'), ("content", '"nobody will win this."'), ("cue", "said"), ("source", "she")]
    links = {'"it is late,"': ("said", "she"), '"nobody will win this."': (None, None)}
    found = words(text, proposals(text, marks, links))  # type: ignore[arg-type]
    assert found == [(['"it is late,"', '"nobody will win this."'], "said", "she")]


def test_after_the_writers_own_words_it_is_a_statement_of_its_own() -> None:
    text = '"it is late," she said. the border is open.\n\n"nobody will win this."'
    marks = [("content", '"it is late,"'), ("content", '"nobody will win this."'), ("cue", "said"), ("source", "she")]
    links = {'"it is late,"': ("said", "she"), '"nobody will win this."': (None, None)}
    assert len(proposals(text, marks, links)) == 2  # type: ignore[arg-type]


def test_contents_take_whole_words_and_whole_quotations() -> None:
    text = 'she said that the "open border" is here.'
    marks = [("content", 'that the "open bor'), ("cue", "said"), ("source", "she")]
    links = {marks[0][1]: ("said", "she")}
    assert words(text, proposals(text, marks, links)) == [(['the "open border"'], "said", "she")]  # type: ignore[arg-type]


def test_an_introducing_word_that_is_tagged_alone_is_no_piece() -> None:
    text = "she said that the border is open."
    marks = [("content", "that"), ("content", "the border is open"), ("cue", "said"), ("source", "she")]
    links = {"that": ("said", "she"), "the border is open": ("said", "she")}
    assert words(text, proposals(text, marks, links)) == [(["the border is open"], "said", "she")]  # type: ignore[arg-type]


def test_the_stop_after_an_indirect_sentence_is_not_content() -> None:
    text = "she said the border is open."
    marks = [("content", "the border is open."), ("cue", "said"), ("source", "she")]
    assert words(text, proposals(text, marks, {marks[0][1]: ("said", "she")}))[0][0] == ["the border is open"]


def test_no_content_ends_in_white_space() -> None:
    for text in ("she said it is late .", "she said it is late \t .,"):
        marks = [("source", "she"), ("cue", "said"), ("content", text[9:])]
        assert words(text, proposals(text, marks, {text[9:]: ("said", "she")})) == [(["it is late"], "said", "she")]


@given(st.lists(st.integers(0, 6), min_size=60, max_size=60), st.text(alphabet="ab \"'“”.\n,", min_size=5, max_size=60))
def test_statements_never_overlap_whatever_the_tags(labels: list[int], text: str) -> None:
    tok = tokenizer()
    tokens = tokenize(text, tok, Alphabet.of(tok))
    n = len(tokens)
    tags = np.eye(len(TAGS), dtype=np.float32)[labels[:n]]
    zeros = np.zeros((n + 1, 4, 2), dtype=np.float32), np.zeros((n + 1, 2, 2), dtype=np.float32)
    last = 0
    for proposal in propose(text, tokens, [(1.0, [WindowOutput(0, n, tags, *zeros)] if n else [])]):
        for start, end in proposal.content:
            assert last <= start < end <= len(text)
            last = end


def test_thousands_of_quotations_are_no_trouble() -> None:
    count = 4000
    text = '"no," she said.\n' * count
    tok = tokenizer()
    tokens = tokenize(text, tok, Alphabet.of(tok))
    each = len(tokens) // count + 1  # with the token between paragraphs
    row = np.zeros((each, len(TAGS)), dtype=np.float32)
    kinds = ["O"] * each
    kinds[:4] = ["B-content", "I-content", "I-content", "I-content"]
    row[np.arange(each), [TAGS.index(kind) for kind in kinds]] = 1
    tags = np.tile(row, (count, 1))[: len(tokens)]
    zeros = np.zeros((len(tokens) + 1, 4, 2), dtype=np.float32), np.zeros((len(tokens) + 1, 2, 2), dtype=np.float32)
    found = propose(text, tokens, [(1.0, [WindowOutput(0, len(tokens), tags, *zeros)])])
    assert [p.content for p in found] == [((16 * i, 16 * i + 5),) for i in range(count)]


@given(st.integers(1, 3000), st.integers(2, 60), st.data())
def test_a_content_is_read_where_it_lies_deepest(count: int, size: int, data: st.DataObject) -> None:
    spans = windows(count, size, data.draw(st.integers(0, size - 1)))
    first = data.draw(st.integers(0, count - 1))
    last = data.draw(st.integers(first + 1, count))
    none = np.zeros((0, 7), dtype=np.float32)
    outputs = [WindowOutput(a, b, none, none, none) for a, b in spans]
    assert _deepest(outputs, first, last) is max(outputs, key=lambda o: min(first - o.first, o.last - last))


def output(first: int, last: int) -> WindowOutput:
    """A window whose rows tell which token they are of; -1 is the model's first."""
    rows = np.arange(first - 1, last, dtype=np.float32)
    rows[0] = -1
    return WindowOutput(first, last, *(np.tile(r[:, None], (1, 7)) for r in (rows[1:], rows, rows)))


@given(st.lists(st.integers(0, 3), min_size=1, max_size=40), st.integers(2, 9), st.data())
def test_windows_told_of_their_own_tokens_stay_as_they_are(widths: list[int], size: int, data: st.DataObject) -> None:
    widths = [w if w or (n and widths[n - 1]) else 1 for n, w in enumerate(widths)]  # no two of no width in a row
    ends = np.cumsum(widths)
    tokens = Tokens(ends, ends - widths, ends, ends)
    outputs = [output(*span) for span in windows(len(tokens), size, data.draw(st.integers(0, size - 1)))]
    told = aligned(outputs, tokens, tokens)
    for old, new in zip(outputs, told, strict=True):
        assert (old.first, old.last) == (new.first, new.last)
        assert all(np.array_equal(getattr(old, part), getattr(new, part)) for part in ("tags", "queries", "keys"))


def test_a_network_is_asked_about_tokens_that_are_not_its_own() -> None:
    def tokens(*places: Span) -> Tokens:
        starts, ends = np.array(places).T
        return Tokens(starts, starts, ends, starts)

    coarse, fine = tokens((0, 4), (5, 11), (11, 11), (11, 15)), tokens((0, 2), (2, 4), (5, 8), (8, 11), (11, 11), (11, 15))
    (told,) = aligned([output(0, 4)], coarse, fine)
    assert told.tags[:, 0].tolist() == [0, 0, 1, 1, 2, 3]
    assert told.queries[:, 0].tolist() == [-1, 0, 0, 1, 1, 2, 3]
    told, behind = aligned([output(0, 3), output(3, 6)], fine, coarse)
    assert (told.first, told.last, told.tags[:, 0].tolist()) == (0, 2, [0, 2])
    assert (behind.first, behind.last, behind.keys[:, 0].tolist()) == (2, 4, [-1, 4, 5])


def test_what_two_networks_mark_is_averaged() -> None:
    """The surer one decides on tags and links; of a share of nothing, nothing is heard."""
    text = "she said no , he said yes"
    tok = tokenizer()
    tokens = tokenize(text, tok, Alphabet.of(tok))
    n = len(tokens)

    def marks(content: str, cue: Span, sure: float) -> list[WindowOutput]:
        kinds = ["O"] * n
        for first, last in map(tokens.at, ((4, 8), (17, 21))):
            kinds[first:last] = ["B-cue", *["I-cue"] * (last - first - 1)]
        kinds[tokens.at((text.index(content), len(text)))[0]] = "B-content"
        tags = np.full((n, len(TAGS)), (1 - sure) / len(TAGS), dtype=np.float32)
        tags[np.arange(n), [TAGS.index(kind) for kind in kinds]] += sure
        queries, keys = np.zeros((n + 1, 4, 1), dtype=np.float32), np.zeros((n + 1, 2, 1), dtype=np.float32)
        queries[:, 0], keys[1 + tokens.at(cue)[0], 0] = 1, 9 * sure
        return [WindowOutput(0, n, tags, queries, keys)]

    sure, unsure = marks("no", (4, 8), 0.9), marks("yes", (17, 21), 0.3)
    for share, content, cue in ((0.5, "no", (4, 8)), (0.1, "no", (4, 8)), (1.0, "yes", (17, 21))):
        found = propose(text, tokens, [(1 - share, sure), (share, unsure)])
        assert [(text[slice(*p.content[0])], p.cue) for p in found] == [(content, cue)]


def test_pointers_name_whole_words_or_nobody() -> None:
    text = "she told the minister"
    tok = tokenizer()
    tokens = tokenize(text, tok, Alphabet.of(tok))
    starts, ends = np.zeros(len(tokens) + 1, dtype=np.float32), np.zeros(len(tokens) + 1, dtype=np.float32)
    first, last = tokens.at((13, 21))
    starts[first + 1], ends[last] = 9, 9
    best = pointed(starts, ends, tokens, text)[0]
    assert best.span == (13, 21)
    assert best.probability > 0.9
    starts[0], ends[0] = 20, 20
    assert pointed(starts, ends, tokens, text)[0].span is None


def test_pointers_never_reach_over_a_quotation_or_amid_a_name() -> None:
    text = 'she called the colonel "a clerk", and marrin\'at left'
    tok = tokenizer()
    tokens = tokenize(text, tok, Alphabet.of(tok))
    width = len(tokens) + 1
    spans = {
        span: tokens.at((text.index(span), text.index(span) + len(span))) for span in ("the colonel", "a clerk", "marrin", "at")
    }
    starts, ends = np.zeros(width, dtype=np.float32), np.zeros(width, dtype=np.float32)
    starts[spans["the colonel"][0] + 1] = 9
    ends[spans["a clerk"][1]] = 9
    found = [text[slice(*p.span)] for p in pointed(starts, ends, tokens, text) if p.span]
    assert found
    assert not any('"' in words.strip('"') for words in found)
    starts[:], ends[:] = 0, 0
    starts[spans["marrin"][0] + 1] = ends[spans["marrin"][1]] = 9
    assert "marrin" not in [text[slice(*p.span)] for p in pointed(starts, ends, tokens, text) if p.span]


def test_a_few_unmarked_words_inside_a_content_belong_to_it() -> None:
    text = "she said it was far too late now, and he left."
    marks = [("content", "it was"), ("content", "late now"), ("cue", "said"), ("source", "she")]
    links = {"it was": ("said", "she"), "late now": ("said", "she")}
    assert words(text, proposals(text, marks, links)) == [(["it was far too late now"], "said", "she")]
    marks[1] = ("content", "he left")
    links = {"it was": ("said", "she"), "he left": ("said", "she")}
    assert words(text, proposals(text, marks, links)) == [(["it was", "he left"], "said", "she")]


def test_in_doubt_a_token_is_part_of_a_statement() -> None:
    content = [0.4, 0.2, 0.4, 0, 0, 0, 0]
    nothing = [0.6, 0.1, 0.3, 0, 0, 0, 0]
    assert _labels(np.array([nothing, content, nothing], dtype=np.float32)).tolist() == [0, 2, 0]
    doubt = [0.55, 0.3, 0.15, 0, 0, 0, 0]
    assert _labels(np.array([doubt], dtype=np.float32)).tolist() == [1]


def test_who_blames_elsewhere_likely_blames_here_as_well() -> None:
    blames, does_not, unsure = 4.0, -4.0, -0.5
    speakers = [["Ada"], ["Ada"], ["Ada"], ["Bo"], ["Bo"], []]
    moved = kept_up([unsure, blames, blames, unsure, does_not, unsure], speakers, [1.0] * 6)
    assert moved[0] > 1
    assert moved[3] < -0.5
    assert moved[5] == 0  # nobody keeps to nothing
    assert kept_up([unsure], [["Ada"]], [1.0]) == [0]
    assert kept_up([], [], []) == []


def test_what_is_hardly_a_statement_hardly_counts_as_said_elsewhere() -> None:
    sure, doubtful = (kept_up([0.0, 5.0], [["Ada"], ["Ada"]], [1.0, chance])[0] for chance in (1.0, 0.01))
    assert 0 < doubtful < 0.1 < sure
    little, much = (kept_up([0.0] + [5.0] * n, [["Ada"]] * (n + 1), [1.0] * (n + 1))[0] for n in (1, 9))
    assert little < much


def test_who_speaks_together_keeps_to_what_each_of_them_says() -> None:
    moved = kept_up([0.0, 5.0, -5.0], [["Ada", "Bo"], ["Ada"], ["Bo"]], [1.0] * 3)
    assert 0 < moved[0] < kept_up([0.0, 5.0], [["Ada"], ["Ada"]], [1.0] * 2)[0]
