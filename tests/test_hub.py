"""Models on the hub: the hub's functions are replaced by a folder on disk; nothing here touches the network."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import huggingface_hub
import pytest
from click.testing import CliRunner, Result
from huggingface_hub import errors

import stance
from stance.cli import main
from stance.errors import ModelError
from stance.model.hub import located, upload
from tests.conftest import ROOT

DEFAULT = ROOT / "models" / "default"


class Hub:
    """Repositories as folders, and what was asked for."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.public: set[str] = set()
        self.asked: list[tuple[str, str | None]] = []
        self.fault: Exception | None = None

    def snapshot_download(self, name: str, *, revision: str | None, allow_patterns: list[str]) -> str:
        self.asked.append((name, revision))
        if self.fault:
            raise self.fault
        snapshot = self.folder / "cache" / name
        snapshot.mkdir(parents=True, exist_ok=True)
        _copied(self.folder / name, snapshot, allow_patterns)
        return str(snapshot)

    def create_repo(self, name: str, *, private: bool | None, exist_ok: bool) -> str:
        if self.fault:
            raise self.fault
        assert exist_ok
        if not (self.folder / name).exists():
            (self.folder / name).mkdir(parents=True)
            self.public |= set() if private else {name}
        return f"https://hub.example/{name}"

    def model_info(self, name: str) -> Any:
        return SimpleNamespace(private=name not in self.public)

    def upload_folder(self, *, repo_id: str, folder_path: Path, allow_patterns: list[str], commit_message: str) -> None:
        assert commit_message
        _copied(folder_path, self.folder / repo_id, allow_patterns)


