"""What a PromQL expression asks for, and what the house's metrics have to give."""

import re

import promql_parser
from prometheus_client import Counter, Gauge, Histogram

from shared.observability import metrics

TARGET_LABELS = {"job", "instance", "process"}
"""What Prometheus puts on every series; ``process`` by the relabelling in prometheus.yml and the ServiceMonitor."""


def series() -> dict[str, set[str]]:
    """Return the labels of every series that the house's processes serve, and of Prometheus' own ``up``."""
    found: dict[str, set[str]] = {"up": set(TARGET_LABELS)}
    for metric in vars(metrics).values():
        if not isinstance(metric, Counter | Gauge | Histogram):
            continue
        (family,) = metric.describe()
        labels = set(metric._labelnames) | TARGET_LABELS
        if isinstance(metric, Counter):
            found[f"{family.name}_total"] = labels
        elif isinstance(metric, Histogram):
            found |= {f"{family.name}_{part}": labels for part in ("count", "sum")}
            found[f"{family.name}_bucket"] = labels | {"le"}
        else:
            found[family.name] = labels
    return found


def faults(expression: str) -> set[str]:
    """Return what of an expression cannot be answered: a series or a label that nobody serves.

    Raises:
        ValueError: it is not PromQL.
    """
    asked: list[promql_parser.VectorSelector] = []
    grouped: set[str] = set()

    def look(node: promql_parser.Expr) -> bool:
        if isinstance(node, promql_parser.VectorSelector):
            asked.append(node)
        elif isinstance(node, promql_parser.AggregateExpr) and node.modifier:
            grouped.update(node.modifier.labels)
        return True

    promql_parser.walk(promql_parser.parse(expression), look)
    given = series()
    found = {f"no series {selector.name}" for selector in asked if selector.name not in given}
    labels = {label for selector in asked for label in given.get(selector.name or "", ())}
    found |= {f"no label {label}" for label in grouped - labels}
    for selector in asked:
        matched = {matcher.name for matcher in selector.matchers.matchers}
        found |= {f"{selector.name} has no label {name}" for name in matched - given.get(selector.name or "", set())}
    return found


def labels_of_text(template: str) -> set[str]:
    """Return the labels that a legend ``{{room}}`` or an annotation ``{{ $labels.room }}`` shows."""
    return set(re.findall(r"\{\{\s*(?:\$labels\.)?(\w+)\s*\}\}", template))


def labels_after(expression: str) -> set[str]:
    """Return the labels that the result of an expression has: those it is grouped by, or all of a bare selector."""
    tree = promql_parser.parse(expression)
    while isinstance(tree, promql_parser.BinaryExpr):
        tree = tree.lhs
    while isinstance(tree, promql_parser.Call):
        tree = tree.args[-1]
    if isinstance(tree, promql_parser.AggregateExpr):
        return set(tree.modifier.labels) - {"le"} if tree.modifier else set()
    return series()[tree.name or ""] if isinstance(tree, promql_parser.VectorSelector) else set()
