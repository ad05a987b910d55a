"""From a trained network to a model folder, and back: ONNX in int8."""

from __future__ import annotations

import json
import warnings
from collections.abc import Mapping, Sequence
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
from stance.model.folder import (
    CONFIG,
    ENCODER,
    HASHED,
    ONNX,
    SECOND,
    STANCES,
    TOKENIZER,
    checked,
    digest,
    packed,
    read_config,
    read_tokenizer,
    unpacked,
)  # fmt: skip
from stance.model.network import OUTPUTS, Network, NetworkConfig
from stance.model.runtime import Floats

if TYPE_CHECKING:
    from stance.train.stages import Workbench

#: How much of an outlier goes from the activations into the weights: the power of its size.
_MOVED = 0.7
_TINY = 1e-5
#: Embeddings with fewer numbers stay as they are.
_LARGE = 100_000
#: What encoders have that no reading uses.
_UNUSED = "encoder.pooler."
_INPUTS = ("ids", "mask", "features", "roles")
_LIBRARIES = ("torch", "transformers", "tokenizers", "onnx", "onnxruntime")


def write_model(
    bench: Workbench, folder: Path, texts: Sequence[str] = (), grain: float = 0.0, stances_grain: float = 0.0
) -> ModelConfig:
    """Writes networks, tokenizers and configurations into ``folder`` (created); the card is written elsewhere.

    With ``texts``, some articles, quantising loses less: see `smooth`. ``grain`` (``stances_grain`` of the second network): see
    `quantise`.
    """
    folder.mkdir(parents=True, exist_ok=True)
    bench.network.cpu().eval()
    with TemporaryDirectory() as scratch:
        plain = Path(scratch) / "plain.onnx"
        export_onnx(bench.network, plain)
        if texts:
            smooth(plain, [collate([_stretch(text, bench)], bench.alphabet) for text in texts])
        small = quantise(plain, grain)
    _complete(small, bench.network.state_dict())
    (folder / ONNX).write_bytes(packed(small.SerializeToString(), coarse=grain > 0))
    (folder / ENCODER).write_text(bench.network.encoder.config.to_json_string(), "utf-8")
    bench.tokenizer.save(str(folder / TOKENIZER), pretty=False)
    files: tuple[str, ...] = HASHED
    if bench.stances:
        write_model(bench.stances, folder / STANCES, texts, stances_grain)
        files += SECOND
    config = replace(
        bench.config,
        digests={name: digest(folder / name) for name in files},
        versions={name: metadata.version(name) for name in _LIBRARIES},
    )
    (folder / CONFIG).write_text(config.to_json(), "utf-8")
    return config


def export_onnx(network: Network, path: Path) -> None:
    """The network in float32, batch and length free; attention is one operator (ONNX 23).

    Matrices bear the names that they have in torch, in ONNX with rows and columns exchanged, so that `read_weights` finds them.
    """
    example = tuple(torch.ones(2, 16, dtype=torch.long) for _ in _INPUTS)
    axes = {0: torch.export.Dim("batch", min=1, max=4096), 1: torch.export.Dim("tokens", min=3, max=512)}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.onnx.export(
            network.float().eval(), example, str(path), input_names=list(_INPUTS), output_names=list(OUTPUTS),
            dynamic_shapes=tuple(axes for _ in _INPUTS), opset_version=23, dynamo=True, external_data=False, verbose=False,
        )  # fmt: skip
    _name(path, network.state_dict())


def _name(path: Path, state: Mapping[str, Tensor]) -> None:
    """Gives the constants of the graph that are matrices, of whatever kind, the names of the weights that they are."""
    import onnx
    from onnx import numpy_helper

    model = onnx.load(str(path))
    tensors = {tensor.name: tensor for tensor in model.graph.initializer}
    arrays = {name: numpy_helper.to_array(tensor) for name, tensor in tensors.items() if name not in state}
    found: dict[str, str] = {}
    for name, value in state.items():
        if name in tensors:
            continue
        turned = value.numpy().T
        match = next((n for n, a in arrays.items() if a.shape == turned.shape and np.array_equal(a, turned)), None)
        if match:
            found[match] = name
            del arrays[match]
    for old, name in found.items():
        tensors[old].name = name
    for node in model.graph.node:
        for place, name in enumerate(node.input):
            if name in found:
                node.input[place] = found[name]
    onnx.save(model, str(path))


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


def quantise(path: Path, grain: float = 0.0) -> Any:
    """The network of a file, with weights of products and embeddings in int8, per channel or row, and activations as they come.

    The steps of a row are as fine as int8 allows, or ``grain`` times the standard deviation of its weights: then few numbers
    are frequent, and the file packs well.
    """
    import onnx
    from onnx import numpy_helper
    from onnxruntime.quantization import QuantType, quantize_dynamic

    model = onnx.load(str(path))
    del model.graph.value_info[:]  # shapes that the exporter noted, which folding has made untrue
    for node in model.graph.node:  # notes of the exporter: a megabyte of stack traces
        node.ClearField("metadata_props")
        node.ClearField("doc_string")
    tables = {tensor.name: tensor for tensor in model.graph.initializer}
    coarse: dict[str, tuple[Any, Floats]] = {}
    for node in model.graph.node:
        if grain and node.op_type in ("MatMul", "Gemm") and node.input[1] in tables:
            table = numpy_helper.to_array(tables[node.input[1]])
            coarse[node.input[1]] = _rows(table if node.op_type == "Gemm" else table.T, grain)
    _quantise_rows(model.graph, grain)
    small = path.with_name(f"small-{path.name}")
    quantize_dynamic(model, str(small), weight_type=QuantType.QInt8, per_channel=True, op_types_to_quantize=["MatMul", "Gemm"])
    model = onnx.load(str(small))
    _put_in(model.graph, coarse)
    return model


