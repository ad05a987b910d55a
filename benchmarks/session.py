"""Where the time of labelling goes, and what int8 costs.

    python -m benchmarks.session [--articles 20] [--threads 1] [--held-out 68]

Three tables:

1. The whole pipeline (JSON line to JSON line) against the bare ONNX sessions on the very same batches, article by article in
   turn, so that both meet the same machine. Their ratio is what all of the Python costs.
2. Each session's GFLOP/s, counted from the encoder's shape, beside bare products of matrices of the encoder's shapes on this
   machine: int8 in onnxruntime, bfloat16 and float32 in torch.
3. int8 against float32 ONNX and bfloat16 torch, all with the weights that the folder has: they differ in how activations
   are computed: seconds and tuple F1 on held-out articles.

Needs ``pip install 'stance-classifier[train]'``.
"""

from __future__ import annotations

import argparse
import json
import os
import time
from collections.abc import Callable, Iterator, Sequence
from itertools import islice
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import onnx
import onnxruntime
import torch

from benchmarks.texts import ROOT, texts
from stance.annotations import read_annotations, read_held_out
from stance.bundled import bundled
from stance.classifier import Classifier
from stance.evaluate import evaluate
from stance.model.encoding import Ints
from stance.model.folder import ENCODER, ONNX, packed, read_config, read_tokenizer, second
from stance.model.network import OUTPUTS, Network
from stance.model.runtime import Floats, OnnxRuntime, Runtime
from stance.output import json_lines
from stance.records import AnnotatedArticle, Article
from stance.report import found_by
from stance.train.export import export_onnx, read_model
from stance.train.split import scenario

RUNS = 20


class Recorder:
    """A runtime that keeps what it was given."""

    pool = None

    def __init__(self, runtime: Runtime) -> None:
        self.runtime = runtime
        self.batches: list[tuple[Any, ...]] = []

    def __call__(self, names: Sequence[str], *given: Ints) -> list[Floats]:
        """See `Runtime`."""
        self.batches.append((names, *given))
        return self.runtime(names, *given)


class Torch:
    """The network in torch, in bfloat16."""

    pool = None

    def __init__(self, network: Network) -> None:
        self._network = network.to(torch.bfloat16).eval()

    def __call__(self, names: Sequence[str], *given: Ints) -> list[Floats]:
        """See `Runtime`."""
        with torch.inference_mode():
            outputs = dict(zip(OUTPUTS, self._network(*map(torch.from_numpy, given)), strict=True))
        return [outputs[name].float().numpy() for name in names]


def flops(shape: dict[str, int], batch: int, tokens: int) -> float:
    """Operations (a product and a sum are two) of the encoder on a batch of so many rows of tokens, padding included.

    Projections and the two products of the attention; norms, activations and the heads (under 2 %) are left out.
    """
    width, inner, layers = shape["hidden_size"], shape["intermediate_size"], shape["num_hidden_layers"]
    projections = 2 * tokens * (4 * width * width + 2 * width * inner)
    attention = 2 * 2 * tokens * tokens * width
    return float(batch * layers * (projections + attention))


def assembled(folder: Path, runtime: Callable[[Path], Runtime]) -> Classifier:
    """The classifier of a model folder, its networks (one or two) computed by what ``runtime`` makes of their folders."""
    config = read_config(folder)
    other = second(folder, config)
    stances = Classifier(runtime(other[0]), read_tokenizer(other[0]), other[1]) if other else None
    return Classifier(runtime(folder), read_tokenizer(folder), config, stances)


def pipeline(folder: Path, articles: int, threads: int) -> None:
    """Table 1, and the first lines of table 2."""
    recorders: dict[Path, Recorder] = {}

    def recorder(place: Path) -> Runtime:
        recorders[place] = Recorder(OnnxRuntime(place / ONNX, threads=threads))
        return recorders[place]

    classifier = assembled(folder, recorder)
    shapes = {place: json.loads((place / ENCODER).read_text("utf-8")) for place in recorders}
    whole, tokens = 0.0, 0
    bare, operations = dict.fromkeys(recorders, 0.0), dict.fromkeys(recorders, 0.0)
    classifier.classify(next(texts()))
    for number, text in enumerate(islice(texts(), articles)):
        line = json.dumps({"id": f"a{number}", "text": text})
        for one in recorders.values():
            one.batches.clear()
        started = time.perf_counter()
        row = json.loads(line)
        list(json_lines([(Article(id=row["id"], text=row["text"]), classifier.classify(row["text"]))]))
        whole += time.perf_counter() - started
        for place, one in recorders.items():
            started = time.perf_counter()
            for batch in one.batches:
                one.runtime(*batch)
            bare[place] += time.perf_counter() - started
            operations[place] += sum(flops(shapes[place], *ids.shape) for _, ids, *_ in one.batches)
            tokens += sum(ids.size for _, ids, *_ in one.batches)
    alone = sum(bare.values())
    print("| articles | pipeline, s | sessions alone, s | ratio | tokens read, with padding |\n| --- | --- | --- | --- | --- |")
    print(f"| {articles} | {whole:.2f} | {alone:.2f} | {whole / alone:.3f} | {tokens:,} |\n")
    print("| | GFLOP/s |\n| --- | --- |")
    for place in recorders:
        name = "second" if place != folder else "first" if len(recorders) > 1 else "only"
        print(f"| the session of the {name} network, int8, {bare[place]:.2f} s | {operations[place] / bare[place] / 1e9:.0f} |")
    for width, inner in sorted({(shape["hidden_size"], shape["intermediate_size"]) for shape in shapes.values()}):
        for name, product in (("int8, onnxruntime", int8), ("bfloat16, torch", half), ("float32, torch", single)):
            for k, n in ((width, width), (width, inner), (inner, width)):
                print(f"| bare product, {name}, 512 x {k} x {n} | {2 * 512 * k * n / fastest(product(512, k, n)) / 1e9:.0f} |")
    print()


