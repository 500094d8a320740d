#!/usr/bin/env python3
"""What Amazon EMR's requests look like, from the service model in botocore.

Run go generate ./internal/local/emrmodel to write the model again. The output has
the operations with their input shape and the error of EMR's own faults, and the
shapes that requests can contain, without documentation. localemr checks requests
with it.
"""

import json

import botocore.loaders

KEPT = ("type", "required", "enum", "min", "max")
XML = "[\\u0020-"  # the pattern of most strings: what XML can contain


def compact(model):
    shapes, wanted = {}, set()
    operations = {}
    for name, op in sorted(model["operations"].items()):
        faults = [e["shape"] for e in op.get("errors", []) if e["shape"].startswith("InternalServer")]
        operations[name] = {"input": op["input"]["shape"], "fault": (faults or ["InternalServerException"])[0]}

    def add(name):
        if name in wanted:
            return
        wanted.add(name)
        shape = model["shapes"][name]
        kept = {k: shape[k] for k in KEPT if k in shape}
        if shape["type"] == "string" and kept.get("min") == 0:
            del kept["min"]
        if shape.get("pattern", "").startswith(XML):
            kept["pattern"] = shape["pattern"]
        if shape["type"] == "structure":
            kept["members"] = {k: m["shape"] for k, m in shape["members"].items()}
        for role in ("member", "key", "value"):
            if role in shape:
                kept[role] = shape[role]["shape"]
        for ref in [*kept.get("members", {}).values(), *(kept[r] for r in ("member", "key", "value") if r in kept)]:
            add(ref)
        shapes[name] = kept

    for operation in operations.values():
        add(operation["input"])
    return {"operations": operations, "shapes": dict(sorted(shapes.items()))}


def dump(model):
    """One shape a line, so that a new version of the model has a readable diff."""
    parts = []
    for section in ("operations", "shapes"):
        lines = ",\n".join(f"  {json.dumps(k)}: {json.dumps(v)}" for k, v in model[section].items())
        parts.append(f' "{section}": {{\n{lines}\n }}')
    return "{\n" + ",\n".join(parts) + "\n}\n"


if __name__ == "__main__":
    print(dump(compact(botocore.loaders.create_loader().load_service_model("emr", "service-2"))), end="")
