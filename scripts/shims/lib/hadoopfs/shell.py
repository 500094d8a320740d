"""hadoop fs and hdfs dfs on s3:// and file:// paths."""
import gzip
import io
import re
import shutil
import sys

from store import Failure, Files, date, run

files = Files()


class Illegal(Exception):
    """An option that Hadoop does not know; the exit code is 255."""


def options(args, allowed):
    """Splits the flags of a command from its paths. Hadoop takes each flag as an argument of its own."""
    flags, allowed = set(), set(allowed)
    while args and re.match(r"^-[a-zA-Z]", args[0]):
        flag = args.pop(0)[1:]
        if flag not in allowed:
            if len(flag) > 1:
                raise Illegal(f"Illegal option -{flag}; Hadoop takes each flag as an argument of its own, as in -r -f")
            raise Failure(f"the local region does not support the flag -{flag}")
        flags.add(flag)
    return flags, args


def human(size, flags):
    if "h" not in flags:
        return str(size)
    for unit in ("", " K", " M", " G", " T"):
        if size < 1024 or unit == " T":
            return f"{size:.1f}{unit}" if unit else str(size)
        size /= 1024
    return str(size)


def ls(args):
    flags, paths = options(args, "dhRCtrSu")
    for path in need(paths):
        for status in files.glob(path):
            if not status.directory or "d" in flags:
                show([status], flags)
                continue
            children = files.of(status.path).children(status.path)
            if "R" not in flags and "C" not in flags:
                print(f"Found {len(children)} items") if children else None
            show(children, flags)


def show(statuses, flags):
    for s in statuses:
        if "C" in flags:
            print(s.path)
        else:
            mode, replicas = ("drwxrwxrwx", "-") if s.directory else ("-rw-rw-rw-", "1")
            print(f"{mode}   {replicas} hadoop hadoop {human(s.size, flags):>10} {date(s.modified)} {s.path}")
        if s.directory and "R" in flags:
            show(files.of(s.path).children(s.path), flags)


def cat(args, unpack=False):
    _, paths = options(args, ["ignoreCrc"])
    for path in need(paths):
        for status in files.glob(path):
            if status.directory:
                raise Failure(f"`{path}': Is a directory")
            stream = files.of(status.path).open(status.path)
            if unpack and status.path.endswith(".gz"):
                stream = gzip.GzipFile(fileobj=stream)
            shutil.copyfileobj(stream, sys.stdout.buffer)
    sys.stdout.flush()


def text(args):
    cat(args, unpack=True)


def tail(args):
    _, paths = options(args, [])
    for path in need(paths):
        sys.stdout.buffer.write(files.of(path).open(files.need(path).path).read()[-1024:])


def head(args):
    _, paths = options(args, [])
    for path in need(paths):
        sys.stdout.buffer.write(files.of(path).open(files.need(path).path).read(1024))


def host(path):
    """The scheme and the bucket of a path."""
    return re.match(r"^(?:(\w+):)?(?://([^/]*))?", path).groups(default="")


def transfer(args, move=False, local_source=False, local_target=False, allowed="fpd"):
    flags, paths = options(args, allowed)
    if local_target and len(paths) == 1:
        paths = [*paths, "."]
    if len(paths) < 2:
        raise Failure("needs a source and a target")
    *sources, target = paths
    found = [s for path in sources for s in files.glob(path, local_source)]
    into = files.status(target, local_target)
    directory = into is not None and into.directory or target.endswith("/")
    if len(found) > 1 and not directory:
        raise Failure(f"`{target}': No such directory")
    for source in found:
        to = f"{target.rstrip('/')}/{source.path.rstrip('/').rsplit('/', 1)[-1]}" if directory else target
        if move and not local_source and host(source.path) != host(to):
            raise Failure(f"`{source.path}': Does not match target filesystem")
        present = files.status(to, local_target)
        if move and present and (present.directory or "f" not in flags):  # never merged
            raise Failure(f"`{to}': File exists")
        pairs = [(source.path, to)]
        if source.directory:
            base = source.path.rstrip("/")
            pairs = [(s.path, to + s.path[len(base):]) for s in files.of(base, local_source).walk(base)]
        for a, b in pairs:
            if "f" not in flags and files.status(b, local_target) is not None:
                raise Failure(f"`{b}': File exists")
            files.copy(a, b, local_source, local_target)
        if move:
            files.of(source.path, local_source).remove(source.path, source.directory)


def cp(args):
    transfer(["-p" if re.match(r"^-p[topax]+$", a) else a for a in args])


def mv(args):
    transfer(args, move=True, allowed="")


def put(args):
    if args and args[-1] != "-" and "-" in args[:-1]:  # from the standard input
        return files.of(args[-1]).write(args[-1], sys.stdin.buffer)
    return transfer(args, local_source=True, allowed="fpdlq")


def get(args):
    transfer(args, local_target=True, allowed=["f", "p", "ignoreCrc", "crc"])


def move_from_local(args):
    transfer(args, move=True, local_source=True, allowed="fpdl")


def getmerge(args):
    flags, paths = options(args, ["nl", "skip-empty-file"])
    *sources, target = need(paths)
    with open(target, "wb") as out:
        for path in sources:
            for status in files.glob(path):
                fs = files.of(status.path)
                for part in fs.walk(status.path) if status.directory else [status]:
                    shutil.copyfileobj(fs.open(part.path), out)
                    out.write(b"\n" if "nl" in flags else b"")


