"""Reads the footers of Parquet files with DuckDB: rows, nulls, least and greatest values.
"""

import sys

import duckdb

files, threads = sys.argv[1], int(sys.argv[2])
db = duckdb.connect(config={"threads": threads})
db.execute("set enable_progress_bar = false")
begin()
db.execute(f"""
    select path_in_schema, sum(num_values), sum(stats_null_count), min(stats_min_value), max(stats_max_value)
    from parquet_metadata('{files}') group by all""").fetchall()
end()
