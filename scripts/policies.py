"""Checks the identity-based policies of CloudFormation templates against what AWS
documents (Service Authorization Reference, as policy_sentry has it):

  * every action exists
  * the resource is * only for actions that do not support resources
  * every ARN has the format of a resource of one of the statement's actions, and
    every action has such an ARN
  * every action supports the condition keys of its statement; with others IAM would
    never allow it

    python scripts/policies.py cdk.out/prod/*.template.json
"""
import json
import re
import sys

from policy_sentry.querying.actions import get_privilege_info
from policy_sentry.querying.arns import get_arn_type_details

UNKNOWN = "\0"  # in place of what a reference returns
VARIABLES = {"Partition": "[^:]+", "Region": "[^:]*", "Account": "[^:]*", "BucketName": "[^/]+"}  # others may contain both
PER_ACTION = ("aws:requesttag/", "aws:resourcetag/", "aws:tagkeys")  # other keys aws:… are in all requests
# The reference lists no resource types, but AWS's guide restricts them to a state machine:
# https://docs.aws.amazon.com/step-functions/latest/dg/connect-to-resource.html
WITH_RESOURCE = {"states:SendTaskSuccess": "states:*:*:stateMachine:*", "states:SendTaskFailure": "states:*:*:stateMachine:*"}


def text(value):
    """The value with its references as UNKNOWN."""
    if isinstance(value, dict):
        if "Fn::Join" in value:
            separator, parts = value["Fn::Join"]
            return separator.join(text(part) for part in parts)
        if "Fn::Sub" in value and isinstance(value["Fn::Sub"], str):
            return re.sub(r"\$\{[^}]+\}", UNKNOWN, value["Fn::Sub"])
        return UNKNOWN
    return str(value)


def many(value):
    return value if isinstance(value, list) else [] if value is None else [value]


def pattern(arn_format):
    """A pattern for ARNs, of a format such as arn:${Partition}:s3:::${BucketName}."""
    parts = re.split(r"\$\{(\w+)\}", arn_format)
    return re.compile("".join(VARIABLES.get(part, ".+") if i % 2 else re.escape(part) for i, part in enumerate(parts)), re.DOTALL)


def matches(arn, formats):
    """Whether an ARN, perhaps with wildcards, is of one of the formats."""
    if arn == UNKNOWN or arn.startswith(UNKNOWN + "/") or arn.startswith(UNKNOWN + ":"):
        return True  # a resource of the stack, or what is in it
    return any(pattern(f).fullmatch(arn) for f in formats)


def formats(service, info):
    """The ARN formats of an action's resources, and whether one is required."""
    found, required = [], False
    for name, kind in info["resource_types"].items():
        if name:
            found.append(get_arn_type_details(service, kind["resource_type"])["raw_arn"])
            required = required or kind["required"]
    return found, required


def keys(info, service):
    supported = set()
    for name, kind in info["resource_types"].items():
        supported.update(kind["condition_keys"])
        if name:
            supported.update(get_arn_type_details(service, kind["resource_type"])["condition_keys"] or [])
    return {key.lower().replace("${tagkey}", "").replace("${encryptioncontextkey}", "") for key in supported}


def supports(key, supported):
    key = key.lower()
    if key.startswith("aws:") and not key.startswith(PER_ACTION):
        return True
    return any(key == s or s.endswith(("/", ":")) and key.startswith(s) for s in supported)


def check(statement):
    resources = [text(r) for r in many(statement.get("Resource"))]
    unmatched = {r for r in resources if r != "*"}
    for action in many(statement["Action"]):
        service, _, name = action.partition(":")
        try:
            info = get_privilege_info(service, name)
        except Exception:  # it raises no other
            yield f"{action}: AWS documents no such action"
            continue
        known, required = formats(service, info)
        if action in WITH_RESOURCE:
            known.append("arn:${Partition}:" + WITH_RESOURCE[action].replace("*", "${X}"))
        if "*" in resources and required:
            yield f"{action} on *: it supports the resources {', '.join(known)}"
        fitting = {r for r in resources if r != "*" and matches(r, known)}
        unmatched -= fitting
        if "*" not in resources and not fitting:
            yield f"{action}: {[r.replace(UNKNOWN, '<reference>') for r in resources]} is not among its resources {', '.join(known)}"
        supported = keys(info, service)
        for operator, wanted in (statement.get("Condition") or {}).items():
            for key in wanted:
                if not supports(key, supported):
                    yield f"{action} if {operator} {key}: it does not support this condition key"
    for resource in unmatched:
        yield f"{resource.replace(UNKNOWN, '<reference>')}: no resource of {', '.join(many(statement['Action']))}"


def main(files):
    statements, findings = 0, []
    for file in files:
        with open(file, encoding="utf-8") as f:
            resources = json.load(f)["Resources"]
        for logical, resource in resources.items():
            if resource["Type"] not in ("AWS::IAM::Policy", "AWS::IAM::ManagedPolicy"):
                continue
            for statement in many(resource["Properties"]["PolicyDocument"]["Statement"]):
                statements += 1
                findings += [f"{file}: {logical}: {finding}" for finding in check(statement)]
    print(*findings, sep="\n" if findings else "", file=sys.stderr)
    if not statements:
        sys.exit("no policies in " + " ".join(files))
    sys.exit(1 if findings else 0)


if __name__ == "__main__":
    main(sys.argv[1:])