def fastest(product: Callable[[], object]) -> float:
    """Seconds of the fastest of some runs."""
    product()
    times = []
    for _ in range(RUNS):
        started = time.perf_counter()
        product()
        times.append(time.perf_counter() - started)
    return min(times)


def int8(m: int, k: int, n: int) -> Callable[[], object]:
    """A product of unsigned activations and signed weights, as in the model."""
    chance = np.random.default_rng(0)
    weights = onnx.numpy_helper.from_array(chance.integers(-127, 127, (k, n), dtype=np.int8), "weights")
    node = onnx.helper.make_node("MatMulInteger", ["rows", "weights"], ["product"])
    rows = onnx.helper.make_tensor_value_info("rows", onnx.TensorProto.UINT8, [m, k])
    out = onnx.helper.make_tensor_value_info("product", onnx.TensorProto.INT32, [m, n])
    graph = onnx.helper.make_graph([node], "product", [rows], [out], [weights])
    model = onnx.helper.make_model(graph, opset_imports=[onnx.helper.make_opsetid("", 20)], ir_version=10)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = torch.get_num_threads()
    session = onnxruntime.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"])
    given = {"rows": chance.integers(0, 255, (m, k), dtype=np.uint8)}
    return lambda: session.run(None, given)


def half(m: int, k: int, n: int) -> Callable[[], object]:
    """A product in bfloat16."""
    a, b = (
        torch.randn(m, k, dtype=torch.bfloat16),
        torch.nn.Linear(k, n, bias=False, dtype=torch.bfloat16).requires_grad_(False),
    )
    return lambda: b(a)


def single(m: int, k: int, n: int) -> Callable[[], object]:
    """A product in float32."""
    a, b = torch.randn(m, k), torch.nn.Linear(k, n, bias=False).requires_grad_(False)
    return lambda: b(a)


def precisions(folder: Path, gold: Sequence[AnnotatedArticle], threads: int) -> None:
    """Table 3."""
    print(f"| {len(gold)} held-out articles | seconds | tuple F1 | position, accuracy |\n| --- | --- | --- | --- |")
    for name, runtime in runtimes(threads):
        classifier = assembled(folder, runtime)
        classifier.classify(gold[0].text)
        started = time.perf_counter()
        found = found_by(classifier, gold)
        seconds = time.perf_counter() - started
        figures = evaluate(gold, found, classifier.config.positions).figures
        print(f"| {name} | {seconds:.1f} | {figures['tuple_f1']:.3f} | {figures['position_accuracy']:.3f} |", flush=True)


def runtimes(threads: int) -> Iterator[tuple[str, Callable[[Path], Runtime]]]:
    """How a network's folder is computed: as it ships, and in higher precision."""

    def single_precision(place: Path) -> Runtime:
        with TemporaryDirectory() as scratch:
            plain = Path(scratch) / "plain.onnx"
            export_onnx(read_model(place)[0], plain)
            plain.write_bytes(packed(plain.read_bytes()))
            return OnnxRuntime(plain, threads=threads)

    yield "int8, onnxruntime", lambda place: OnnxRuntime(place / ONNX, threads=threads)
    yield "float32, onnxruntime", single_precision
    yield "bfloat16, torch", lambda place: Torch(read_model(place)[0])


def main() -> None:
    """Prints the three tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--articles", type=int, default=20)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--held-out", type=int, help="measure on so many held-out articles; all where not given")
    given = parser.parse_args()
    torch.set_num_threads(given.threads)
    folder = bundled("models/default")
    print(f"onnxruntime {onnxruntime.__version__}, torch {torch.__version__}, {given.threads} threads of {os.cpu_count()}\n")
    pipeline(folder, given.articles, given.threads)
    annotations = ROOT / "data" / "annotations"
    names = read_held_out(annotations / "held_out.toml")
    gold = [a for a in read_annotations([annotations / "authored"]) if scenario(a) in names]
    precisions(folder, gold[: given.held_out], given.threads)


if __name__ == "__main__":
    main()