def rm(args, always=""):
    flags, paths = options(args, ["r", "R", "f", "skipTrash", "safely"])
    recursive = bool(flags & {"r", "R"} or always)
    for path in need(paths):
        try:
            found = files.glob(path)
        except Failure:
            if "f" in flags:
                continue
            raise
        for status in found:
            if status.directory and not recursive:
                raise Failure(f"`{path}': Is a directory")
            files.of(status.path).remove(status.path, status.directory)
            print(f"Deleted {status.path}")


def rmr(args):
    rm(args, "r")


def rmdir(args):
    _, paths = options(args, ["ignore-fail-on-non-empty"])
    for path in need(paths):
        if not files.need(path).directory:
            raise Failure(f"`{path}': Is not a directory")
        if files.of(path).children(path):
            raise Failure(f"`{path}': Directory is not empty")
        files.of(path).remove(path, True)


def mkdir(args):
    flags, paths = options(args, "p")
    for path in need(paths):
        if files.status(path) is not None:
            if "p" in flags:
                continue
            raise Failure(f"`{path}': File exists")
        files.of(path).mkdir(path, "p" in flags)


def test(args):
    flags, paths = options(args, "edfzswr")
    status = files.status(need(paths)[0])
    if status is None:
        return 1
    wanted = {"d": status.directory, "f": not status.directory, "z": status.size == 0, "s": status.size > 0}
    return 0 if all(wanted.get(flag, True) for flag in flags) else 1


def total(status):
    """Directories, files and bytes of a tree."""
    if not status.directory:
        return 0, 1, status.size
    dirs, count, size = {status.path.rstrip("/")}, 0, 0
    for s in files.of(status.path).walk(status.path):
        count, size = count + 1, size + s.size
        parent = s.path.rsplit("/", 1)[0]
        while len(parent) > len(status.path.rstrip("/")):
            dirs.add(parent)
            parent = parent.rsplit("/", 1)[0]
    return len(dirs), count, size


def du(args):
    flags, paths = options(args, "shvx")
    for path in need(paths):
        for status in files.glob(path):
            each = [status] if "s" in flags or not status.directory else files.of(status.path).children(status.path)
            for s in each:
                size = human(total(s)[2], flags)
                print(f"{size}  {size}  {s.path}")


def count(args):
    flags, paths = options(args, "hqvu")
    for path in need(paths):
        for status in files.glob(path):
            dirs, number, size = total(status)
            print(f"{dirs:>12} {number:>12} {human(size, flags):>18} {status.path}")


def touch(args):
    _, paths = options(args, "amct")
    for path in need(paths):
        if files.status(path) is None:
            files.of(path).write(path, io.BytesIO())


def stat(args):
    form = args.pop(0) if args and args[0].startswith("%") or len(args) > 1 else "%y"
    for path in need(args):
        for s in files.glob(path):
            values = {"%y": date(s.modified) + ":00", "%b": str(s.size), "%F": "directory" if s.directory else "regular file",
                      "%n": s.path.rstrip("/").rsplit("/", 1)[-1], "%r": "1", "%o": "0", "%u": "hadoop", "%g": "hadoop",
                      "%Y": str(int(s.modified * 1000))}
            print(re.sub(r"%[a-zA-Z]", lambda m, values=values: values.get(m.group(0), m.group(0)), form))


def no_effect(args):
    """Objects of S3 have no owners, modes or replicas."""
    paths = [a for a in args if "://" in a]
    for path in need(paths):
        files.glob(path)


def need(paths):
    if not paths:
        raise Failure("needs a path")
    return paths


COMMANDS = {
    "ls": ls, "lsr": lambda a: ls(["-R", *a]), "cat": cat, "text": text, "tail": tail, "head": head, "cp": cp, "mv": mv,
    "put": put, "copyFromLocal": put, "moveFromLocal": move_from_local, "get": get, "copyToLocal": get, "getmerge": getmerge,
    "rm": rm, "rmr": rmr, "rmdir": rmdir, "mkdir": mkdir, "test": test, "du": du, "dus": lambda a: du(["-s", *a]), "count": count,
    "touch": touch, "touchz": touch, "stat": stat, "chmod": no_effect, "chown": no_effect, "chgrp": no_effect, "setrep": no_effect,
}


def main(args):
    while args and args[0] in ("-D", "-conf", "-fs"):
        args = args[2:]  # generic options of Hadoop
    args = [a for i, a in enumerate(args) if i or not a.startswith("-D")]
    command = args[0].lstrip("-") if args else ""
    if command not in COMMANDS:
        known = " ".join("-" + c for c in sorted(COMMANDS))
        what = f"the local region does not support -{command}" if command else "the local region needs a command"
        print(f"hadoop fs: {what}; it supports {known}", file=sys.stderr)
        return 255
    try:
        return COMMANDS[command](list(args[1:])) or 0
    except Illegal as error:
        print(f"-{command}: {error}", file=sys.stderr)
        return 255
    except (Failure, OSError) as error:
        raise Failure(f"{command}: {error}") from None


if __name__ == "__main__":
    run("", main)  # the message begins with the command, as Hadoop's does
