"""Patches the identity of callers in the emulator.

SQS reports the sender of a message as the unique id of an IAM user or of a role's
session, as STS does. MiniStack 1.5.33 always reports the account.

Roles of instance profiles trust EC2 only. localemr uses the account's own access
keys, so the account may assume such roles here.
"""
import contextvars
import json

from ministack.core import iam_evaluator
from ministack.core.router import extract_access_key_id
from ministack.services import lambda_svc, sqs

handle, attributes, run_batch = sqs.handle_request, sqs._build_send_sys_attrs, lambda_svc._run_sqs_batch
sender = contextvars.ContextVar("sender", default="")


async def handle_request(method, path, headers, body, query_params):
    caller = iam_evaluator.resolve_caller_identity(extract_access_key_id(headers, query_params))
    sender.set((caller or {}).get("userId", ""))
    return await handle(method, path, headers, body, query_params)


def send_attributes(now, given):
    result = attributes(now, given)
    result["SenderId"] = sender.get() or result["SenderId"]
    return result


def run_sqs_batch(esm, function, event, batch, *rest):
    senders = {m["id"]: (m.get("sys") or {}).get("SenderId") for m in batch}
    for record in event["Records"]:
        record["attributes"]["SenderId"] = senders.get(record["messageId"]) or record["attributes"]["SenderId"]
    return run_batch(esm, function, event, batch, *rest)


sqs.handle_request = handle_request
sqs._build_send_sys_attrs = send_attributes
lambda_svc._run_sqs_batch = run_sqs_batch

trusts = iam_evaluator.evaluate_trust_policy


def evaluate_trust_policy(policy, caller, context=None):
    if trusts(policy, caller, context):
        return True
    statements = json.loads(policy if isinstance(policy, str) else json.dumps(policy)).get("Statement", [])
    return caller.endswith(":root") and any(
        s.get("Effect") == "Allow" and (s.get("Principal") or {}).get("Service") == "ec2.amazonaws.com" for s in statements)


iam_evaluator.evaluate_trust_policy = evaluate_trust_policy
