"""From a trained network to a model folder: ONNX in int8 for labelling, compact weights for retraining."""

from __future__ import annotations

import json
import warnings
from collections.abc import Sequence
from dataclasses import replace
from importlib import metadata
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import Tensor

from stance.errors import ModelError
from stance.model.config import ModelConfig
from stance.model.encoding import Ints, Tokens, collate, tokenize
from stance.model.folder import CONFIG, ENCODER, HASHED, ONNX, TOKENIZER, WEIGHTS, checked, digest, read_config, read_tokenizer
from stance.model.network import OUTPUTS, Network, NetworkConfig
from stance.model.runtime import Floats

if TYPE_CHECKING:
    from stance.train.stages import Workbench

#: How much of an outlier goes from the activations into the weights: the power of its size.
_MOVED = 0.7
_TINY = 1e-5
#: Embeddings with fewer numbers stay as they are.
_LARGE = 100_000
_INPUTS = ("ids", "mask", "features", "roles")
_LIBRARIES = ("torch", "transformers", "tokenizers", "onnx", "onnxruntime")


def write_model(bench: Workbench, folder: Path, texts: Sequence[str] = ()) -> ModelConfig:
    """Writes network, tokenizer and configuration into ``folder`` (created); the card is written elsewhere.

    With ``texts``, some articles, quantising loses less: see `smooth`.
    """
    folder.mkdir(parents=True, exist_ok=True)
    bench.network.cpu().eval()
    with TemporaryDirectory() as scratch:
        plain = Path(scratch) / "plain.onnx"
        export_onnx(bench.network, plain)
        if texts:
            smooth(plain, [collate([_stretch(text, bench)], bench.alphabet) for text in texts])
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
    """The network in float32, batch and length free; attention is one operator (ONNX 23)."""
    example = tuple(torch.ones(2, 16, dtype=torch.long) for _ in _INPUTS)
    axes = {0: torch.export.Dim("batch", min=1, max=4096), 1: torch.export.Dim("tokens", min=3, max=512)}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.onnx.export(
            network.float().eval(), example, str(path), input_names=list(_INPUTS), output_names=list(OUTPUTS),
            dynamic_shapes=tuple(axes for _ in _INPUTS), opset_version=23, dynamo=True, external_data=False, verbose=False,
        )  # fmt: skip


def _stretch(text: str, bench: Workbench) -> tuple[Tokens, Ints]:
    """The first window of an article, in which no statement is marked."""
    tokens = tokenize(text, bench.tokenizer, bench.alphabet)
    tokens = tokens.cut(0, min(len(tokens), bench.config.window))
    return tokens, np.zeros(len(tokens), dtype=np.int64)


def smooth(path: Path, batches: Sequence[tuple[Ints, ...]]) -> None:
    """Moves outliers of activations into the weights that they meet, where int8 has room for them; the outputs stay the same.

    Each column of what goes into a product is divided, and the row of weights multiplied, by a power of the largest value that
    the column takes on ``batches`` (Xiao et al., "SmoothQuant", ICML 2023).
    """
    import onnx
    from onnx import helper, numpy_helper

    model = onnx.load(str(path))
    weights = {tensor.name: tensor for tensor in model.graph.initializer}
    products: dict[str, list[Any]] = {}
    for node in model.graph.node:
        if node.op_type == "MatMul" and node.input[1] in weights and len(weights[node.input[1]].dims) == 2:
            products.setdefault(node.input[0], []).append(node)
    largest = _largest(model, list(products), batches)
    before: dict[str, list[Any]] = {}
    for name, nodes in products.items():
        tables = [numpy_helper.to_array(weights[node.input[1]]) for node in nodes]
        rows = np.maximum(np.max([np.abs(table).max(1) for table in tables], axis=0), _TINY)
        scale = largest[name] ** _MOVED / rows ** (1 - _MOVED)
        scale = np.clip(scale / np.exp(np.log(scale).mean()), 0.01, 100).astype(np.float32)
        model.graph.initializer.append(numpy_helper.from_array(1 / scale, f"{name}_scale"))
        before[nodes[0].name] = [helper.make_node("Mul", [name, f"{name}_scale"], [f"{name}_smooth"], name=f"{name}_smooth")]
        for node, table in zip(nodes, tables, strict=True):
            weights[node.input[1]].CopyFrom(numpy_helper.from_array(table * scale[:, None], node.input[1]))
            node.input[0] = f"{name}_smooth"
    ordered = [new for node in model.graph.node for new in (*before.get(node.name, ()), node)]
    del model.graph.node[:]
    model.graph.node.extend(ordered)
    onnx.save(model, str(path))


