"""s3-dist-cp: copies files by pattern, or concatenates groups of them."""
import gzip
import io
import re
import shutil
import sys
import tempfile

from store import Failure, Files, run

files = Files()
COPIED = {"src", "dest", "srcPattern", "groupBy", "targetSize", "outputCodec", "deleteOnSuccess", "srcPrefixesFile"}
# They choose how a cluster copies, not what.
IGNORED = {"s3Endpoint", "endpoint", "tmpDir", "multipartUploadChunkSize", "disableMultipartUpload", "storageClass",
           "s3ServerSideEncryption", "numberFiles", "maxConcurrency"}
MEBIBYTE = 1 << 20


def parse(args):
    given, args = {}, list(args)
    while args:
        flag = args.pop(0)
        name, equals, value = flag.lstrip("-").partition("=")
        if not flag.startswith("--"):
            raise Failure(f"unexpected argument {flag}")
        if name not in COPIED | IGNORED:
            raise Failure(f"the local region does not support --{name}; it supports {', '.join('--' + o for o in sorted(COPIED))}")
        if not equals and args and not args[0].startswith("--"):
            value = args.pop(0)
        given[name] = value
    for name in ("src", "dest"):
        if not given.get(name):
            raise Failure(f"--{name} is required")
    return given


def sources(given):
    """The files to copy, with their paths relative to the source."""
    root = files.need(given["src"].rstrip("/") or given["src"])
    if not root.directory:
        found = [(root, root.path.rsplit("/", 1)[1])]
    else:
        base = root.path.rstrip("/")
        found = [(s, s.path[len(base) + 1:]) for s in files.of(base).walk(base)]
    if "srcPrefixesFile" in given:
        prefixes = files.of(given["srcPrefixesFile"]).open(given["srcPrefixesFile"]).read().decode().split()
        found = [(s, r) for s, r in found if any(s.path.startswith(p) for p in prefixes)]
    if "srcPattern" in given:
        found = [(s, r) for s, r in found if re.fullmatch(given["srcPattern"], s.path)]
    return found


def groups(found, pattern):
    """Files by the name of their group: the text of the pattern's parentheses."""
    by = {}
    for status, relative in found:
        match = re.fullmatch(pattern, status.path)
        if match:
            directory = relative.rpartition("/")[0]
            name = "".join(g or "" for g in match.groups()) or relative.rpartition("/")[2]
            by.setdefault(f"{directory}/{name}".lstrip("/"), []).append(status)
    return by


def batches(group, limit):
    """Splits a group into files of about a size."""
    batch, size = [], 0
    for status in group:
        if batch and limit and size + status.size > limit:
            yield batch
            batch, size = [], 0
        batch.append(status)
        size += status.size
    yield batch


def concatenate(batch, target, codec):
    with tempfile.TemporaryFile() as buffer:
        out = gzip.GzipFile(fileobj=buffer, mode="wb") if codec == "gz" else buffer
        for status in batch:
            stream = files.of(status.path).open(status.path)
            if codec != "keep" and status.path.endswith(".gz"):
                stream = gzip.GzipFile(fileobj=io.BytesIO(stream.read()))
            shutil.copyfileobj(stream, out)
        if out is not buffer:
            out.close()
        buffer.seek(0)
        files.of(target).write(target, buffer)


def renamed(path, codec):
    path = path[:-3] if codec != "keep" and path.endswith(".gz") else path
    return path + ".gz" if codec == "gz" else path


def main(args):
    given = parse(args)
    codec = {"": "keep", "keep": "keep", "none": "none", "gz": "gz", "gzip": "gz"}.get(given.get("outputCodec", ""))
    if codec is None:
        raise Failure(f"the local region does not support --outputCodec {given['outputCodec']}; it supports gz, none and keep")
    found, dest = sources(given), given["dest"].rstrip("/")
    files.of(dest)
    if "groupBy" in given:
        by = groups(found, given["groupBy"])
        found = [(s, r) for r, group in by.items() for s in group]
        limit = int(given.get("targetSize", 0)) * MEBIBYTE
        for name, group in by.items():
            for number, batch in enumerate(batches(group, limit)):
                concatenate(batch, renamed(f"{dest}/{name}{number or ''}", codec), codec)
    else:
        for status, relative in found:
            target = renamed(f"{dest}/{relative}", codec)
            if codec == "keep":
                files.copy(status.path, target)
            else:
                concatenate([status], target, codec)
    if "deleteOnSuccess" in given and given["deleteOnSuccess"] != "false":
        for status, _ in found:
            files.of(status.path).remove(status.path, False)
    print(f"s3-dist-cp: copied {len(found)} files from {given['src']} to {given['dest']} on this machine", file=sys.stderr)
    return 0


if __name__ == "__main__":
    run("s3-dist-cp", main)
