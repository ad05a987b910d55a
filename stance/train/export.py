"""From a trained network to a model folder: ONNX in int8 for labelling, compact weights for retraining."""

from __future__ import annotations

import json
import warnings
from dataclasses import replace
from importlib import metadata
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor

from stance.errors import ModelError
from stance.model.config import ModelConfig
from stance.model.folder import CONFIG, ENCODER, HASHED, ONNX, TOKENIZER, WEIGHTS, checked, digest, read_config, read_tokenizer
from stance.model.network import OUTPUTS, Network, NetworkConfig

if TYPE_CHECKING:
    from stance.train.stages import Workbench

_INPUTS = ("ids", "mask", "features", "roles")
_LIBRARIES = ("torch", "transformers", "tokenizers", "onnx", "onnxruntime")


def write_model(bench: Workbench, folder: Path) -> ModelConfig:
    """Writes network, tokenizer and configuration into ``folder`` (created); the card is written elsewhere."""
    folder.mkdir(parents=True, exist_ok=True)
    bench.network.cpu().eval()
    with TemporaryDirectory() as scratch:
        plain = Path(scratch) / "plain.onnx"
        export_onnx(bench.network, plain)
        quantise(plain, folder / ONNX)
    write_weights(bench.network, folder / WEIGHTS)
    (folder / ENCODER).write_text(bench.network.encoder.config.to_json_string(), "utf-8")
    bench.tokenizer.save(str(folder / TOKENIZER), pretty=False)
    config = replace(
        bench.config,
        digests={name: digest(folder / name) for name in HASHED},
        versions={name: metadata.version(name) for name in _LIBRARIES},
    )
    (folder / CONFIG).write_text(config.to_json(), "utf-8")
    return config


def export_onnx(network: Network, path: Path) -> None:
    """The network in float32, batch and length free; attention is one operator (ONNX 23), a quarter faster than its parts."""
    example = tuple(torch.ones(2, 16, dtype=torch.long) for _ in _INPUTS)
    axes = {0: torch.export.Dim("batch", min=1, max=4096), 1: torch.export.Dim("tokens", min=3, max=512)}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.onnx.export(
            network.float().eval(), example, str(path), input_names=list(_INPUTS), output_names=list(OUTPUTS),
            dynamic_shapes=tuple(axes for _ in _INPUTS), opset_version=23, dynamo=True, external_data=False, verbose=False,
        )  # fmt: skip


def quantise(source: Path, target: Path) -> None:
    """Weights of products and embeddings in int8, per channel; activations are quantised as they come."""
    import onnx
    from onnxruntime.quantization import QuantType, quantize_dynamic

    model = onnx.load(str(source))
    del model.graph.value_info[:]  # shapes that the exporter noted, which folding has made untrue
    for node in model.graph.node:  # notes of the exporter: a megabyte of stack traces
        node.ClearField("metadata_props")
        node.ClearField("doc_string")
    onnx.save(model, str(source))
    quantize_dynamic(
        str(source), str(target), weight_type=QuantType.QInt8, per_channel=True,
        op_types_to_quantize=["MatMul", "Gemm", "Gather"],
    )  # fmt: skip


def write_weights(network: Network, path: Path) -> None:
    """All weights, in float16; the word embeddings, which training leaves alone, in int8 with a scale a row."""
    from safetensors.torch import save_file

    state: dict[str, Tensor] = {}
    for name, value in network.state_dict().items():
        if name.endswith("word_embeddings.weight"):
            scale = value.abs().amax(1, keepdim=True).clamp(min=1e-8) / 127
            state[f"{name}.int8"] = (value / scale).round().to(torch.int8).contiguous()
            state[f"{name}.scale"] = scale.contiguous()
        else:
            state[name] = value.half().contiguous() if value.is_floating_point() else value.contiguous()
    save_file(state, str(path))


def read_weights(path: Path) -> dict[str, Tensor]:
    """What `write_weights` wrote, in float32. Raises `ModelError` for a torn file."""
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    try:
        stored = load_file(str(path))
    except (OSError, SafetensorError) as fault:
        raise ModelError(f"{path}: no weights to read: {fault}") from fault
    state: dict[str, Tensor] = {}
    for name, value in stored.items():
        if name.endswith(".int8"):
            name = name.removesuffix(".int8")
            state[name] = value.float() * stored[f"{name}.scale"]
        elif not name.endswith(".scale"):
            state[name] = value.float() if value.is_floating_point() else value
    return state


def read_model(folder: Path) -> tuple[Network, Any, ModelConfig]:
    """Network, tokenizer and configuration of a model folder, for retraining. Raises `ModelError`."""
    from transformers import AutoConfig, AutoModel

    config = read_config(folder)
    otherwise = "; it can label, but not be trained further"
    encoder_path, weights = (checked(folder, name, config, otherwise=otherwise) for name in (ENCODER, WEIGHTS))
    settings = json.loads(encoder_path.read_text("utf-8"))
    encoder: Any = AutoModel.from_config(AutoConfig.for_model(**settings))
    network = Network(encoder.float(), NetworkConfig(positions=len(config.positions)))
    try:
        network.load_state_dict(read_weights(weights))
    except RuntimeError as fault:
        raise ModelError(f"{weights}: the weights do not fit the configuration: {fault}") from fault
    return network, read_tokenizer(folder), config
