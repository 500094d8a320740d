"""Checks the values of ephemr's orders with DuckDB.
"""

import sys

import duckdb

files, threads = sys.argv[1], int(sys.argv[2])
db = duckdb.connect(config={"threads": threads})
db.execute("set enable_progress_bar = false")
begin()
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
end()
