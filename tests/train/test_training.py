"""A whole training run at the smallest size: from annotations to a model folder that labels, refuses and retrains."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("torch")

import stance
from stance.annotations import read_annotations, write_annotations
from stance.codebook import Codebook, Position, read_codebook
from stance.errors import AnnotationError, ModelError, RecipeError
from stance.model.config import ModelConfig
from stance.model.decoding import Proposal
from stance.model.folder import read_config
from stance.records import AnnotatedArticle
from stance.train import training
from stance.train.recipe import Finish, Recipe, Stances, Statements, read_recipe
from stance.train.training import train
from tests import tiny
from tests.conftest import ROOT, TEXT

RECIPE = Recipe(statements=Statements(epochs=1, replay=0.0), seed=1, threads=1)


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny.base(tmp_path_factory.mktemp("base"))


@pytest.fixture(scope="module")
def trained(base: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("models")
    seeds = ROOT / "data" / "annotations" / "seeds.jsonl"
    first = replace(RECIPE, finish=Finish(files=(_two(seeds, folder),), leave_one_out=True))
    said: list[str] = []
    reports = train([seeds], folder / "mine", first, base=str(base), say=said.append)
    assert reports["left out one by one"].articles == 2
    assert any("min left" in line for line in said)
    return folder / "mine"


def _two(seeds: Path, folder: Path) -> str:
    write_annotations(read_annotations([seeds])[:2], folder / "two.jsonl")
    return str(folder / "two.jsonl")


def test_a_model_folder_is_complete(trained: Path) -> None:
    names = {p.name for p in trained.iterdir()}
    assert names == {"config.json", "model.onnx.gz", "tokenizer.json", "encoder.json", "metrics.json", "README.md"}
    metrics = json.loads((trained / "metrics.json").read_text("utf-8"))
    assert 0 <= metrics["left out one by one"]["figures"]["tuple_f1"] <= 1
    assert "tuple f1" in (trained / "README.md").read_text("utf-8")


def test_what_was_trained_labels(trained: Path) -> None:
    classifier = stance.load(trained)
    (one,) = classifier.classify("Orvane must lift the blockade.", speaker="Ilse Marrin")
    assert one.speaker == "Ilse Marrin"
    assert one.text == "Orvane must lift the blockade."
    assert set(one.scores) == {*read_codebook().names, "none"}
    for statement in classifier.classify(TEXT):
        assert statement.text
    assert classifier.classify("") == []
    assert [bool(found) for found in classifier.classify_many(["", ""])] == [False, False]


def _run(plain: Path) -> Any:
    """An unpacked network, to be run."""
    from stance.model.folder import packed
    from stance.model.runtime import OnnxRuntime

    path = plain.with_suffix(".onnx.gz")
    path.write_bytes(packed(plain.read_bytes()))
    return OnnxRuntime(path)


def _exported(network: Any, folder: Path) -> Any:
    """A network in float32, to be run in onnxruntime."""
    from stance.train.export import export_onnx

    export_onnx(network, folder / "plain.onnx")
    return _run(folder / "plain.onnx")


def test_onnx_and_torch_agree(trained: Path) -> None:
    """In float32 they are the same network; the folder's int8 stays close to it."""
    import numpy as np
    import torch

    from stance.model.encoding import Alphabet, collate, tokenize
    from stance.model.runtime import OnnxRuntime
    from stance.train.export import read_model
    from stance.train.loop import tensors

    network, tokenizer, _ = read_model(trained)
    alphabet = Alphabet.of(tokenizer)
    tokens = [tokenize(t, tokenizer, alphabet) for t in (TEXT, "She said so.")]
    batch = collate([(t, np.ones(len(t), dtype=np.int64)) for t in tokens], alphabet)
    with torch.no_grad():
        wanted = [o.numpy() for o in network.eval()(*tensors(batch))]
    names = ("tags", "link_queries", "link_keys", "statement", "speaker", "target")
    for plain, want in zip(_exported(network, trained.parent)(names, *batch), wanted, strict=True):
        real = batch[1].astype(bool) if want.ndim > 2 else np.ones(len(want), dtype=bool)
        np.testing.assert_allclose(plain[real], want[real], atol=1e-4)
    for small, want in zip(OnnxRuntime(trained / "model.onnx.gz")(names, *batch), wanted, strict=True):
        assert np.abs(small - want).mean() < 0.1


