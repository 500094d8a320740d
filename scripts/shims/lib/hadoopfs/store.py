"""Files of S3 and of this machine behind one interface, as Hadoop's file systems show them."""
import collections
import fnmatch
import os
import re
import shutil
import sys
import tempfile
import time

Status = collections.namedtuple("Status", "path directory size modified")


class Failure(Exception):
    """What the command reports; the exit code is 1."""


reported = [Failure, OSError]


def missing(path):
    return Failure(f"`{path}': No such file or directory")


class S3:
    def __init__(self):
        import boto3  # takes half a second, which a command on local files does not need
        from botocore.config import Config
        from botocore.exceptions import ClientError

        self.error = ClientError
        reported.append(ClientError)
        style = "path" if os.environ.get("AWS_ENDPOINT_URL") or os.environ.get("AWS_ENDPOINT_URL_S3") else "auto"
        self.client = boto3.client("s3", config=Config(s3={"addressing_style": style}))

    @staticmethod
    def split(path):
        bucket, _, key = path.split("://", 1)[1].partition("/")
        return bucket, key.strip("/") if key != "/" else ""

    def join(self, path, key):
        scheme, bucket = path.split("://", 1)[0], self.split(path)[0]
        return f"{scheme}://{bucket}/{key}"

    def pages(self, bucket, prefix, **more):
        try:
            yield from self.client.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix, **more)
        except self.error as error:
            if error.response["Error"]["Code"] == "NoSuchBucket":
                raise Failure(f"Bucket {bucket} does not exist") from None
            raise Failure(str(error)) from None

    def status(self, path):
        """The status of a path, or None."""
        bucket, key = self.split(path)
        if key and not path.endswith("/"):
            try:
                head = self.client.head_object(Bucket=bucket, Key=key)
                return Status(path, False, head["ContentLength"], head["LastModified"].timestamp())
            except self.error as error:
                if error.response["ResponseMetadata"]["HTTPStatusCode"] != 404:
                    raise Failure(f"{path}: {error}") from None
        page = next(iter(self.pages(bucket, key + "/" if key else "", MaxKeys=1)))
        if page["KeyCount"] or not key:
            return Status(path.rstrip("/"), True, 0, 0)
        return None

    def children(self, path):
        bucket, key = self.split(path)
        prefix = key + "/" if key else ""
        found = []
        for page in self.pages(bucket, prefix, Delimiter="/"):
            for entry in page.get("CommonPrefixes", []):
                found.append(Status(self.join(path, entry["Prefix"].rstrip("/")), True, 0, 0))
            for entry in page.get("Contents", []):
                if entry["Key"] != prefix:
                    found.append(Status(self.join(path, entry["Key"]), False, entry["Size"], entry["LastModified"].timestamp()))
        return sorted(found)

    def walk(self, path):
        """All files below a directory."""
        bucket, key = self.split(path)
        for page in self.pages(bucket, key + "/" if key else ""):
            for entry in page.get("Contents", []):
                if not entry["Key"].endswith("/"):
                    yield Status(self.join(path, entry["Key"]), False, entry["Size"], entry["LastModified"].timestamp())

    def open(self, path):
        bucket, key = self.split(path)
        return self.client.get_object(Bucket=bucket, Key=key)["Body"]

    def write(self, path, stream):
        bucket, key = self.split(path)
        try:
            self.client.upload_fileobj(stream, bucket, key)
        except Exception as error:  # boto3 wraps the error of the service in its own
            raise Failure(f"{path}: {error}") from None

    def mkdir(self, path, parents):
        bucket, key = self.split(path)
        try:
            self.client.put_object(Bucket=bucket, Key=key + "/")
        except self.error as error:
            raise Failure(f"{path}: {error}") from None

    def remove(self, path, recursive):
        bucket, key = self.split(path)
        if not recursive:
            return self.client.delete_object(Bucket=bucket, Key=key)
        for page in self.pages(bucket, key + "/" if key else ""):
            keys = [{"Key": entry["Key"]} for entry in page.get("Contents", [])]
            if keys:
                self.client.delete_objects(Bucket=bucket, Delete={"Objects": keys, "Quiet": True})
        return None


