"""How right the default model is on corpora outside the project that it has not learnt from.

    python benchmarks/outside.py CORPORA [--model MODEL]

CORPORA is a folder with any of these:

``plv/PLV_test.tsv``  news sentences with source and target marked and a PLOVER root; ACCUSE is read as criticism, SUPPORT as
    support, REQUEST as deescalation, all others as none. Second figure: with the roots that the codebook calls criticism
    (REJECT, THREATEN, PROTEST, SANCTION, COERCE, ASSAULT) left out.
``unscon/conflict_annotations_sentences.csv``  sentences of speeches in the Security Council: is a direct negative evaluation
    criticism? Only the meetings that models/default has not learnt from (data/standoff has statements of two).
``polnear/test``  political news; attributions with a saying verb, contents matched from a Dice overlap of one half.
"""

from __future__ import annotations

import argparse
import csv
import re
from pathlib import Path

from sklearn.metrics import classification_report, f1_score

import stance
from stance.classifier import Classifier
from stance.kinds import attribution
from stance.model.decoding import Proposal
from stance.quotes import quotations
from stance.records import Span
from stance.train.corpora import read_polnear

ROOTS = {"ACCUSE": "criticism", "SUPPORT": "support", "REQUEST": "deescalation"}
#: Meetings of the Security Council of which models/default has learnt.
LEARNT = re.compile(r"SPV\.(?:7165|7219)_")
OURS = {"REJECT", "THREATEN", "PROTEST", "SANCTION", "COERCE", "ASSAULT"}
SAYING = re.compile(
    r"(?i)\b(?:sa(?:y|ys|id|ying)|t(?:ell|ells|old|elling)|accord\w*|add(?:s|ed|ing)?|ask\w*|call\w*|claim\w*|announc\w*|"
    r"argu\w+|tweet\w*|wr(?:ite|ites|ote|iting|itten)|warn\w*|urg\w+|accus\w+|insist\w*|note[sd]?|stat(?:e|es|ed|ing)|"
    r"suggest\w*|report\w*|den(?:y|ies|ied|ying)|explain\w*|respon\w+|repl(?:y|ies|ied)|declar\w+|promis\w+|vow\w*|"
    r"pledg\w+|describ\w+|criticiz\w+)\b"
)


def plover(classifier: Classifier, path: Path) -> None:
    """Positions given speaker and target."""
    gold, found, roots = [], [], []
    with path.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file, delimiter="\t"))
    for row in rows:
        marked = re.sub(r"</?t>", "", row["marked_sentence"])
        before, _, rest = marked.partition("<s>")
        source = rest.partition("</s>")[0]
        text = re.sub("</?s>", "", marked)
        place = (len(before), len(before) + len(source)) if source else None
        found.append(position(classifier, text, place))
        gold.append(ROOTS.get(row["gold_root"], "none"))
        roots.append(row["gold_root"])
    print(f"PLV_test, {len(gold)} sentences: macro F1 {f1_score(gold, found, average='macro'):.3f}")
    kept = [i for i, root in enumerate(roots) if root not in OURS]
    some = [gold[i] for i in kept], [found[i] for i in kept]
    print(f"  without {', '.join(sorted(OURS))}: {len(kept)} sentences, macro F1 {f1_score(*some, average='macro'):.3f}")
    print(classification_report(*some, digits=3))


def position(classifier: Classifier, text: str, source: Span | None) -> str:
    """The position of the first proposal that has ``source`` as its source, else of the whole sentence."""
    mine = [
        p for p in classifier.proposals(text) if source and p.source and p.source[0] < source[1] and source[0] < p.source[1]
    ]
    parts = ((0, source[0]), (source[1], len(text))) if source else ((0, len(text)),)
    pieces = tuple(span for span in parts if text[slice(*span)].strip())
    scores = classifier.scores(text, mine[0] if mine else Proposal(pieces, None, source))
    best = max(scores, key=scores.__getitem__)
    return "none" if scores[best] < 0.5 else re.sub("support_.*", "support", best)


def security_council(classifier: Classifier, path: Path) -> None:
    """Criticism in speeches of the meetings that models/default has not learnt from."""
    with path.open(encoding="utf-8", newline="") as file:
        rows = [r for r in csv.DictReader(file) if r["A0"] != "Indirect_NegEval" and r["sentence_text"].strip()]
    rows = [r for r in rows if not LEARNT.search(r["file_id"])]
    gold = [row["A0"] == "Direct_NegEval" for row in rows]
    found = []
    for row in rows:
        who = re.sub(r"^.*_spch\d+_|_neg_\d+\.txt$", "", row["file_id"]).replace("_", " ")
        [statement] = classifier.classify(" ".join(row["sentence_text"].split()), speaker=who)
        found.append(any(s.position == "criticism" for s in statement.stances))
    print(f"UNSCon, {len(gold)} sentences, {sum(gold)} direct negative evaluations: F1 {f1_score(gold, found):.3f}")


def polnear(classifier: Classifier, folder: Path) -> None:
    """Contents of attributions with a saying verb."""
    wanted = hits = extra = indirect = indirect_hits = 0
    for article in read_polnear(folder):
        found = [s.content for s in classifier.classify(article.text)]
        quoted = quotations(article.text)
        free = set(range(len(found)))
        for statement in article.statements:
            best = max(range(len(found)), key=lambda i: dice(found[i], statement.content), default=None)
            right = best is not None and dice(found[best], statement.content) >= 0.5
            if right:
                free.discard(best or 0)
            if statement.cue is None or not SAYING.search(article.text[slice(*statement.cue)]):
                continue
            wanted += 1
            hits += right
            if attribution(statement, quoted) == "indirect":
                indirect += 1
                indirect_hits += right
        extra += len(free)
    precision, recall = hits / (hits + extra), hits / wanted
    print(
        f"PolNeAR, {wanted} attributions with a saying verb: F1 {2 * precision * recall / (precision + recall):.3f}, "
        f"precision {precision:.3f}, recall {recall:.3f}; of {indirect} indirect ones found {indirect_hits / indirect:.3f}"
    )


def dice(a: tuple[Span, ...], b: tuple[Span, ...]) -> float:
    """Overlap of two contents, in characters."""
    common = sum(max(0, min(p[1], q[1]) - max(p[0], q[0])) for p in a for q in b)
    return 2 * common / sum(e - s for s, e in (*a, *b))


def main() -> None:
    """Measures on what is there."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("corpora", type=Path)
    parser.add_argument("--model", type=Path)
    given = parser.parse_args()
    classifier = stance.load(given.model)
    for name, measure in (
        ("plv/PLV_test.tsv", plover),
        ("unscon/conflict_annotations_sentences.csv", security_council),
        ("polnear/test", polnear),
    ):
        if (given.corpora / name).exists():
            measure(classifier, given.corpora / name)


if __name__ == "__main__":
    main()
