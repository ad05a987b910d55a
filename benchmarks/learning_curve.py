"""How right models are that learnt from more and more articles: a table and a plot.

    python benchmarks/learning_curve.py GOLD.jsonl 50=runs/eighth 99=runs/quarter ... -o data/annotations/learning_curve.svg

Each point is the number of authored articles that a model learnt from, and its folder. How to train the models:
"Learning curve" in data/annotations/README.md.
"""

from __future__ import annotations

import argparse
import math
from pathlib import Path

from stance.annotations import read_annotations
from stance.report import evaluate_model, grouped

SHOWN = {
    "detection_f1": "statements found, F1", "speaker_accuracy": "speaker", "position_accuracy": "position",
    "position_macro_f1": "position, macro F1", "target_accuracy": "target", "tuple_f1": "tuple F1",
}  # fmt: skip
COLOURS = ("#888888", "#4477aa", "#228833", "#ccbb44", "#aa3377", "#cc3311")
WIDTH, HEIGHT, LEFT, RIGHT, TOP, BOTTOM = 720, 420, 56, 170, 20, 48


def main() -> None:
    """Measures the models, prints the table, writes the plot."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("gold", type=Path)
    parser.add_argument("points", nargs="+", metavar="ARTICLES=MODEL")
    parser.add_argument("-o", "--output", type=Path, required=True)
    given = parser.parse_args()
    gold = read_annotations([given.gold])
    points = sorted((int(number), Path(folder)) for number, folder in (p.split("=", 1) for p in given.points))
    rows = []
    for number, folder in points:
        report = grouped(gold, evaluate_model(gold, folder), None)["all"]
        rows.append((number, {name: (report.figures[name], report.intervals[name]) for name in SHOWN}))
    print(f"| articles | {' | '.join(SHOWN.values())} |")
    print("| --- |" + " --- |" * len(SHOWN))
    for number, figures in rows:
        cells = " | ".join(f"{value:.3f} [{low:.3f}, {high:.3f}]" for value, (low, high) in figures.values())
        print(f"| {number} | {cells} |")
    given.output.write_text(plot([(n, {name: value for name, (value, _) in f.items()}) for n, f in rows]), "utf-8")


def plot(rows: list[tuple[int, dict[str, float]]]) -> str:
    """The figures over the number of articles (logarithmic), as SVG."""
    low, high = math.log(rows[0][0]), math.log(rows[-1][0])
    floor = math.floor(10 * min(min(f.values()) for _, f in rows)) / 10

    def x(number: int) -> float:
        return LEFT + (WIDTH - LEFT - RIGHT) * (math.log(number) - low) / ((high - low) or 1)

    def y(value: float) -> float:
        return TOP + (HEIGHT - TOP - BOTTOM) * (1 - value) / (1 - floor)

    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" font-family="sans-serif" font-size="13">',
        f'<rect width="{WIDTH}" height="{HEIGHT}" fill="white"/>',
    ]
    for tenth in range(round(10 * floor), 11):
        parts.append(f'<path d="M{LEFT} {y(tenth / 10):.1f}H{WIDTH - RIGHT}" stroke="#dddddd"/>')
        parts.append(f'<text x="{LEFT - 8}" y="{y(tenth / 10) + 4:.1f}" text-anchor="end">{tenth / 10:.1f}</text>')
    for number, _ in rows:
        parts.append(f'<text x="{x(number):.1f}" y="{HEIGHT - BOTTOM + 20}" text-anchor="middle">{number}</text>')
    middle = (LEFT + WIDTH - RIGHT) / 2
    parts.append(f'<text x="{middle:.0f}" y="{HEIGHT - 8}" text-anchor="middle">authored articles learnt from</text>')
    labels: list[float] = []
    for (name, title), colour in sorted(zip(SHOWN.items(), COLOURS, strict=True), key=lambda item: -rows[-1][1][item[0][0]]):
        line = " ".join(f"{x(number):.1f},{y(figures[name]):.1f}" for number, figures in rows)
        parts.append(f'<polyline points="{line}" fill="none" stroke="{colour}" stroke-width="2"/>')
        parts += [f'<circle cx="{x(n):.1f}" cy="{y(f[name]):.1f}" r="3.5" fill="{colour}"/>' for n, f in rows]
        at = max(y(rows[-1][1][name]) + 4, labels[-1] + 16 if labels else 0)
        labels.append(at)
        parts.append(f'<text x="{WIDTH - RIGHT + 10}" y="{at:.1f}" fill="{colour}">{title}</text>')
    return "\n".join([*parts, "</svg>", ""])


if __name__ == "__main__":
    main()