class Local:
    @staticmethod
    def name(path):
        return re.sub(r"^file:(//)?", "", path) or "/"

    def status(self, path):
        try:
            stat = os.stat(self.name(path))
        except OSError:
            return None
        directory = os.path.isdir(self.name(path))
        return Status(path, directory, 0 if directory else stat.st_size, stat.st_mtime)

    def children(self, path):
        return sorted(self.status(f"{path.rstrip('/')}/{name}") for name in os.listdir(self.name(path)))

    def walk(self, path):
        for child in self.children(path):
            if child.directory:
                yield from self.walk(child.path)
            else:
                yield child

    def open(self, path):
        return open(self.name(path), "rb")

    def write(self, path, stream):
        os.makedirs(os.path.dirname(self.name(path)) or ".", exist_ok=True)
        with open(self.name(path), "wb") as out:
            shutil.copyfileobj(stream, out)

    def mkdir(self, path, parents):
        if parents:
            return os.makedirs(self.name(path), exist_ok=True)
        return os.mkdir(self.name(path))

    def remove(self, path, recursive):
        if recursive:
            shutil.rmtree(self.name(path))
        else:
            os.remove(self.name(path))


class Files:
    def __init__(self):
        self.s3, self.local = None, Local()

    def of(self, path, local=False):
        """The file system of a path; only some arguments are local without a scheme."""
        scheme = path.split(":", 1)[0] if re.match(r"^\w+:", path) else ""
        if scheme in ("s3", "s3a", "s3n"):
            self.s3 = self.s3 or S3()
            return self.s3
        if scheme == "file" or local and not scheme:
            return self.local
        raise Failure(f"{path}: the local region has no HDFS, use an s3:// or file:// path")

    def status(self, path, local=False):
        return self.of(path, local).status(path)

    def need(self, path, local=False):
        status = self.status(path, local)
        if status is None:
            raise missing(path)
        return status

    def glob(self, path, local=False):
        """The paths that a pattern matches; one without wildcards stands for itself."""
        fs = self.of(path, local)
        if not re.search(r"[*?\[{]", path):
            return [self.need(path, local)]
        root = re.match(r"^(\w+:/+[^/]*|/|)", path).group(0) if fs is not self.local else re.match(r"^(file:/*|/|)", path).group(0)
        found = [root.rstrip("/") or "/"] if root else ["."]
        for part in path[len(root):].strip("/").split("/"):
            matches = []
            for directory in found:
                status = fs.status(directory)
                if status and status.directory:
                    matches += [c.path for c in fs.children(directory) if any(
                        fnmatch.fnmatchcase(c.path.rsplit("/", 1)[1], p) for p in braces(part))]
            found = matches
        if not found:
            raise missing(path)
        return [fs.status(p) for p in found]

    def copy(self, source, target, local_source=False, local_target=False):
        if source.startswith("s3") and target.startswith("s3"):
            client = self.of(source).client
            bucket, key = S3.split(source)
            to, name = S3.split(target)
            return client.copy({"Bucket": bucket, "Key": key}, to, name)
        with tempfile.TemporaryFile() as buffer:
            shutil.copyfileobj(self.of(source, local_source).open(source), buffer)
            buffer.seek(0)
            return self.of(target, local_target).write(target, buffer)


def braces(pattern):
    match = re.search(r"\{([^{}]*)\}", pattern)
    if not match:
        return [pattern]
    return [p for choice in match.group(1).split(",") for p in braces(pattern[:match.start()] + choice + pattern[match.end():])]


def date(seconds):
    return time.strftime("%Y-%m-%d %H:%M", time.gmtime(seconds))


def run(name, main):
    """Runs a command: a Failure is its error message."""
    try:
        sys.exit(main(sys.argv[1:]))
    except tuple(reported) as error:
        print(f"{name}: {error}" if name else error, file=sys.stderr)
        sys.exit(1)