def _put_in(graph: Any, coarse: Mapping[str, tuple[Any, Floats]]) -> None:
    """Exchanges the int8 weights of products, and their scales, for these."""
    from onnx import numpy_helper

    for tensor in graph.initializer:
        for end, part in (("_quantized", 0), ("_scale", 1)):
            if tensor.name.endswith(end) and tensor.name.removesuffix(end) in coarse:
                values = coarse[tensor.name.removesuffix(end)][part]
                values = np.ascontiguousarray(values.T if part == 0 else values[:, 0])
                tensor.CopyFrom(numpy_helper.from_array(values, tensor.name))


def _complete(model: Any, state: Mapping[str, Tensor]) -> None:
    """Adds the weights that labelling does not need, but training does."""
    from onnx import numpy_helper

    there = {tensor.name.removesuffix("_quantized") for tensor in model.graph.initializer}
    for name, value in state.items():
        if name not in there and not name.startswith(_UNUSED):
            model.graph.initializer.append(numpy_helper.from_array(value.numpy(), name))


def _rows(values: Floats, grain: float = 0.0) -> tuple[Any, Floats]:
    """A table in int8, and the scale of each of its rows (see `quantise`). *Shapes:* (rows, columns), (rows, 1)."""
    scale: Floats = np.maximum(np.abs(values).max(1, keepdims=True), np.float32(1e-8)) / np.float32(127)
    scale = np.maximum(scale, np.float32(grain) * values.std(1, keepdims=True))
    return (values / scale).round().astype(np.int8), scale


def _quantise_rows(graph: Any, grain: float) -> None:
    """Embeddings in int8 with a scale a row; onnxruntime would take one scale for all."""
    from onnx import helper, numpy_helper

    tables = {tensor.name: tensor for tensor in graph.initializer}
    nodes = []
    for node in graph.node:
        table = tables.get(node.input[0]) if node.op_type == "Gather" else None
        if table is None or len(table.dims) != 2 or table.dims[0] * table.dims[1] < _LARGE:
            nodes.append(node)
            continue
        small, scale = _rows(numpy_helper.to_array(table), grain)
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


def read_weights(path: Path) -> dict[str, Tensor]:
    """The weights of a packed network, as exact as they are there, in float32. Raises `ModelError` for a torn file."""
    import onnx
    from onnx import numpy_helper

    network = unpacked(path)
    try:
        graph = onnx.load_from_string(network).graph
    except Exception as fault:  # protobuf's own, whose place differs between its versions
        raise ModelError(f"{path}: no weights to read: {fault}") from fault
    arrays = {tensor.name: numpy_helper.to_array(tensor) for tensor in graph.initializer}
    makers = {name: node for node in graph.node for name in node.output}
    state: dict[str, Any] = {}
    for name, values in arrays.items():
        if values.dtype == np.int8 and name.endswith("_quantized"):  # of a product
            name = name.removesuffix("_quantized")
            values = (values * arrays[f"{name}_scale"]).T
        elif values.dtype == np.int8 and f"{name}_scale" in arrays:  # of an embedding
            values = values * arrays[f"{name}_scale"]
        state[name] = values
    for node in graph.node:  # undoes `smooth`
        weights = node.input[1].removesuffix("_quantized") if node.op_type == "MatMulInteger" else ""
        if weights in state:
            given = makers[makers[node.input[0]].input[0]]
            if given.op_type == "Mul" and given.name.endswith("_smooth"):
                state[weights] = state[weights] * arrays[given.input[1]]
    return {name: torch.from_numpy(np.array(values, dtype=np.float32)) for name, values in state.items() if "." in name}


def read_model(folder: Path) -> tuple[Network, Any, ModelConfig]:
    """Network, tokenizer and configuration of a model folder, for retraining. Raises `ModelError`."""
    from transformers import AutoConfig, AutoModel

    config = read_config(folder)
    otherwise = "; it can label, but not be trained further"
    path = checked(folder, ONNX, config)
    encoder_path = checked(folder, ENCODER, config, otherwise=otherwise)
    settings = json.loads(encoder_path.read_text("utf-8"))
    encoder: Any = AutoModel.from_config(AutoConfig.for_model(**settings))
    network = Network(encoder.float(), NetworkConfig(positions=len(config.positions), frozen=config.frozen))
    state = network.state_dict()
    known = read_weights(path)
    for name, value in state.items():
        if not name.startswith(_UNUSED):
            if name not in known or known[name].shape != value.shape:
                raise ModelError(f"{path}: the weights do not fit the configuration: {name}")
            state[name] = known[name]
    network.load_state_dict(state)
    return network, read_tokenizer(folder), config
