"""Numbered parts of an export in S3, and the checkpoint that says which are complete."""

import gzip
import json

import boto3


class Export:
    """The parts of one date, below <output>/dt=<date>/; the checkpoint is beside the dates, where Hive does not read it."""

    def __init__(self, output: str, date: str, run: str) -> None:
        self.s3 = boto3.client("s3")
        self.bucket, _, prefix = output.removeprefix("s3://").rstrip("/").partition("/")
        self.prefix, self.checkpoint = f"{prefix}/dt={date}/", f"{prefix}/_checkpoints/{date}.json"
        # position: where the source continues after the last part; None = at its beginning.
        self.state = {"run": run, "parts": 0, "rows": 0, "position": None}
        try:
            found = json.load(self.s3.get_object(Bucket=self.bucket, Key=self.checkpoint)["Body"])
            if found["run"] == run:
                self.state = found
        except self.s3.exceptions.NoSuchKey:
            pass

    def write(self, lines: list[str], position) -> None:
        """Writes the next part, and then the checkpoint behind it."""
        body = gzip.compress("".join(line + "\n" for line in lines).encode(), mtime=0)
        self.s3.put_object(Bucket=self.bucket, Key=self.key(self.state["parts"]), Body=body)
        self.state = {**self.state, "parts": self.state["parts"] + 1, "rows": self.state["rows"] + len(lines), "position": position}
        self.save()

    def save(self) -> None:
        self.s3.put_object(Bucket=self.bucket, Key=self.checkpoint, Body=json.dumps(self.state).encode())

    def key(self, part: int) -> str:
        return f"{self.prefix}part-{part:05}.json.gz"

    def finish(self) -> None:
        """Removes parts of an earlier run that exported more. The checkpoint exists also if there was nothing to export."""
        self.save()
        for page in self.s3.get_paginator("list_objects_v2").paginate(Bucket=self.bucket, Prefix=self.prefix):
            for found in page.get("Contents", []):
                if found["Key"] >= self.key(self.state["parts"]):
                    self.s3.delete_object(Bucket=self.bucket, Key=found["Key"])