def _largest(model: Any, names: Sequence[str], batches: Sequence[tuple[Ints, ...]]) -> dict[str, Any]:
    """The largest size that each column of these values takes. *Shape of each:* (columns,)."""
    import onnx
    import onnxruntime

    seen = onnx.ModelProto()
    seen.CopyFrom(model)
    seen.graph.output.extend(onnx.helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, None) for name in names)
    options: Any = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    session = onnxruntime.InferenceSession(seen.SerializeToString(), options, providers=["CPUExecutionProvider"])
    largest: dict[str, Any] = {}
    for batch in batches:
        for name, values in zip(names, session.run(list(names), dict(zip(_INPUTS, batch, strict=True))), strict=True):
            columns = np.abs(values.reshape(-1, values.shape[-1])).max(0)
            largest[name] = np.maximum(largest.get(name, _TINY), columns)
    return largest


def quantise(source: Path, target: Path) -> None:
    """Weights of products and embeddings in int8, per channel or row; activations are quantised as they come."""
    import onnx
    from onnxruntime.quantization import QuantType, quantize_dynamic

    model = onnx.load(str(source))
    del model.graph.value_info[:]  # shapes that the exporter noted, which folding has made untrue
    for node in model.graph.node:  # notes of the exporter: a megabyte of stack traces
        node.ClearField("metadata_props")
        node.ClearField("doc_string")
    _quantise_rows(model.graph)
    onnx.save(model, str(source))
    quantize_dynamic(
        str(source), str(target), weight_type=QuantType.QInt8, per_channel=True, op_types_to_quantize=["MatMul", "Gemm"]
    )


def _rows(values: Floats) -> tuple[Any, Floats]:
    """A table in int8, and the scale of each of its rows. *Shapes:* (rows, columns), (rows, 1)."""
    scale: Floats = np.maximum(np.abs(values).max(1, keepdims=True), np.float32(1e-8)) / np.float32(127)
    return (values / scale).round().astype(np.int8), scale


def _quantise_rows(graph: Any) -> None:
    """Embeddings in int8 with a scale a row, as `write_weights` has the words; onnxruntime would take one scale for all."""
    from onnx import helper, numpy_helper

    tables = {tensor.name: tensor for tensor in graph.initializer}
    nodes = []
    for node in graph.node:
        table = tables.get(node.input[0]) if node.op_type == "Gather" else None
        if table is None or len(table.dims) != 2 or table.dims[0] * table.dims[1] < _LARGE:
            nodes.append(node)
            continue
        small, scale = _rows(numpy_helper.to_array(table))
        table.CopyFrom(numpy_helper.from_array(small, table.name))
        graph.initializer.append(numpy_helper.from_array(scale, f"{table.name}_scale"))
        out, where = node.output[0], node.input[1]
        nodes += [
            helper.make_node("Gather", [table.name, where], [f"{out}_int8"]),
            helper.make_node("Cast", [f"{out}_int8"], [f"{out}_cast"], to=1),
            helper.make_node("Gather", [f"{table.name}_scale", where], [f"{out}_scale"]),
            helper.make_node("Mul", [f"{out}_cast", f"{out}_scale"], [out]),
        ]
    del graph.node[:]
    graph.node.extend(nodes)


def write_weights(network: Network, path: Path) -> None:
    """All weights, in float16; the word embeddings, which training leaves alone, in int8 with a scale a row."""
    from safetensors.torch import save_file

    state: dict[str, Tensor] = {}
    for name, value in network.state_dict().items():
        if name.endswith("word_embeddings.weight"):
            small, scale = _rows(value.numpy())
            state[f"{name}.int8"], state[f"{name}.scale"] = torch.from_numpy(small), torch.from_numpy(scale)
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
