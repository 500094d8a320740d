"""Checks the values of ephemr's orders with DuckDB.

Prints seconds, CPU seconds and the greatest resident size in KiB. Starting
Python and importing DuckDB are not counted.
"""

import resource
import sys
import time

import duckdb

files, threads = sys.argv[1], int(sys.argv[2])
db = duckdb.connect(config={"threads": threads})
db.execute("set enable_progress_bar = false")
before, began = resource.getrusage(resource.RUSAGE_SELF), time.monotonic()
db.execute(f"""
    select
        count(*),
        count(*) - count(order_id),
        count(*) - count(store_id),
        count(order_id) - count(distinct order_id),
        count(*) filter (status not in ('delivered', 'shipped', 'paid', 'new', 'returned')),
        count(*) filter (amount not between 1.5 and 499.5),
        count(*) filter (customer_id < 2),
        count(*) filter (ordered_at < timestamptz '2026-01-01 00:00:01+00'),
        count(*) filter (not regexp_full_match(status, '[a-z]+')),
        count(*) filter (length(status) > 9)
    from read_parquet('{files}')""").fetchall()
took, after = time.monotonic() - began, resource.getrusage(resource.RUSAGE_SELF)
cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
unit = 1024 if sys.platform == "darwin" else 1
print(took, cpu, after.ru_maxrss // unit)
