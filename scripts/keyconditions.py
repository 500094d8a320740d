"""Evaluates the key conditions of queries fast.

DynamoDB reads the range of a query only. MiniStack 1.5.33 parses the condition again
for each item of the partition, so that a queue of 5,000 runs makes each query take half
a second and more, and the emulator answers no other call meanwhile. Conditions on text
are compared here without that, and text is sorted as it is; all else is left to MiniStack.
"""
import functools
import operator
import re

from ministack.services import dynamodb

evaluate = dynamodb._evaluate_condition
OPERATORS = {"=": operator.eq, "<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge}
CONDITION = re.compile(r"(pk|gsState|gpPipeline) = (:\w+)(?: AND (sk|gsOrder|gpOrder) (?:(=|<=?|>=?) (:\w+)|BETWEEN (:\w+) AND (:\w+)))?")


@functools.lru_cache(maxsize=256)
def parse(condition):
    match = CONDITION.fullmatch(condition)
    return match and match.groups()


def text(value):
    return value.get("S") if isinstance(value, dict) else None


def evaluate_condition(condition, item, values, names, slot="ConditionExpression"):
    parts = parse(condition) if slot == "KeyConditionExpression" and isinstance(condition, str) else None
    if not parts:
        return evaluate(condition, item, values, names, slot=slot)
    hash_key, equal, range_key, op, value, low, high = parts
    keys = [text(item.get(k)) for k in (hash_key, range_key) if k]
    bounds = [text(values.get(v)) for v in (equal, value, low, high) if v]
    if None in keys or None in bounds or low and bounds[1] > bounds[2]:
        return evaluate(condition, item, values, names, slot=slot)
    if keys[0] != bounds[0] or not range_key:
        return keys[0] == bounds[0]
    if op:
        return OPERATORS[op](keys[1], bounds[1])
    return bounds[1] <= keys[1] <= bounds[2]


place = dynamodb._index_order_value


def index_order_value(item, name, type_hint):
    value = item[name].get("S") if type_hint == "S" and name in item else None
    return place(item, name, type_hint) if value is None else value


dynamodb._evaluate_condition = evaluate_condition
dynamodb._index_order_value = index_order_value
