"""Which columns of its table each column of a query depends on, read from DuckDB's plan of the query.

Only plans that work row by row are understood: projections, common table expressions and one table. What is
told may be too much, never too little.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

_VOLATILE = {"random", "uuid", "uuidv4", "uuidv7", "gen_random_uuid", "nextval", "setseed"}
_NOT_BY_ROW = {"BOUND_WINDOW", "BOUND_UNNEST", "BOUND_SUBQUERY"}

Node = Mapping[str, Any]


class NotByRowError(Exception):
    """The query is none that gives each row from one row alone, or none that is understood."""


@dataclass(frozen=True)
class _Value:
    """What an expression depends on; and whether it is always true or false, where that is known."""

    columns: frozenset[str] = frozenset()
    always: bool | None = None


def lineage(plan: Node) -> list[frozenset[str]]:
    """For each output of a plan (`json_serialize_plan`, not optimised), the columns of the table.

    Raises NotByRowError.
    """
    plans = plan.get("plans") or []
    if plan.get("error") or len(plans) != 1:
        raise NotByRowError(str(plan.get("error_message", "no plan")))
    return [value.columns for value in _outputs(plans[0], {})]


def _outputs(node: Node, tables: dict[int, list[_Value]]) -> list[_Value]:
    kind, children = node["type"], node["children"]
    if kind == "LOGICAL_PROJECTION":
        inputs = _outputs(children[0], tables)
        return [_value(expression, inputs) for expression in node["expressions"]]
    if kind == "LOGICAL_MATERIALIZED_CTE":
        tables[node["table_index"]] = _outputs(children[0], tables)
        return _outputs(children[1], tables)
    if kind == "LOGICAL_CTE_REF":
        return tables[node["cte_index"]]
    if kind == "LOGICAL_GET" and not children and not node["projection_ids"]:
        names = dict(enumerate(node["names"]))  # the number of a row is no column of the table
        places = [column["index"] for column in node["column_indexes"]]
        if set(places) <= set(names):
            return [_Value(frozenset({names[place]})) for place in places]
    raise NotByRowError(f"a plan with {kind}")


def _value(expression: Node, inputs: Sequence[_Value]) -> _Value:
    kind = expression["expression_class"]
    if kind == "BOUND_REF":
        return inputs[expression["index"]]
    if kind == "BOUND_CONSTANT":
        told = expression["value"].get("value")
        return _Value(always=told if isinstance(told, bool) else None)
    if kind == "BOUND_CONJUNCTION":
        parts = [_value(part, inputs) for part in expression["children"]]
        deciding = expression["type"] == "CONJUNCTION_OR"
        if any(part.always is deciding for part in parts):
            return _Value(always=deciding)
        return _Value(_all(parts))
    if expression["type"] == "OPERATOR_NOT":
        part = _value(expression["children"][0], inputs)
        return _Value(part.columns, None if part.always is None else not part.always)
    if kind == "BOUND_CASE":
        parts = []
        for check in expression["case_checks"]:
            when = _value(check["when_expr"], inputs)
            if when.always is not False:
                parts += [when, _value(check["then_expr"], inputs)]
        return _Value(_all([*parts, _value(expression["else_expr"], inputs)]))
    return _Value(_mentioned(expression, inputs))


def _mentioned(part: object, inputs: Sequence[_Value]) -> frozenset[str]:
    """All that is referred to anywhere inside. A lambda counts its own references, which is too much."""
    if isinstance(part, list):
        return frozenset().union(*(_mentioned(inner, inputs) for inner in part))
    if not isinstance(part, dict):
        return frozenset()
    kind = part.get("expression_class")
    if kind in _NOT_BY_ROW or _name(part) in _VOLATILE:
        raise NotByRowError(f"an expression with {_name(part) or kind}")
    if kind == "BOUND_AGGREGATE":  # over the elements of a list, to which its references go
        return frozenset()
    if kind == "BOUND_REF":
        return inputs[part["index"]].columns if part["index"] < len(inputs) else frozenset()
    if kind in ("BOUND_CONJUNCTION", "BOUND_CASE", "BOUND_CONSTANT"):
        return _value(part, inputs).columns
    return frozenset().union(*(_mentioned(inner, inputs) for inner in part.values()))


def _name(part: Node) -> str:
    path = (part.get("qname") or {}).get("path") or [""]
    return str(path[-1])


def _all(values: Sequence[_Value]) -> frozenset[str]:
    return frozenset().union(*(value.columns for value in values))
