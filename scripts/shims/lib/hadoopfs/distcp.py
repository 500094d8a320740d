"""hadoop distcp: copies files and trees."""
import sys

from store import Failure, Files, run

VALUED = {"-m", "-bandwidth", "-log", "-strategy", "-filters", "-numListstatusThreads"}
IGNORED = {"-overwrite", "-update", "-i", "-p", "-skipcrccheck", "-async", "-atomic", "-direct"}


def main(args):
    files, args, paths = Files(), list(args), []
    while args:
        arg = args.pop(0)
        if arg in VALUED:
            args = args[1:]
        elif arg.startswith("-") and arg not in IGNORED and not arg.startswith(("-p", "-D")):
            raise Failure(f"the local region does not support {arg}")
        elif not arg.startswith("-"):
            paths.append(arg)
    if len(paths) < 2:
        raise Failure("needs a source and a target")
    *sources, target = paths
    into, count = files.status(target), 0
    for path in sources:
        for source in files.glob(path):
            base, to = source.path.rstrip("/"), target.rstrip("/")
            if into is not None and into.directory or len(paths) > 2:
                to += "/" + base.rsplit("/", 1)[1]
            for s in files.of(base).walk(base) if source.directory else [source]:
                files.copy(s.path, to + s.path[len(base):])
                count += 1
    print(f"distcp: copied {count} files to {target} on this machine", file=sys.stderr)
    return 0


if __name__ == "__main__":
    run("distcp", main)
