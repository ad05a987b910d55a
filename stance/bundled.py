"""Files that travel with the package: the codebook and the default model."""

from __future__ import annotations

from pathlib import Path

_PACKAGE = Path(__file__).parent


def bundled(path: str) -> Path:
    """The place of ``path`` (relative to the project's root) in an installed package, or in a source tree."""
    installed = _PACKAGE / "bundled" / path
    return installed if installed.exists() else _PACKAGE.parent / path
