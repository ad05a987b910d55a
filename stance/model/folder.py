"""Model folders: what is in one, how it is loaded, and what is refused.

A folder holds ``config.json``, ``model.onnx.gz``, ``tokenizer.json``, ``metrics.json``, ``README.md`` (the card) and, for
retraining, ``encoder.json``. The folder ``stances`` in it, where there is one, holds the first three and the last of these
for a second network, which reads the statements as well. Nothing in any of them is ever executed or unpickled.
"""

from __future__ import annotations

import gzip
import hashlib
import json
import zlib
from pathlib import Path
from typing import TYPE_CHECKING, Any

from stance.errors import ModelError
from stance.model.config import FORMAT, ModelConfig

if TYPE_CHECKING:
    from tokenizers import Tokenizer

CONFIG, ONNX, TOKENIZER, ENCODER, METRICS, CARD = (
    "config.json", "model.onnx.gz", "tokenizer.json", "encoder.json", "metrics.json", "README.md",
)  # fmt: skip
#: All files of a model folder, and those of them whose SHA-256 stands in the configuration.
FILES = (CONFIG, ONNX, TOKENIZER, ENCODER, METRICS, CARD)
HASHED = (ONNX, TOKENIZER, ENCODER)
#: The folder of the second network, and its files.
STANCES = "stances"
SECOND = tuple(f"{STANCES}/{name}" for name in (CONFIG, *HASHED))


def is_model(folder: Path) -> bool:
    """Whether a folder is a model folder, and not that of an encoder, whose ``config.json`` is another."""
    return (folder / CONFIG).is_file() and (folder / ONNX).is_file()


def read_config(folder: Path) -> ModelConfig:
    """The configuration of a model folder. Raises `ModelError` where there is none, or none of this format."""
    data = _json(folder, CONFIG)
    if not isinstance(data, dict) or type(data.get("format")) is not int:
        raise ModelError(f"{folder / CONFIG}: expected an object with the number 'format'")
    if data["format"] != FORMAT:
        raise ModelError(f"{folder}: the model has format {data['format']}, this version of stance reads {FORMAT}")
    try:
        return ModelConfig.from_dict(data)
    except (ValueError, TypeError) as fault:
        raise ModelError(f"{folder / CONFIG}: {fault}") from fault


def second(folder: Path, config: ModelConfig) -> tuple[Path, ModelConfig] | None:
    """The folder of the second network and its configuration, where the model has one. Raises `ModelError`."""
    if not config.stances:
        return None
    checked(folder, SECOND[0], config)
    other = read_config(folder / STANCES)
    if other.positions != config.positions or other.stances:
        raise ModelError(
            f"{folder / SECOND[0]}: its positions are {', '.join(other.positions)}, the model's {', '.join(config.positions)}"
        )
    return folder / STANCES, other


def read_tokenizer(folder: Path) -> Tokenizer:
    """The tokenizer of a model folder. Raises `ModelError`."""
    from tokenizers import Tokenizer

    path = folder / TOKENIZER
    if not path.is_file():
        raise ModelError(f"{folder}: no {TOKENIZER} in this model folder")
    try:
        return Tokenizer.from_file(str(path))
    except Exception as fault:  # tokenizers raises bare Exceptions
        raise ModelError(f"{path}: no tokenizer: {fault}") from fault


def checked(folder: Path, name: str, config: ModelConfig, *, otherwise: str = "") -> Path:
    """The place of a file of the folder, its digest compared with the configuration's.

    Raises `ModelError` where it is missing (``otherwise`` tells what that means) or not the one that was written.
    """
    path = folder / name
    if not path.is_file():
        raise ModelError(f"{folder}: no {name} in this model folder{otherwise}")
    wanted = config.digests.get(name)
    if wanted and digest(path) != wanted:
        raise ModelError(f"{path}: torn or changed; its SHA-256 is not the one in {CONFIG}")
    return path


def packed(network: bytes, *, coarse: bool = False) -> bytes:
    """A network as its file has it, in gzip: as it is, or, where its weights are ``coarse``, the frequent ones made short."""
    packer = zlib.compressobj(9 if coarse else 0, zlib.DEFLATED, 31, 9, zlib.Z_HUFFMAN_ONLY)
    return packer.compress(network) + packer.flush()


def unpacked(path: Path) -> bytes:
    """What `packed` made short. Raises `ModelError` for a torn file."""
    try:
        return gzip.decompress(path.read_bytes())
    except (OSError, EOFError, zlib.error) as fault:
        raise ModelError(f"{path}: no network to read: {fault}") from fault


def digest(path: Path) -> str:
    """SHA-256 of a file, in hexadecimal digits."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _json(folder: Path, name: str) -> Any:
    path = folder / name
    if not folder.is_dir():
        raise ModelError(f"{folder}: no such model folder")
    if not path.is_file():
        raise ModelError(f"{folder}: no {name} in this model folder")
    try:
        return json.loads(path.read_text("utf-8"))
    except (UnicodeDecodeError, json.JSONDecodeError) as fault:
        raise ModelError(f"{path}: no JSON: {fault}") from fault
