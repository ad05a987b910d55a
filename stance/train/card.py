"""The model card: what a model is, what it learnt from, how right it is, what it is not for."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from stance.evaluate import FIGURES, Difference, Report
from stance.model.config import ModelConfig
from stance.records import NONE
from stance.train.calibration import Reliability, calibration_error
from stance.train.recipe import Recipe

_SOURCES = {
    "attribution": "PolNeAR 1.0.0 (Newell, Margolin, Ruths, LREC 2018): "
    "US political news of 2016, attributions annotated by hand. Its repository carries no licence; its texts belong to their "
    "publishers.",
    "judgements": "dse2qa (Park, Pan, Joo 2021, to be used by citing) and NewsMTSC (Hamborg and Donnay 2021, MIT): "
    "who speaks well or ill of whom.",
}


_MEASURED = """\
On articles that training did not see; 95 % bootstrap intervals over articles. Held-out scenarios are measured with the
int8 network of this folder (temperatures and thresholds come from every other article of them); articles left out one by one
with a network of their own, before quantising.
"""
_RELIABLE = """\
Proposals with this probability of being a statement (`valid`), and positions with this probability of being taken
(`positions`), were right so often: on one half of the held-out articles, the temperatures fitted on the other half.
"""
_USE = """\
For reading news in English in bulk: who called for what, who blamed whom. A label is a reading of the words of one
statement, not a fact about the person; single labels are wrong often enough that nobody should be judged by one.
Not for texts in other languages, for social media, or for decisions about people.
"""


def card(
    name: str,
    config: ModelConfig,
    base: str,
    recipe: Recipe,
    learnt: Mapping[str, int],
    reports: Mapping[str, Report],
    table: Reliability,
    parts: Mapping[str, Mapping[str, Report]],
    gains: Mapping[str, Difference],
    size: int,
) -> str:
    """The card in Markdown. Figures are those of the training run that made the model.

    ``base`` tells what training started from, ``learnt`` counts the articles and statements learnt from, ``parts`` holds the
    held-out figures by field of the articles, ``gains`` compares with the model that training started from, ``size`` is the
    folder's in bytes.
    """
    lines = [
        f"# {name}",
        "",
        "Finds the statements that a news article reports, and labels each by speaker, target and position",
    ]
    lines += [f"({', '.join(config.positions)}, or none).", "", "## Made from", "", f"- base: {base}"]
    lines += [f"- {text}" for key, text in _SOURCES.items() if _used(recipe, key)]
    if learnt["articles"]:
        lines += [f"- stage 2: {learnt['articles']} annotated articles, {learnt['statements']} statements"]
    if outside := [f"`{Path(file).parent.name}/{Path(file).name}`" for file in recipe.statements.extra]:
        terms = "whose texts belong to their publishers and carry no licence, or one for research"
        lines += [f"- among them real news, {terms}: {', '.join(outside)}"]
    if recipe.mean:
        lines += [f"- the mean of its weights and those of {', '.join(f'`{Path(folder).name}`' for folder in recipe.mean)}"]
    versions = ", ".join(f"{library} {version}" for library, version in config.versions.items())
    lines += ["", f"Made with {versions}; seed {recipe.seed}. The folder has {size / 1e6:.1f} MB.", "", "## Figures", ""]
    lines += _figures(config, reports) if reports else ["None: no article was held out."]
    if gains:
        lines += ["", f"## Compared with `{config.base}`, from which training started", ""]
        lines += ["| on the held-out articles | before | after | difference |", "| --- | --- | --- | --- |"]
        lines += [
            f"| {figure.replace('_', ' ')} | {d.first:.3f} | {d.second:.3f} | {d.second - d.first:+.3f} "
            f"[{d.interval[0]:+.3f}, {d.interval[1]:+.3f}] |"
            for figure, d in gains.items()
        ]
    if table:
        lines += ["", "## What a probability means", "", _RELIABLE]
        lines += ["| | mean probability | right | cases |", "| --- | --- | --- | --- |"]
        for kind, rows in table.items():
            lines += [f"| {kind} | {mean:.2f} | {right:.2f} | {number} |" for mean, right, number in rows]
        errors = ", ".join(f"{kind} {calibration_error(rows):.3f}" for kind, rows in table.items())
        thresholds = ", ".join(f"{name} {value:.2f}" for name, value in config.thresholds.items())
        lines += ["", f"Expected calibration error: {errors}. Thresholds, chosen on the first half: {thresholds}."]
    for field, groups in parts.items():
        lines += ["", f"## Held-out scenarios by {field}", ""]
        lines += [f"| {field} | articles | statements | statements found, F1 | tuple F1 |", "| --- | --- | --- | --- | --- |"]
        for group, report in groups.items():
            low, high = report.intervals["tuple_f1"]
            lines.append(
                f"| {group} | {report.articles} | {report.statements} | {report.figures['detection_f1']:.3f} "
                f"| {report.figures['tuple_f1']:.3f} [{low:.3f}, {high:.3f}] |"
            )
    if "held-out scenarios" in reports:
        lines += ["", "## Held-out scenarios by kind of statement", ""]
        lines += ["| kind | statements | found | speaker right | position right | tuples right |", "| --- |" + " --- |" * 5]
        for kind, (number, *shares) in reports["held-out scenarios"].kinds.items():
            lines.append(f"| {kind} | {number} | " + " | ".join(f"{share:.3f}" for share in shares) + " |")
    return "\n".join([*lines, "", "## Use", "", _USE])


def _figures(config: ModelConfig, reports: Mapping[str, Report]) -> list[str]:
    lines = [_MEASURED, "| | " + " | ".join(reports) + " |", "| --- |" + " --- |" * len(reports)]
    sizes = [f"{r.articles} articles, {r.statements} statements" for r in reports.values()]
    lines.append("| measured on | " + " | ".join(sizes) + " |")
    for figure in FIGURES:
        cells = [
            f"{r.figures[figure]:.3f} [{r.intervals[figure][0]:.3f}, {r.intervals[figure][1]:.3f}]" for r in reports.values()
        ]
        lines.append(f"| {figure.replace('_', ' ')} | " + " | ".join(cells) + " |")
    for position in (*config.positions, NONE):
        cells = [f"{r.positions[position][0]:.3f} ({r.positions[position][1]})" for r in reports.values()]
        lines.append(f"| F1 {position} (statements matched) | " + " | ".join(cells) + " |")
    return lines


def _used(recipe: Recipe, key: str) -> bool:
    return bool(recipe.attribution.corpus if key == "attribution" else recipe.judgements.corpora)
