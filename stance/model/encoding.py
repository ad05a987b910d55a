"""From a text to the arrays that the encoder reads: tokens, their offsets and features, windows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from stance.quotes import paragraphs, quotations

if TYPE_CHECKING:
    from tokenizers import Tokenizer

Span = tuple[int, int]
Ints = NDArray[np.int64]

#: What a token looks like: 0 small letters, 1 a capital first, 2 capitals; 3 more inside quotation marks.
FEATURES = 6
#: What a token is to the statement that is read: nothing, content, cue, source.
ROLES = 4
CONTENT, CUE, SOURCE = 1, 2, 3
TAGS = ("O", "B-content", "I-content", "B-cue", "I-cue", "B-source", "I-source")


@dataclass(frozen=True)
class Tokens:
    """A text in tokens. All arrays have the shape ``(tokens,)``; offsets are code points of the text.

    A token of no width (``starts == ends``) stands between two paragraphs.
    """

    ids: Ints
    starts: Ints
    ends: Ints
    features: Ints

    def __len__(self) -> int:
        return len(self.ids)

    def at(self, span: Span) -> Span:
        """The tokens ``[first, last)`` that share a character with the span of characters."""
        return int(np.searchsorted(self.ends, span[0], side="right")), int(np.searchsorted(self.starts, span[1], side="left"))

    def cut(self, first: int, last: int) -> Tokens:
        """The tokens ``[first, last)`` alone, their offsets unchanged."""
        return Tokens(*(a[first:last] for a in (self.ids, self.starts, self.ends, self.features)))


@dataclass(frozen=True)
class Alphabet:
    """The ids of the tokens that structure an input."""

    first: int
    last: int
    padding: int
    paragraph: int

    @classmethod
    def of(cls, tokenizer: Tokenizer) -> Alphabet:
        """Finds them in BERT's or RoBERTa's vocabulary; raises `ValueError` where there are none."""

        def one(*names: str) -> int:
            for name in names:
                number = tokenizer.token_to_id(name)
                if number is not None:
                    return int(number)
            raise ValueError(f"the tokenizer has none of {', '.join(names)}")

        return cls(one("[CLS]", "<s>"), one("[SEP]", "</s>"), one("[PAD]", "<pad>"), one("[unused1]", "[SEP]", "</s>"))


def tokenize(text: str, tokenizer: Tokenizer, alphabet: Alphabet) -> Tokens:
    """The whole text in tokens, with a token of no width between paragraphs; nothing is cut off."""
    blocks = paragraphs(text)
    ids: list[int] = []
    starts: list[int] = []
    ends: list[int] = []
    encoded = tokenizer.encode_batch([text[s:e] for s, e in blocks], add_special_tokens=False)
    for number, ((start, _), encoding) in enumerate(zip(blocks, encoded, strict=True)):
        if number:
            ids.append(alphabet.paragraph)
            starts.append(start)
            ends.append(start)
        ids.extend(encoding.ids)
        for left, right in encoding.offsets:
            starts.append(start + left)
            ends.append(start + right)
    features = [_shape(text[s:e]) for s, e in zip(starts, ends, strict=True)]
    tokens = Tokens(*(np.asarray(a, dtype=np.int64) for a in (ids, starts, ends, features)))
    quoted = np.zeros(len(tokens), dtype=bool)
    for span in quotations(text):
        quoted[slice(*tokens.at(span))] = True
    tokens.features[quoted] += 3
    return tokens


def _shape(word: str) -> int:
    if not word[:1].isupper():
        return 0
    return 2 if len(word) > 1 and word.isupper() else 1


def windows(count: int, size: int, overlap: int) -> list[Span]:
    """Windows ``[first, last)`` over ``count`` tokens, none longer than ``size``, that cover them all."""
    if count <= size:
        return [(0, count)] if count else []
    parts = -(-(count - overlap) // (size - overlap))
    starts = np.linspace(0, count - size, parts).round().astype(int)
    return [(int(s), int(s) + size) for s in starts]


def window(extent: Span, count: int, size: int) -> Span:
    """The window of ``size`` tokens in which a statement is read, longer only for the statement's own words.

    ``extent`` is what must be inside; two thirds of the room left lie before it, a third behind.
    """
    first, last = extent
    room = max(0, size - (last - first))
    start = max(0, first - room * 2 // 3)
    end = min(count, max(last, start + size))
    return max(0, min(start, end - size)), end


def marked(
    tokens: Tokens, content: Sequence[Span], cue: Span | None, source: Span | None, *, size: int, longest: int
) -> list[tuple[int, Tokens, Ints]]:
    """The windows around a statement: their first token, their tokens, and the roles of these (tokens,).

    There is one window, unless the statement itself is longer than ``longest`` tokens: then as many as hold it all.
    """
    inside = tokens.at((content[0][0], content[-1][1]))
    for span in (cue, source):
        if span:
            first, last = tokens.at(span)
            wider = min(inside[0], first), max(inside[1], last)
            if wider[1] - wider[0] <= longest:
                inside = wider
    first, last = window(inside, len(tokens), size)
    roles = np.zeros(last - first, dtype=np.int64)
    for span, role in ((source, SOURCE), (cue, CUE), *((piece, CONTENT) for piece in content)):
        if span:
            a, b = tokens.at(span)
            roles[max(0, a - first) : max(0, b - first)] = role
    parts = windows(last - first, longest, longest // 8)
    return [(first + a, tokens.cut(first + a, first + b), roles[a:b]) for a, b in parts]


def collate(batch: Sequence[tuple[Tokens, Ints]], alphabet: Alphabet) -> tuple[Ints, Ints, Ints, Ints]:
    """Pads tokens and their roles to one length, with the first and last token of the model around them.

    Returns ids, mask, features, roles. *Shape of each:* (batch, longest + 2); token ``i`` stands at ``i + 1``.
    """
    longest = max(len(tokens) for tokens, _ in batch) + 2
    shape = (len(batch), longest)
    ids = np.full(shape, alphabet.padding, dtype=np.int64)
    mask, features, roles = (np.zeros(shape, dtype=np.int64) for _ in range(3))
    for row, (tokens, role) in enumerate(batch):
        n = len(tokens)
        ids[row, 0], ids[row, n + 1] = alphabet.first, alphabet.last
        ids[row, 1 : n + 1] = tokens.ids
        mask[row, : n + 2] = 1
        features[row, 1 : n + 1] = tokens.features
        roles[row, 1 : n + 1] = role
    return ids, mask, features, roles
