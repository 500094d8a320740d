"""Writes the columns of ephemr's orders with DuckDB, as one Parquet file.
"""

import sys

import duckdb

rows, threads, target = int(sys.argv[1]), int(sys.argv[2]), sys.argv[3]
db = duckdb.connect(config={"threads": threads})
db.execute("set enable_progress_bar = false")
begin()
db.execute(f"""
    copy (select
        range + 1 as order_id,
        timestamptz '2026-01-01 00:00:00+00' + to_microseconds((range * 604800000000 / {rows})::bigint) as ordered_at,
        1 + (random() * 9999)::int as store_id,
        case when random() >= 0.01 then 1 + (random() * 99999)::bigint end as customer_id,
        case when random() >= 0.01 then (['delivered', 'shipped', 'paid', 'new', 'returned'])[1 + (random() * 4)::int] end as status,
        case when random() >= 0.01 then (1 + random() * 499)::decimal(10, 2) end as amount
    from range({rows})) to '{target}' (format parquet)""")
end()