def _copied(here: Path, there: Path, patterns: list[str]) -> None:
    for name in patterns:
        if (here / name).is_file():
            (there / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(here / name, there / name)


def _names(folder: Path) -> set[str]:
    return {str(file.relative_to(folder)) for file in folder.rglob("*") if file.is_file()}


@pytest.fixture
def hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Hub:
    made = Hub(tmp_path / "hub")
    for name in ("snapshot_download", "create_repo", "model_info", "upload_folder"):
        monkeypatch.setattr(huggingface_hub, name, getattr(made, name))
    return made


@pytest.fixture
def mine(tmp_path: Path) -> Path:
    """A model folder beside whose files others lie."""
    folder = tmp_path / "mine"
    shutil.copytree(DEFAULT, folder)
    (folder / "notes.txt").write_text("not for others", "utf-8")
    (folder / ".env").write_text("secret", "utf-8")
    return folder


def run(*arguments: object) -> Result:
    return CliRunner().invoke(main, [str(a) for a in arguments])


def test_a_model_goes_to_the_hub_and_comes_back(hub: Hub, mine: Path) -> None:
    done = run("push", mine, "hf://press/conflicts")
    assert (done.exit_code, done.stdout) == (0, "")
    assert done.stderr == f"{mine} is at https://hub.example/press/conflicts\n"
    assert _names(hub.folder / "press" / "conflicts") == _names(DEFAULT)
    loaded = stance.load("hf://press/conflicts@v1.0")
    assert hub.asked == [("press/conflicts", "v1.0")]
    text = "Ilse Marrin accused Orvane of lying."
    assert loaded.classify(text) == stance.classify(text) != []


def test_only_the_files_of_a_model_are_downloaded(hub: Hub, mine: Path) -> None:
    (hub.folder / "press").mkdir(parents=True)
    shutil.copytree(mine, hub.folder / "press" / "conflicts")
    assert _names(located("hf://press/conflicts")) == _names(DEFAULT)
    assert hub.asked == [("press/conflicts", None)]


def test_a_path_never_asks_the_hub(hub: Hub) -> None:
    hub.fault = AssertionError("the hub was asked")
    assert stance.load(DEFAULT).config == stance.load(str(DEFAULT)).config == stance.load().config
    for path in ("press/conflicts", "nowhere"):
        with pytest.raises(ModelError, match=f"^{path}: no such model folder$"):
            stance.load(path)
    assert hub.asked == []


def test_commands_take_models_from_the_hub(hub: Hub, mine: Path, tmp_path: Path) -> None:
    upload(mine, "hf://press/conflicts")
    (tmp_path / "a.txt").write_text("Ilse Marrin accused Orvane of lying.", "utf-8")
    given = [tmp_path / "a.txt", "--model", "hf://press/conflicts"]
    done = run("label", *given)
    assert json.loads(done.stdout)["made_by"]["model"] == stance.load().digest
    run("label", tmp_path / "a.txt", "-o", tmp_path / "a.jsonl")
    assert run("suggest", *given).stdout.startswith("1. a: ")
    told = run("evaluate", tmp_path / "a.jsonl", "--model", "hf://press/conflicts", "--compare", "hf://press/conflicts@v2")
    assert "+0.000" in told.stdout
    assert hub.asked == [("press/conflicts", None)] * 3 + [("press/conflicts", "v2")]


RESPONSE: Any = SimpleNamespace(headers={}, request=None, status_code=401)
REFUSED: Any = SimpleNamespace(headers={}, request=None, status_code=403)


@pytest.mark.parametrize(
    ("fault", "reason"),
    [
        (errors.RepositoryNotFoundError("404", response=RESPONSE), "no such repository, or one that needs a login: `hf auth"),
        (errors.GatedRepoError("403", response=RESPONSE), "its owner has to grant access"),
        (errors.RevisionNotFoundError("404", response=RESPONSE), "no such revision in this repository"),
        (errors.HfHubHTTPError("403", response=REFUSED), "refused; it needs a login that may do this"),
        (errors.LocalTokenNotFoundError("none"), "refused; it needs a login that may do this"),
        (errors.LocalEntryNotFoundError("no cache"), "the hub cannot be reached, and the model was not downloaded before"),
        (errors.HFValidationError("Repo id must …\nmore"), "HFValidationError: Repo id must …$"),
        (OSError(28, "No space left on device"), "OSError: .*No space left on device"),
        (RuntimeError(""), "RuntimeError: $"),
    ],
)
def test_every_error_of_the_hub_is_a_model_error_with_the_reason(hub: Hub, fault: Exception, reason: str) -> None:
    hub.fault = fault
    with pytest.raises(ModelError, match=f"^hf://press/conflicts: {reason}"):
        stance.load("hf://press/conflicts")
    with pytest.raises(ModelError, match=f"^hf://press/conflicts: {reason}"):
        upload(DEFAULT, "hf://press/conflicts")
    done = run("label", ROOT / "seeds", "--model", "hf://press/conflicts")
    assert (done.exit_code, done.stdout) == (1, "")
    assert done.stderr.startswith("stance: hf://press/conflicts: ")
    assert done.stderr.count("\n") == 1


@pytest.mark.parametrize("name", ["hf://", "hf://press", "hf://press/", "hf://a/b/c", "hf://press/conflicts@", "hf://prés/a"])
def test_a_name_has_its_form(hub: Hub, name: str) -> None:
    with pytest.raises(ModelError, match="expected hf://user/name or hf://user/name@revision"):
        stance.load(name)
    with pytest.raises(ModelError, match="expected hf://user/name"):
        upload(DEFAULT, name)
    assert hub.asked == []


def test_a_repository_without_a_model_is_named(hub: Hub) -> None:
    other = hub.folder / "press" / "bert"
    other.mkdir(parents=True)
    (other / "config.json").write_text("{}", "utf-8")
    (other / "pytorch_model.bin").write_bytes(b"pickle")
    with pytest.raises(ModelError, match=r"^hf://press/bert: no model of stance"):
        stance.load("hf://press/bert")
    assert not list((hub.folder / "cache").rglob("*.bin"))


def _torn(folder: Path) -> None:
    path = folder / "model.onnx.gz"
    path.write_bytes(path.read_bytes()[:-1])


def _unsigned(folder: Path) -> None:
    data = json.loads((folder / "config.json").read_text("utf-8"))
    del data["digests"]["model.onnx.gz"]
    (folder / "config.json").write_text(json.dumps(data), "utf-8")


@pytest.mark.parametrize(
    ("harm", "message"),
    [
        (lambda f: (f / "config.json").unlink(), "no config.json"),
        (lambda f: (f / "encoder.json").unlink(), "no encoder.json"),
        (lambda f: (f / "README.md").unlink(), "no README.md"),
        (lambda f: (f / "tokenizer.json").write_text("{}", "utf-8"), "no tokenizer"),
        (_torn, "model.onnx.gz: torn or changed"),
        (_unsigned, "no SHA-256 of model.onnx.gz"),
    ],
)
def test_a_broken_folder_is_not_uploaded(hub: Hub, mine: Path, harm: Any, message: str) -> None:
    harm(mine)
    with pytest.raises(ModelError, match=message):
        upload(mine, "hf://press/conflicts")
    assert not hub.folder.exists()


def test_what_is_private_does_not_become_public(hub: Hub, mine: Path) -> None:
    assert run("push", mine, "hf://press/ours", "--private").exit_code == 0
    assert hub.public == set()
    (hub.folder / "press" / "seen").mkdir()
    hub.public.add("press/seen")
    done = run("push", mine, "hf://press/seen", "--private")
    assert (done.exit_code, "public; nothing was uploaded" in done.stderr) == (1, True)
    assert list((hub.folder / "press" / "seen").iterdir()) == []


def test_a_revision_is_not_written(hub: Hub, mine: Path) -> None:
    with pytest.raises(ModelError, match=r"expected hf://press/conflicts$"):
        upload(mine, "hf://press/conflicts@v1")
    assert not hub.folder.exists()
