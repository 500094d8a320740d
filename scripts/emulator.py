"""Starts the emulator with patches for behaviour that differs from AWS. Athena is
patched in athena.py, the identity of callers in identity.py, queries in
keyconditions.py.

Step Functions fails a lambda:invoke.waitForTaskToken task when the function
fails, and applies the state's Retry and Catch. MiniStack 1.5.33 ignores the
function's error and waits for the token.

Cloud Map rejects a second service with the same name in a namespace, and returns
the id of the existing one. MiniStack 1.5.33 creates a second one.
"""
import threading

import athena  # noqa: F401
import identity  # noqa: F401
import keyconditions  # noqa: F401
from ministack.app import main
from ministack.services import servicediscovery, stepfunctions

call, wait = stepfunctions._call_lambda, stepfunctions._invoke_with_callback
waits_for = threading.local()


def call_lambda(function, event):
    try:
        return call(function, event)
    except stepfunctions._ExecutionError as error:
        task = stepfunctions._task_tokens.get(getattr(waits_for, "token", None))
        if task is not None and not task["event"].is_set():
            task["error"] = {"Error": error.error, "Cause": error.cause}
            task["event"].set()
        raise


def invoke_with_callback(resource, event, token, state):
    waits_for.token = token
    try:
        return wait(resource, event, token, state)
    finally:
        waits_for.token = None


create = servicediscovery._create_service


def create_service(data):
    for service in servicediscovery._services.values():
        if (service["NamespaceId"], service["Name"]) == (data.get("NamespaceId"), data.get("Name")):
            return servicediscovery.error_response_json(
                "ServiceAlreadyExists", "Service already exists.", 400,
                {"ServiceId": service["Id"], "ServiceArn": service["Arn"]}, message_key="Message")
    return create(data)


servicediscovery._create_service = create_service
stepfunctions._call_lambda = call_lambda
stepfunctions._invoke_with_callback = invoke_with_callback
main()
