"""A tokenizer and an encoder so small that a test can train them."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tokenizers import Tokenizer


@cache
def tokenizer(*, backwards: bool = False) -> Tokenizer:
    """With ``backwards``, the same pieces under other numbers."""
    from tokenizers import Tokenizer, decoders, normalizers, pre_tokenizers
    from tokenizers.models import WordPiece

    letters = [chr(c) for c in range(33, 127) if not chr(c).isupper()]
    words = ["said", "urged", "the", "she", "he", "border", "open", "blockade", "minister"]
    names = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[unused1]", *letters, *(f"##{c}" for c in letters), *words]
    if backwards:
        names.reverse()
    made = Tokenizer(WordPiece({name: i for i, name in enumerate(names)}, unk_token="[UNK]"))
    made.normalizer = normalizers.BertNormalizer()
    made.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    made.decoder = decoders.WordPiece()
    return made


def base(folder: Path, *, backwards: bool = False) -> Path:
    """A BERT of two layers in the layout of transformers, with random weights."""
    import torch
    from transformers import BertConfig, BertModel, PreTrainedTokenizerFast

    torch.manual_seed(0)
    config = BertConfig(
        vocab_size=tokenizer().get_vocab_size(),
        hidden_size=32,
        num_hidden_layers=2,
        num_attention_heads=2,
        intermediate_size=64,
        max_position_embeddings=512,
    )
    BertModel(config).save_pretrained(folder)
    PreTrainedTokenizerFast(
        tokenizer_object=tokenizer(backwards=backwards),
        pad_token="[PAD]", unk_token="[UNK]", cls_token="[CLS]", sep_token="[SEP]",
    ).save_pretrained(folder)  # fmt: skip
    return folder
