"""Starts the emulator, mended where our functions could not live with it, and
where its Athena would say what is not so (athena.py).

Step Functions fails a lambda:invoke.waitForTaskToken task when the function
itself fails, and goes on with the state's Retry and Catch. MiniStack 1.5.33
drops the function's error and waits for the token.
"""
import threading

import athena  # noqa: F401
from ministack.app import main
from ministack.services import stepfunctions

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


stepfunctions._call_lambda = call_lambda
stepfunctions._invoke_with_callback = invoke_with_callback
main()
