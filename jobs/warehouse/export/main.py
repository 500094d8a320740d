#!/usr/bin/env python3
"""Exports what a system has of one date to S3, as gzipped JSON Lines in numbered parts.

After each part a checkpoint is written beside them, so that another attempt of the
run goes on where the last one ended. A part that was written without its checkpoint
is written again, under the same name. A new run of the date exports everything anew.

The password of the system is in PASSWORD. Outputs: rows, parts.
"""

import argparse
import os

import parts
import sources


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--source", required=True, choices=sorted(sources.SOURCES))
    parser.add_argument("--address", required=True, help="host:port of the system")
    parser.add_argument("--name", required=True, help="the collection, or what the keys begin with")
    parser.add_argument("--date", required=True, help="as 2026-11-30")
    parser.add_argument("--output", required=True, help="directory of the dates, as s3://bucket/orders/")
    parser.add_argument("--part-rows", type=int, default=50_000, help="rows of a part, at least")
    args = parser.parse_args()

    export = parts.Export(args.output, args.date, os.environ["EPHEMR_RUN_ID"])
    if export.state["parts"]:
        print(f"continues after {export.state['rows']} rows in {export.state['parts']} parts", flush=True)
    read = sources.SOURCES[args.source]
    lines = []
    for page, position in read(args.address, os.environ["PASSWORD"], args.name, args.date, export.state["position"]):
        lines += page
        if len(lines) >= args.part_rows:
            export.write(lines, position)
            lines = []
    if lines:
        export.write(lines, position)
    export.finish()

    rows, number = export.state["rows"], export.state["parts"]
    print(f"exported {rows} rows of {args.date} in {number} parts", flush=True)
    with open(os.environ["EPHEMR_OUTPUT"], "a", encoding="utf-8") as out:
        out.write(f"rows={rows}\nparts={number}\n")


if __name__ == "__main__":
    main()
