"""Model folders on the Hugging Face hub: ``hf://user/name``, perhaps with ``@revision``, downloaded and uploaded.

The network is touched for such a name only, never for a path. Only the files of a model folder travel; see
`stance.model.folder`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from stance.errors import ModelError
from stance.model.config import ModelConfig
from stance.model.folder import CONFIG, FILES, HASHED, SECOND, checked, is_model, read_config, read_tokenizer, second

HUB = "hf://"
_NAME = re.compile(rf"{HUB}([\w.-]+/[\w.-]+)(?:@([\w./-]+))?", re.ASCII)


def located(path: str | Path) -> Path:
    """The folder of a model: a path as it is, whether or not something is there, and ``hf://…`` as `download` has it."""
    return download(path) if isinstance(path, str) and path.startswith(HUB) else Path(path)


def download(name: str) -> Path:
    """The folder of a model from the hub, in the hub's cache, where it is looked for when the hub cannot be reached.

    ``name`` is ``hf://user/name`` or ``hf://user/name@revision``: a branch, a tag or a commit.
    Raises `ModelError` with the reason: another form, no network, no such repository or revision, no login, no model in it.
    """
    repository, revision = _parsed(name)
    from huggingface_hub import snapshot_download

    with _reasons(name):
        folder = Path(snapshot_download(repository, revision=revision, allow_patterns=[*FILES, *SECOND]))
    if not is_model(folder):
        raise ModelError(f"{name}: no model of stance; the files of one are {', '.join(FILES)}")
    return folder


def upload(folder: Path, name: str, *, private: bool = False) -> str:
    """Puts a model folder on the hub, in one commit, and returns its address. The repository is made where there is none.

    With ``private`` only its owners see it; nothing is uploaded into a repository that others see. Else a new one is as
    the owner's account has it, mostly public.
    Raises `ModelError` where the folder is incomplete, torn or of another format, and for the reasons of `download`.
    """
    repository, revision = _parsed(name)
    if revision is not None:
        raise ModelError(f"{name}: a revision can be loaded, not written; expected {HUB}{repository}")
    config = read_config(folder)
    read_tokenizer(folder)
    networks: list[tuple[Path, ModelConfig, tuple[str, ...]]] = [(folder, config, FILES)]
    if other := second(folder, config):
        networks.append((*other, (CONFIG, *HASHED)))
    for place, told, names in networks:
        for file in names:
            if file in HASHED and not told.digests.get(file):
                raise ModelError(f"{place / CONFIG}: no SHA-256 of {file}, so that it cannot be checked")
            checked(place, file, told)
    import huggingface_hub as hub

    with _reasons(name):
        address = hub.create_repo(repository, private=private or None, exist_ok=True)
        if private and not hub.model_info(repository).private:
            raise ModelError(f"{name}: this repository is there and public; nothing was uploaded")
        hub.upload_folder(
            repo_id=repository, folder_path=folder, allow_patterns=[*FILES, *SECOND], commit_message="A model of stance"
        )  # fmt: skip
    return str(address)


def _parsed(name: str) -> tuple[str, str | None]:
    """The repository and the revision."""
    found = _NAME.fullmatch(name)
    if not found:
        raise ModelError(f"{name}: expected {HUB}user/name or {HUB}user/name@revision")
    return found[1], found[2]


@contextmanager
def _reasons(name: str) -> Iterator[None]:
    """Errors of the hub, of its transport and of the system as a `ModelError` with the reason."""
    from huggingface_hub import errors

    try:
        yield
    except ModelError:
        raise
    except Exception as fault:  # the transport's errors share no base with the hub's, and change with its version
        status = getattr(getattr(fault, "response", None), "status_code", None)
        login = "`hf auth login`, or a token in HF_TOKEN"
        if isinstance(fault, errors.GatedRepoError):
            reason = f"its owner has to grant access first, and it needs a login: {login}"
        elif isinstance(fault, errors.RevisionNotFoundError):
            reason = "no such revision in this repository"
        elif isinstance(fault, errors.RepositoryNotFoundError):
            reason = f"no such repository, or one that needs a login: {login}"
        elif isinstance(fault, errors.LocalTokenNotFoundError) or status in (401, 403):
            reason = f"refused; it needs a login that may do this: {login}"
        elif isinstance(fault, errors.LocalEntryNotFoundError):
            reason = "the hub cannot be reached, and the model was not downloaded before"
        else:
            reason = f"{type(fault).__name__}: {(str(fault).splitlines() or [''])[0]}"
        raise ModelError(f"{name}: {reason}") from fault
