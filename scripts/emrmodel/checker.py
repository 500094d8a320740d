"""A client of EMR that compares all answers with botocore's model of EMR.

Answers are compared with their output shapes: names, types, required members, enums,
lengths. Errors must be those of the model or common to AWS's services, and must not
contain the words of a programming language.
"""

import collections
import http.client
import json
import re
from urllib.parse import urlsplit

import botocore.session
from botocore.config import Config
from botocore.exceptions import ClientError

COMMON = {"ValidationException", "SerializationException", "ThrottlingException", "UnknownOperationException"}
INTERNALS = re.compile(r"json:|\bstruct\b|unmarshal|goroutine|nil pointer|\bGo\b|\.go:|int32|int64|\*string|Traceback")


class Checker:
    def __init__(self, url):
        self.raw = http.client.HTTPConnection(urlsplit(url).netloc)
        session = botocore.session.Session()
        self.client = session.create_client(
            "emr", endpoint_url=url, region_name="us-east-1", aws_access_key_id="test", aws_secret_access_key="test",
            config=Config(retries={"total_max_attempts": 1}))
        self.model = self.client.meta.service_model
        self.client.meta.events.register("after-call.emr", self.after)
        self.problems = []
        self.answers = collections.Counter()
        self.errors = collections.defaultdict(set)
        self.unsupported = set()

    # answers

    def after(self, http_response, model, **_):
        name = model.name
        body = json.loads(http_response.content)
        if http_response.status_code >= 300:
            self.check_error(name, http_response.status_code, body)
            return
        self.answers[name] += 1
        if model.output_shape is None:
            if body:
                self.problem(name, f"answers {body}, but has no output")
            return
        self.check(name, body, model.output_shape, "")

    def check(self, op, value, shape, path):
        kind = shape.type_name
        if kind == "structure":
            if not isinstance(value, dict):
                return self.problem(op, f"{path} is not a structure: {value!r}")
            for key in shape.required_members:
                if key not in value:
                    self.problem(op, f"{path}.{key} is required and missing")
            for key, member in value.items():
                if key not in shape.members:
                    self.problem(op, f"{path}.{key} is not in the model")
                else:
                    self.check(op, member, shape.members[key], f"{path}.{key}")
        elif kind == "list":
            if not isinstance(value, list):
                return self.problem(op, f"{path} is not a list: {value!r}")
            for i, member in enumerate(value):
                self.check(op, member, shape.member, f"{path}[{i}]")
        elif kind == "map":
            if not isinstance(value, dict):
                return self.problem(op, f"{path} is not a map: {value!r}")
            for key, member in value.items():
                self.check(op, key, shape.key, path)
                self.check(op, member, shape.value, f"{path}[0]")
        else:
            self.check_scalar(op, value, shape, path)

    def check_scalar(self, op, value, shape, path):
        kind = shape.type_name
        number = isinstance(value, (int, float)) and not isinstance(value, bool)
        fits = {
            "string": isinstance(value, str), "boolean": isinstance(value, bool),
            "integer": number and isinstance(value, int), "long": number and isinstance(value, int),
            "double": number, "float": number, "timestamp": number,
        }[kind]
        if not fits:
            return self.problem(op, f"{path} is not a {kind}: {value!r}")
        enum = getattr(shape, "enum", None)
        if enum and value not in enum:
            self.problem(op, f"{path} is {value!r}, not one of {enum}")
        size = len(value) if kind == "string" else value
        low, high = shape.metadata.get("min"), shape.metadata.get("max")
        if kind in ("string", "integer", "long", "double") and (
                low is not None and size < low or high is not None and size > high):
            self.problem(op, f"{path} is {value!r}, outside {low} to {high}")

    # errors

    def check_error(self, op, status, body):
        code = body.get("__type", "")
        known = {e.error_code for e in self.model.operation_model(op).error_shapes}
        # Operations without modelled errors answer as their siblings do.
        known |= COMMON | ({"InvalidRequestException", "InternalServerException"} if not known else set())
        if code not in known:
            self.problem(op, f"error {code} is not one of {sorted(known)}: {body}")
        text = body.get("message", body.get("Message"))
        if text is None or INTERNALS.search(text):
            self.problem(op, f"error text {text!r}")
        if code == "InvalidRequestException" and set(body) != {"__type", "ErrorCode", "Message"}:
            self.problem(op, f"members of the error: {body}")
        if (status == 500) != code.startswith("InternalServer"):
            self.problem(op, f"status {status}: {body}")
        if code.startswith("InternalServer"):
            return
        if code == "UnknownOperationException":
            if "localemr" not in text or "docs/local.md" not in text:
                self.problem(op, f"error text {text!r}")
            self.unsupported.add(op)
            return
        self.errors[op].add(code)

    def problem(self, op, text):
        self.problems.append(f"{op}: {text}")

    # calls

    def call(self, op, **params):
        """Calls an operation that must succeed."""
        try:
            return self.client._make_api_call(op, params)
        except ClientError as error:
            self.problem(op, f"refused: {error}")
            return {}

    def refuse(self, op, code, text, **params):
        """Calls an operation that must fail with an error."""
        try:
            self.client._make_api_call(op, params)
        except ClientError as error:
            got = error.response["Error"]
            if got["Code"] != code or text not in got["Message"]:
                self.problem(op, f"got {got['Code']}: {got['Message']}, want {code}: {text}")
            return
        self.problem(op, f"accepted {params}")

    def send(self, op, body, code, text=""):
        """Sends a body that botocore would not."""
        self.raw.request("POST", "/", json.dumps(body), {
            "X-Amz-Target": f"ElasticMapReduce.{op}", "Content-Type": "application/x-amz-json-1.1"})
        response = self.raw.getresponse()
        answer = json.loads(response.read())
        if response.status < 300:
            return self.problem(op, f"accepted {body}: {answer}")
        self.check_error(op, response.status, answer)
        got = answer.get("message", answer.get("Message"))
        if op not in self.unsupported and (answer["__type"] != code or text not in got):
            self.problem(op, f"sent {body}, got {answer}, want {code}: {text}")

    def admin(self, method, faults=None):
        """Changes the faults that localemr injects."""
        self.raw.request(method, "/_localemr/faults", json.dumps(faults))
        self.raw.getresponse().read()

    def wrong_requests(self, op):
        """Sends what the front end of EMR refuses."""
        shape = self.model.operation_model(op).input_shape
        if shape.required_members:
            self.send(op, {}, "ValidationException", "Member must not be null")
        for path, member in walk(shape):
            wrong = 7 if member.type_name in ("string", "structure", "list", "map", "boolean") else "seven"
            self.send(op, build(path, wrong, shape), "SerializationException")
            if getattr(member, "enum", None):
                self.send(op, build(path, "nothing", shape), "ValidationException", "Member must satisfy enum value set: [")


def walk(shape, path=(), depth=0):
    """Yields all members below a shape, with their paths."""
    if shape.type_name == "structure":
        for name, member in shape.members.items():
            yield (*path, name), member
            if depth < 6:
                yield from walk(member, (*path, name), depth + 1)
    elif shape.type_name == "list":
        yield (*path, 0), shape.member
        yield from walk(shape.member, (*path, 0), depth + 1)


def build(path, value, shape):
    """A request with a value at a path, and the required members beside it."""
    if not path:
        return value
    if shape.type_name == "list":
        return [build(path[1:], value, shape.member)]
    out = {}
    for name in shape.required_members:
        out[name] = sample(shape.members[name])
    out[path[0]] = build(path[1:], value, shape.members[path[0]])
    return out


def sample(shape):
    if shape.type_name == "structure":
        return {name: sample(shape.members[name]) for name in shape.required_members}
    if shape.type_name == "string":
        return (getattr(shape, "enum", None) or ["x" * max(1, shape.metadata.get("min", 1))])[0]
    return {"list": [], "map": {}, "boolean": True}.get(shape.type_name, 1)
