from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stance.model.encoding import CONTENT, CUE, SOURCE, Alphabet, collate, marked, tokenize, window, windows
from tests.tiny import tokenizer


@given(st.integers(0, 3000), st.integers(10, 400), st.integers(0, 9))
def test_windows_cover_every_token_and_overlap(count: int, size: int, overlap: int) -> None:
    spans = windows(count, size, overlap)
    assert sorted({i for a, b in spans for i in range(a, b)}) == list(range(count))
    assert all(b - a <= size for a, b in spans)
    assert all(later[0] <= earlier[1] - overlap for earlier, later in pairwise(spans))


@given(st.text(alphabet=st.characters(exclude_categories=["Cs"]), max_size=200))
def test_tokens_know_their_place(text: str) -> None:
    tok = tokenizer()
    tokens = tokenize(text, tok, Alphabet.of(tok))
    assert (tokens.starts <= tokens.ends).all()
    assert (np.diff(tokens.starts) >= 0).all()
    assert not len(tokens) or tokens.ends[-1] <= len(text)
    covered = {i for a, b in zip(tokens.starts, tokens.ends, strict=True) for i in range(a, b)}
    assert all(i in covered for i, c in enumerate(text) if c.isascii() and c.isalnum())


@given(st.integers(0, 900), st.integers(1, 900), st.integers(0, 200))
def test_a_statement_lies_in_its_window(first: int, length: int, behind: int) -> None:
    count = first + length + behind
    start, end = window((first, first + length), count, 100)
    assert 0 <= start <= first
    assert first + length <= end <= count
    assert end - start <= max(100, length) or end - start == min(count, 100)


def test_roles_mark_the_statement() -> None:
    tok = tokenizer()
    text = "she said the border is open"
    tokens = tokenize(text, tok, Alphabet.of(tok))
    ((first, inside, roles),) = marked(tokens, [(9, len(text))], (4, 8), (0, 3), size=64, longest=128)
    assert first == 0
    assert len(inside) == len(roles)
    assert roles[inside.starts == 0][0] == SOURCE
    assert roles[inside.starts == 4][0] == CUE
    assert set(roles[inside.starts >= 9]) == {CONTENT}


def test_a_statement_longer_than_a_window_is_read_whole() -> None:
    tok = tokenizer()
    text = "she said " + "the border " * 300
    tokens = tokenize(text, tok, Alphabet.of(tok))
    parts = marked(tokens, [(9, len(text) - 1)], (4, 8), (0, 3), size=64, longest=128)
    assert all(len(inside) == len(roles) <= 128 for _, inside, roles in parts)
    assert {int(s) for _, inside, _ in parts for s in inside.starts} >= {int(s) for s in tokens.starts[2:]}


def test_padding_is_masked() -> None:
    tok = tokenizer()
    alphabet = Alphabet.of(tok)
    batch = [tokenize(t, tok, alphabet) for t in ("one two three", "one")]
    ids, mask, _, _ = collate([(t, np.zeros(len(t), dtype=np.int64)) for t in batch], alphabet)
    assert ids.shape == mask.shape
    assert mask.sum(1).tolist() == [len(t) + 2 for t in batch]
    assert (ids[mask == 0] == alphabet.padding).all()


def test_a_vocabulary_without_structure_is_refused() -> None:
    from tokenizers import Tokenizer
    from tokenizers.models import WordLevel

    with pytest.raises(ValueError, match=r"\[CLS\]"):
        Alphabet.of(Tokenizer(WordLevel({"a": 0}, unk_token="a")))