def test_smoothing_and_quantising_rows_change_next_to_nothing(
    trained: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import numpy as np
    import onnx

    from stance.model.encoding import Alphabet, collate, tokenize
    from stance.train import export

    network, tokenizer, _ = export.read_model(trained)
    alphabet = Alphabet.of(tokenizer)
    tokens = tokenize(TEXT, tokenizer, alphabet)
    batch = collate([(tokens, np.zeros(len(tokens), dtype=np.int64))], alphabet)
    plain, rows = tmp_path / "plain.onnx", tmp_path / "rows.onnx"
    export.export_onnx(network, plain)
    before = _run(plain)(("tags", "statement"), *batch)
    export.smooth(plain, [batch])
    for new, old in zip(_run(plain)(("tags", "statement"), *batch), before, strict=True):
        np.testing.assert_allclose(new, old, atol=1e-3)
    assert any(node.name.endswith("_smooth") for node in onnx.load(str(plain)).graph.node)
    model = onnx.load(str(plain))
    monkeypatch.setattr(export, "_LARGE", 0)
    export._quantise_rows(model.graph, 0.0)
    onnx.save(model, str(rows))
    for new, old in zip(_run(rows)(("tags", "statement"), *batch), before, strict=True):
        assert np.abs(new - old).mean() < 0.05
    kinds = {tensor.data_type for tensor in model.graph.initializer if tensor.name.endswith("embeddings.weight")}
    assert kinds == {onnx.TensorProto.INT8}


def test_weights_are_read_back_from_the_network(trained: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What was smoothed and rounded is as it was, but for the rounding; a coarse grain makes the file smaller."""
    from stance.train import export
    from stance.train.stages import bench_of

    monkeypatch.setattr(export, "_LARGE", 0)
    network, tokenizer, config = export.read_model(trained)
    bench = bench_of(network, tokenizer, config, config.positions)
    for grain, most in ((0.0, 0.05), (0.5, 0.4)):
        folder = tmp_path / str(grain)
        export.write_model(bench, folder, [TEXT], grain)
        again = export.read_model(folder)[0].state_dict()
        for name, value in network.state_dict().items():
            if value.is_floating_point() and not name.startswith("encoder.pooler."):
                assert (again[name] - value).norm() <= most * value.norm(), name
        assert export.read_weights(folder / "model.onnx.gz")["other_tags.weight"].equal(network.other_tags.weight)
    sizes = [(tmp_path / name / "model.onnx.gz").stat().st_size for name in ("0.0", "0.5")]
    assert sizes[1] < 0.8 * sizes[0]


def test_a_torn_network_is_named(tmp_path: Path) -> None:
    from stance.model.folder import packed, unpacked
    from stance.train.export import read_weights

    path = tmp_path / "model.onnx.gz"
    path.write_bytes(packed(b"no network" * 100)[:-9])
    with pytest.raises(ModelError, match="no network to read"):
        unpacked(path)
    path.write_bytes(packed(b"no network"))
    with pytest.raises(ModelError, match="no weights to read"):
        read_weights(path)


def test_the_lowest_layers_stay_as_they_are(base: Path, tmp_path: Path, article: AnnotatedArticle) -> None:
    """They learn nothing, and see neither looks nor roles; what lies above does."""
    import torch

    from stance.train.export import read_model
    from stance.train.stages import start

    write_annotations([article], tmp_path / "a.jsonl")
    fast = Statements(epochs=4, replay=0.0, encoder_rate=1e-2)
    train([tmp_path / "a.jsonl"], tmp_path / "mine", replace(RECIPE, frozen=1, statements=fast), base=str(base))
    network, _, config = read_model(tmp_path / "mine")
    assert (config.frozen, network.config.frozen) == (1, 1)
    old = start(str(base), ModelConfig(positions=config.positions)).network.state_dict()
    new = {name: value for name, value in network.state_dict().items() if value.ndim > 1}
    moved = [max(float((v - old[k]).norm() / old[k].norm()) for k, v in new.items() if f"layer.{n}." in k) for n in (0, 1)]
    assert moved[0] < 0.05 < moved[1]
    ids = torch.arange(5, 15).view(1, 10)
    mask, nothing = torch.ones_like(ids), torch.zeros_like(ids)
    seen: list[Any] = []
    network.eval().encoder.encoder.layer[0].register_forward_hook(lambda *given: seen.append(given[2]))
    with torch.no_grad():
        one, two = (network.encode(ids, mask, nothing, roles) for roles in (nothing, mask))
    assert not one.equal(two)
    assert torch.equal(*(s[0] if isinstance(s, tuple) else s for s in seen))
    with pytest.raises(ModelError, match="layers cannot be frozen"):
        train([tmp_path / "a.jsonl"], tmp_path / "none", replace(RECIPE, frozen=99), base=str(base))
    train([tmp_path / "a.jsonl"], tmp_path / "more", RECIPE, base=str(tmp_path / "mine"))
    assert read_model(tmp_path / "more")[2].frozen == 1


def test_a_second_network_reads_positions_and_targets(
    trained: Path, base: Path, tmp_path: Path, article: AnnotatedArticle
) -> None:
    """It learns them alone, what the first one finds stays as it is, and both are trained further, averaged and checked."""
    from stance.train.export import read_model

    write_annotations([article], tmp_path / "a.jsonl")
    second = Stances(base=str(base), epochs=30, encoder_rate=1e-2, heads_rate=1e-2, context=64, frozen=1, share=1.0)
    once = replace(RECIPE, statements=Statements(epochs=0, held_out=str(ROOT / "data" / "annotations" / "held_out.toml")))
    made = tmp_path / "made"
    train([tmp_path / "a.jsonl"], made, replace(once, stances=second), base=str(trained))
    assert {p.name for p in (made / "stances").iterdir()} == {"config.json", "model.onnx.gz", "tokenizer.json", "encoder.json"}
    assert f"beside the first, from `{base.name}`" in (made / "README.md").read_text("utf-8")
    assert read_config(made / "stances").context == 64
    both, fast = stance.load(made), stance.load(made, fast=True)
    assert both.digest != fast.digest
    truth = {s.content: {t.position for t in s.stances} for s in article.statements}
    proposals = [Proposal(s.content, s.cue, s.source) for s in article.statements]
    for proposal in proposals:
        read = both.scores(TEXT, proposal)
        assert {name for name, chance in read.items() if chance > 0.5} == truth[proposal.content]
        assert read != fast.scores(TEXT, proposal)
    found = [[(s.content, s.confidence) for s in one.classify(TEXT)] for one in (both, fast)]
    assert found[0] == found[1]
    (only,) = both.classify("Orvane must lift the blockade.", speaker="Ilse Marrin")
    assert only.speaker == "Ilse Marrin"

    more = replace(once, stances=Stances(epochs=1, context=64), keep=0.5, mean=(str(made),))
    train([tmp_path / "a.jsonl"], tmp_path / "more", more, base=str(made))
    old, new = (read_model(folder / "stances")[0].statement.weight for folder in (made, tmp_path / "more"))
    moved = float(((new - old).norm() / old.norm()).detach())
    assert 0 < moved < 0.5
    with pytest.raises(ModelError, match="no mean can be taken"):
        train([tmp_path / "a.jsonl"], tmp_path / "none", replace(once, mean=(str(made),)), base=str(trained))

    train([tmp_path / "a.jsonl"], tmp_path / "one", replace(once, stances=Stances(share=0.0)), base=str(made))
    assert not (tmp_path / "one" / "stances").exists()
    assert stance.load(tmp_path / "one").config.stances == 0

    (tmp_path / "more" / "stances" / "model.onnx.gz").unlink()
    with pytest.raises(ModelError, match="no model"):
        stance.load(tmp_path / "more")
    assert stance.load(tmp_path / "more", fast=True).config.stances == 0.75
    config = made / "stances" / "config.json"
    config.write_text(config.read_text("utf-8") + " ", "utf-8")
    with pytest.raises(ModelError, match=r"stances.config\.json: torn"):
        stance.load(made)


def test_a_second_network_finds_statements_too(trained: Path, tmp_path: Path, article: AnnotatedArticle) -> None:
    """With a share of all, what it marks is found, whatever the first one would; a model that goes on from it keeps that."""
    from tests import tiny

    write_annotations([article], tmp_path / "a.jsonl")
    base = tiny.base(tmp_path / "base", backwards=True)
    second = Stances(base=str(base), epochs=60, encoder_rate=1e-2, heads_rate=1e-2, context=64, share=1.0, finding=1.0)
    once = replace(RECIPE, statements=Statements(epochs=0, held_out=str(ROOT / "data" / "annotations" / "held_out.toml")))
    train([tmp_path / "a.jsonl"], tmp_path / "made", replace(once, stances=second), base=str(trained))
    both, fast = stance.load(tmp_path / "made"), stance.load(tmp_path / "made", fast=True)
    wanted = [Proposal(s.content, s.cue, s.source) for s in article.statements]
    assert both.proposals(TEXT) == wanted != fast.proposals(TEXT)
    assert [s.content for s in both.classify(TEXT)] == [p.content for p in wanted]
    again = replace(once, stances=Stances(epochs=1, context=64))
    train([tmp_path / "a.jsonl"], tmp_path / "more", again, base=str(tmp_path / "made"))
    assert read_config(tmp_path / "more").finding == 1.0


@pytest.mark.parametrize(("wrong", "kept"), [(3, 3), (8, 8), (9, 5), (4000, 8)])
def test_of_what_is_no_statement_little_is_learnt(wrong: int, kept: int, article: AnnotatedArticle) -> None:
    """A bare encoder proposes words all over an article."""
    from stance.train.stages import _compared

    gold = article.statements
    shifted = [Proposal(((s.content[0][0], s.content[-1][1] + 1),), s.cue, s.source) for s in gold]
    proposals = [*shifted, *(Proposal(((1000 + 2 * n, 1001 + 2 * n),), None, None) for n in range(wrong))]
    found = list(_compared(gold, proposals))
    assert [s.speaker for s, valid in found if valid] == [s.speaker for s in gold]
    assert sum(not valid for _, valid in found) == kept


@pytest.mark.parametrize("finding", [0.0, 0.5])
def test_a_second_network_of_another_vocabulary_learns_what_the_first_finds(
    finding: float, trained: Path, tmp_path: Path, article: AnnotatedArticle
) -> None:
    from stance.train.stages import stances_tasks, statement_tasks
    from tests import tiny

    base = tiny.base(tmp_path / "base", backwards=True)
    recipe = replace(RECIPE, stances=Stances(base=str(base), context=RECIPE.decoding.context, finding=finding))
    bench = training._bench("tiny", str(trained), recipe, read_codebook(), lambda _: None)
    reader = replace(bench, stances=None).classifier()
    *tags, statements = stances_tasks(bench, [article], tag_batch=1, batch_size=1, reader=reader)
    mine = statement_tasks(bench, [article], tag_batch=1, statement_batch=1, reader=reader)[1].examples
    assert [task.name for task in tags] == ["tags"] * bool(finding)
    wanted = [e for e in mine if finding or e.valid]
    assert [(e.valid, e.roles.tolist()) for e in statements.examples] == [(e.valid, e.roles.tolist()) for e in wanted]
    assert not finding or len(wanted) > len(article.statements)
    *_, half = stances_tasks(bench, [article] * 4, tag_batch=1, batch_size=1, reader=reader, part=0.5)
    assert len(half.examples) == 2 * len(wanted)
    assert not any(set(a.tokens.ids) == set(b.tokens.ids) for a, b in zip(statements.examples, wanted, strict=True))


@pytest.mark.parametrize("finding", [0.0, 0.5])
def test_a_second_network_is_calibrated_by_itself(finding: float, trained: Path, base: Path, tmp_path: Path) -> None:
    """Thresholds of what it reads are its own; those of the first network stay, for labelling without it."""
    articles = read_annotations([ROOT / "data" / "annotations" / "seeds.jsonl"])
    write_annotations([replace(a, meta={**a.meta, "scenario": a.id}) for a in articles], tmp_path / "a.jsonl")
    (tmp_path / "held.toml").write_text("held_out = " + json.dumps([a.id for a in articles[1:]]), "utf-8")
    recipe = replace(
        RECIPE,
        statements=Statements(epochs=0, held_out=str(tmp_path / "held.toml")),
        stances=Stances(base=str(base), epochs=1, context=64, finding=finding),
    )
    said: list[str] = []
    reports = train([tmp_path / "a.jsonl"], tmp_path / "made", recipe, base=str(trained), say=said.append)
    assert reports["held-out scenarios"].articles == 4
    first, own, old = (read_config(folder) for folder in (tmp_path / "made", tmp_path / "made" / "stances", trained))
    assert first.thresholds == old.thresholds
    assert {k: v for k, v in first.temperatures.items() if k != "valid"} == {
        k: v for k, v in old.temperatures.items() if k != "valid"
    }
    assert "valid" not in own.temperatures
    assert not finding or (first.temperatures, first.valid_threshold) == (old.temperatures, old.valid_threshold)
    odd = replace(first, temperatures=dict.fromkeys(first.positions, 3.5))
    (tmp_path / "made" / "config.json").write_text(odd.to_json(), "utf-8")
    told, _ = training._calibrated(tmp_path / "made", articles[1:])
    own = read_config(tmp_path / "made" / "stances")
    assert {k: v for k, v in told.temperatures.items() if k != "valid"} == own.temperatures  # what labelling divides by
    assert stance.load(tmp_path / "made").digest


def test_attention_is_one_operator(trained: Path) -> None:
    import onnx

    from stance.model.folder import unpacked

    kinds = [node.op_type for node in onnx.load_from_string(unpacked(trained / "model.onnx.gz")).graph.node]
    assert kinds.count("Attention") == json.loads((trained / "encoder.json").read_text())["num_hidden_layers"]
    assert "Softmax" not in kinds


def test_the_same_seed_gives_the_same_model(base: Path, tmp_path: Path, article: AnnotatedArticle) -> None:
    write_annotations([article], tmp_path / "a.jsonl")
    for name in ("one", "two"):
        train([tmp_path / "a.jsonl"], tmp_path / name, RECIPE, base=str(base))
    weights = [(tmp_path / name / "model.onnx.gz").read_bytes() for name in ("one", "two")]
    assert weights[0] == weights[1]


def test_other_positions_without_code(base: Path, trained: Path, tmp_path: Path, article: AnnotatedArticle) -> None:
    positions = tuple(Position(name=n, title=n, definition=n, target=n) for n in ("deescalation", "criticism", "denial"))
    write_annotations([article], tmp_path / "a.jsonl")
    book = Codebook(version="x", positions=positions)
    train([tmp_path / "a.jsonl"], tmp_path / "mine", RECIPE, base=str(trained), codebook=book)
    from stance.train.stages import bench_of, start

    old = start(str(base), ModelConfig(positions=("a", "b")))
    new = bench_of(old.network, old.tokenizer, ModelConfig(positions=("b", "c")), ("a", "b")).network
    assert new.tags.weight.equal(old.network.tags.weight)
    assert new.statement.weight[:2].equal(old.network.statement.weight[[0, 2]])
    assert new.target.weight[:2].equal(old.network.target.weight[2:4])
    (one,) = stance.load(tmp_path / "mine").classify("We deny it.", speaker="A")
    assert set(one.scores) == {"deescalation", "criticism", "denial", "none"}


def _torn(folder: Path) -> None:
    path = folder / "model.onnx.gz"
    path.write_bytes(path.read_bytes()[:-100])


def _newer(folder: Path) -> None:
    data = json.loads((folder / "config.json").read_text("utf-8"))
    (folder / "config.json").write_text(json.dumps({**data, "format": 99}), "utf-8")


def _odd(folder: Path) -> None:
    data = json.loads((folder / "config.json").read_text("utf-8"))
    (folder / "config.json").write_text(json.dumps({**data, "colour": "red"}), "utf-8")


@pytest.mark.parametrize(
    ("harm", "message"),
    [
        (lambda f: shutil.rmtree(f), "no such model folder"),
        (lambda f: (f / "config.json").unlink(), "no config.json"),
        (lambda f: (f / "config.json").write_text("{", "utf-8"), "no JSON"),
        (lambda f: (f / "model.onnx.gz").unlink(), "no model.onnx.gz"),
        (lambda f: (f / "tokenizer.json").unlink(), "no tokenizer.json"),
        (_torn, "torn or changed"),
        (_newer, "has format 99"),
        (_odd, "unknown settings colour"),
    ],
)
def test_a_broken_folder_is_refused_with_the_reason(trained: Path, tmp_path: Path, harm: Any, message: str) -> None:
    shutil.copytree(trained, tmp_path / "m")
    harm(tmp_path / "m")
    with pytest.raises(ModelError, match=message):
        stance.load(tmp_path / "m")


def test_recipes_refuse_what_they_do_not_know(tmp_path: Path) -> None:
    made = read_recipe(ROOT / "recipes" / "default.toml", ["statements.epochs=7", "finish.files=[]"])
    assert (made.statements.epochs, made.finish.files) == (7, ())
    for setting, message in (("colour=1", "unknown key"), ("statements.epochs=many", "expected int"), ("seed", "key=value")):
        with pytest.raises(RecipeError, match=message):
            read_recipe(None, [setting])
    (tmp_path / "r.toml").write_text("seed = [", "utf-8")
    with pytest.raises(RecipeError, match="cannot be read"):
        read_recipe(tmp_path / "r.toml")


def test_annotations_survive_a_dataset(article: AnnotatedArticle) -> None:
    from stance.train.dataset import from_dataset, to_dataset

    articles = [article, *read_annotations([ROOT / "data" / "annotations" / "seeds.jsonl"])]
    assert from_dataset(to_dataset(articles)) == articles


def test_calibration_makes_overconfidence_honest() -> None:
    import numpy as np

    from stance.train.calibration import Judged, calibrated, reliability

    right = np.array([True] * 70 + [False] * 30 + [False] * 70 + [True] * 30)
    told = Judged(np.array([0.99] * 100 + [0.01] * 100), right)
    config = calibrated(ModelConfig(positions=("a",)), {"valid": told})
    assert config.temperatures["valid"] > 2
    assert all(abs(mean - share) < 0.1 for mean, share, _ in reliability(config, {"valid": told})["valid"])
    assert sum(n for _, _, n in reliability(config, {"valid": told})["valid"]) == 200


def test_a_threshold_is_where_a_position_is_found_best() -> None:
    import numpy as np

    from stance.train.calibration import Judged, calibrated, calibration_error

    shy = Judged(np.array([0.4] * 40 + [0.1] * 100), np.array([True] * 40 + [False] * 100))
    rare = Judged(np.array([0.4] * 10 + [0.1] * 130), np.array([True] * 10 + [False] * 130))
    config = calibrated(ModelConfig(positions=("a", "b"), thresholds={"a": 0.5, "b": 0.5}), {"a": shy, "b": rare})
    assert config.thresholds == {"a": 0.4, "b": 0.5}  # b is taken too seldom to choose by
    sure = Judged(np.array([0.9] * 40 + [0.6] * 100), np.array([True] * 40 + [False] * 100))
    assert calibrated(ModelConfig(positions=("a", "b")), {"valid": sure}).valid_threshold == 0.55
    assert calibration_error([(0.9, 0.7, 10), (0.1, 0.1, 30)]) == pytest.approx(0.05)


def test_annotations_that_cannot_be_learnt_from_are_refused(base: Path, tmp_path: Path, article: AnnotatedArticle) -> None:
    write_annotations([article], tmp_path / "a.jsonl")
    book = Codebook(version="x", positions=(Position(name="joy", title="", definition="", target=""),))
    with pytest.raises(AnnotationError, match="article harbour, statement s1: unknown position"):
        train([tmp_path / "a.jsonl"], tmp_path / "mine", RECIPE, base=str(base), codebook=book)
    assert not (tmp_path / "mine").exists()


def test_one_id_for_two_annotations_is_refused(base: Path, tmp_path: Path, article: AnnotatedArticle) -> None:
    write_annotations([article], tmp_path / "a.jsonl")
    write_annotations([replace(article, statements=article.statements[:1])], tmp_path / "b.jsonl")
    with pytest.raises(AnnotationError, match=f"article {article.id} is given twice, with different"):
        train([tmp_path / "a.jsonl", tmp_path / "b.jsonl"], tmp_path / "mine", RECIPE, base=str(base))


def test_a_folder_that_is_no_model_is_not_replaced(base: Path, tmp_path: Path) -> None:
    (tmp_path / "work").mkdir()
    (tmp_path / "work" / "notes.txt").write_text("mine", "utf-8")
    with pytest.raises(ModelError, match="holds other files"):
        train([], tmp_path / "work", RECIPE, base=str(base))
    assert (tmp_path / "work" / "notes.txt").read_text("utf-8") == "mine"


def test_the_command_trains(base: Path, tmp_path: Path, article: AnnotatedArticle) -> None:
    from click.testing import CliRunner

    from stance.cli import main

    write_annotations([article], tmp_path / "a.jsonl")
    arguments = ["train", tmp_path / "a.jsonl", "-o", tmp_path / "mine", "--base", base, "--set", "statements.epochs=1"]
    done = CliRunner().invoke(main, [str(a) for a in arguments])
    assert done.exit_code == 0, done.output
    assert "not calibrated" in done.stderr
    assert stance.load(tmp_path / "mine").config.base == base.name


def test_training_starts_from_a_model_on_the_hub(
    trained: Path, tmp_path: Path, article: AnnotatedArticle, monkeypatch: pytest.MonkeyPatch
) -> None:
    import huggingface_hub

    monkeypatch.setattr(huggingface_hub, "snapshot_download", lambda *_, **__: str(trained))
    write_annotations([article], tmp_path / "a.jsonl")
    train([tmp_path / "a.jsonl"], tmp_path / "mine", RECIPE, base="hf://press/conflicts@v1")
    assert stance.load(tmp_path / "mine").config.base == "hf://press/conflicts@v1"
    assert "base: `hf://press/conflicts@v1`" in (tmp_path / "mine" / "README.md").read_text("utf-8")


def test_nothing_to_train_on_is_said(base: Path, tmp_path: Path) -> None:
    with pytest.raises(RecipeError, match="nothing to train on"):
        train([], tmp_path / "mine", Recipe(), base=str(base))


def test_learning_stops_without_gain_and_keeps_the_best(base: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of six epochs whose figures are these, the third is the best, and two without gain end it."""
    scores = iter([0.1, 0.2, 0.4, 0.3, 0.4, 0.9])
    real = training.evaluate

    def told(*given: Any, **settings: Any) -> Any:
        report = real(*given, **settings)
        if settings.get("resamples") == 0:
            report = replace(report, figures={**report.figures, "tuple_f1": next(scores)})
        return report

    monkeypatch.setattr(training, "evaluate", told)
    said: list[str] = []
    seeds = ROOT / "data" / "annotations" / "seeds.jsonl"
    recipe = replace(RECIPE, statements=Statements(epochs=6, patience=2, hold_out=0.4, replay=0.0))
    reports = train([seeds], tmp_path / "mine", recipe, base=str(base), say=said.append)
    assert [line for line in said if line.startswith(("epoch", "kept"))][-2:] == [
        "epoch 5: tuple F1 0.400 on 1 held-out articles",
        "kept: epoch 3",
    ]
    assert reports["held-out scenarios"].articles == 2
    assert "3 articles to learn from, 0 of the project's own beside, 2 held out" in said


def test_ctrl_c_keeps_what_was_learnt(
    base: Path, tmp_path: Path, article: AnnotatedArticle, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stopped(*_: Any, **__: Any) -> None:
        raise KeyboardInterrupt

    real = training.statement_tasks

    def tasks(*given: Any, **settings: Any) -> Any:
        made = real(*given, **settings)
        return [*made, replace(made[0], loss=stopped)]

    monkeypatch.setattr(training, "statement_tasks", tasks)
    said: list[str] = []
    write_annotations([article], tmp_path / "a.jsonl")
    train([tmp_path / "a.jsonl"], tmp_path / "mine", RECIPE, base=str(base), say=said.append)
    assert "stopped; the model is written as it is" in said
    assert stance.load(tmp_path / "mine").config.base == base.name


def test_of_an_article_read_in_part_only_its_statements_are_learnt(
    base: Path, tmp_path: Path, article: AnnotatedArticle
) -> None:
    from stance.train.training import statement_tasks

    bench = training._bench(str(base), str(base), RECIPE, read_codebook(), print)
    part = replace(article, id="part", meta={"partial": True})

    def numbers(*articles: AnnotatedArticle) -> list[int]:
        tasks = statement_tasks(bench, articles, tag_batch=1, statement_batch=1, reader=bench.classifier())
        return [len(task.examples) for task in tasks]

    tags, statements = numbers(article)
    assert numbers(part) == [0, len(article.statements)]
    assert numbers(article, part) == [tags, statements + len(article.statements)]
    write_annotations([replace(part, id=f"p{n}") for n in range(9)] + [article], tmp_path / "a.jsonl")
    said: list[str] = []
    recipe = replace(RECIPE, statements=Statements(epochs=1, hold_out=1.0, replay=0.0))
    train([tmp_path / "a.jsonl"], tmp_path / "mine", recipe, base=str(base), say=said.append)
    assert "10 articles to learn from, 0 of the project's own beside, 0 held out" in said


def test_a_held_out_story_is_not_learnt_from_in_part(base: Path, tmp_path: Path, article: AnnotatedArticle) -> None:
    (tmp_path / "away.toml").write_text('held_out = ["port"]', "utf-8")
    stories = [("port", False), ("port", True), ("road", False), ("road", True)]
    given = [replace(article, id=f"a{n}", meta={"scenario": s, "partial": p}) for n, (s, p) in enumerate(stories)]
    write_annotations(given, tmp_path / "a.jsonl")
    said: list[str] = []
    recipe = replace(RECIPE, statements=Statements(epochs=1, held_out=str(tmp_path / "away.toml"), replay=0.0))
    train([tmp_path / "a.jsonl"], tmp_path / "mine", recipe, base=str(base), say=said.append)
    assert "2 articles to learn from, 0 of the project's own beside, 1 held out" in said


def test_companions_are_the_project_s_own_and_never_held_out() -> None:
    from stance.annotations import read_held_out
    from stance.train.split import companions, drawn, parted

    away = read_held_out(ROOT / "data" / "annotations" / "held_out.toml")
    some = companions(40, set(), seed=1)
    assert len({a.id for a in some}) == 40
    assert not {a.meta["scenario"] for a in some} & away
    assert some == companions(40, set(), seed=1) != companions(40, set(), seed=2)
    assert not {a.id for a in companions(40, {a.id for a in some}, seed=1)} & {a.id for a in some}
    learnt, held = parted(some, 0.25)
    assert len(learnt) + len(held) == 40
    assert 5 <= len(held) <= 15
    assert parted(some[:4], 0.5) == (some[:4], [])
    first, second = drawn(some, 0.4), drawn(some, 0.8, skipped=0.4)
    assert first
    assert second
    assert {a.id for a in first} | {a.id for a in second} == {a.id for a in drawn(some, 0.8)}
    assert not {a.id for a in first} & {a.id for a in second}


def test_a_retrained_model_keeps_thresholds_that_few_articles_cannot_tell(
    trained: Path, tmp_path: Path, article: AnnotatedArticle
) -> None:
    shutil.copytree(trained, tmp_path / "old")
    data = json.loads((tmp_path / "old" / "config.json").read_text("utf-8"))
    data["thresholds"]["criticism"], data["temperatures"], data["valid_threshold"] = 0.35, {"valid": 1.5}, 0.6
    (tmp_path / "old" / "config.json").write_text(json.dumps(data), "utf-8")
    write_annotations([article], tmp_path / "a.jsonl")
    train([tmp_path / "a.jsonl"], tmp_path / "new", RECIPE, base=str(tmp_path / "old"))
    config = stance.load(tmp_path / "new").config
    assert (config.thresholds["criticism"], config.temperatures, config.valid_threshold) == (0.35, {"valid": 1.5}, 0.6)


def test_the_options_of_the_command_become_settings(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    from click.testing import CliRunner

    from stance.cli import main

    got: list[Recipe] = []
    monkeypatch.setattr("stance.train.training.train", lambda *given, **_: got.append(given[2]))
    seeds = str(ROOT / "data" / "annotations" / "seeds.jsonl")
    for options in ([], ["--only-mine"], ["--from-scratch"]):
        assert CliRunner().invoke(main, ["train", seeds, "-o", str(tmp_path / "m"), *options]).exit_code == 0
    assert [r.statements.beside for r in got] == [1.0, 0.0, 1e6]
    assert [r.statements.hold_out for r in got] == [0.2, 0.2, 0.2]
    assert (got[2].base, got[2].finish.files, got[2].statements.held_out) == ("sentence-transformers/all-MiniLM-L6-v2", (), "")
    both = CliRunner().invoke(main, ["train", seeds, "-o", str(tmp_path / "m"), "--from-scratch", "--only-mine"])
    assert both.exit_code == 2


def test_what_is_kept_of_the_start_is_averaged_in(base: Path, trained: Path, tmp_path: Path, article: AnnotatedArticle) -> None:
    from stance.train.export import read_weights

    write_annotations([article], tmp_path / "a.jsonl")
    for name, keep in (("new", 0.0), ("mean", 0.5), ("old", 1.0)):
        train([tmp_path / "a.jsonl"], tmp_path / name, replace(RECIPE, keep=keep), base=str(trained))
    start, new, mean, old = (
        read_weights(f / "model.onnx.gz") for f in (trained, *(tmp_path / n for n in ("new", "mean", "old")))
    )
    name = "statement.weight"
    assert old[name].equal(start[name])
    assert not new[name].equal(start[name])
    assert (mean[name] - (new[name] + start[name]) / 2).abs().max() < 1e-3
    train([tmp_path / "a.jsonl"], tmp_path / "fresh", replace(RECIPE, keep=0.5), base=str(base))
    train([tmp_path / "a.jsonl"], tmp_path / "again", RECIPE, base=str(base))
    fresh, again = ((tmp_path / n / "model.onnx.gz").read_bytes() for n in ("fresh", "again"))
    assert fresh == again  # of an encoder nothing is kept


def test_models_are_averaged_without_learning(base: Path, trained: Path, tmp_path: Path, article: AnnotatedArticle) -> None:
    from stance.train.export import read_weights

    write_annotations([article], tmp_path / "a.jsonl")
    for seed in (2, 3):
        train([tmp_path / "a.jsonl"], tmp_path / str(seed), replace(RECIPE, seed=seed), base=str(trained))
    recipe = replace(RECIPE, statements=Statements(epochs=0), mean=(str(tmp_path / "2"), str(tmp_path / "3")))
    train([tmp_path / "a.jsonl"], tmp_path / "mean", recipe, base=str(trained))
    one, two, three, mean = (read_weights(f / "model.onnx.gz") for f in (trained, *(tmp_path / n for n in ("2", "3", "mean"))))
    name = "statement.weight"
    assert not two[name].equal(three[name])
    assert (mean[name] - (one[name] + two[name] + three[name]) / 3).abs().max() < 1e-3
    other = Codebook(version="x", positions=(Position(name="joy", title="", definition="", target=""),))
    write_annotations([replace(article, statements=())], tmp_path / "b.jsonl")
    with pytest.raises(ModelError, match="of other positions"):
        train([tmp_path / "b.jsonl"], tmp_path / "none", recipe, base=str(base), codebook=other)
