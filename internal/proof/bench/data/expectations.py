"""Checks the values of ephemr's orders with Great Expectations.
"""

import glob
import os
import sys

os.environ["GX_ANALYTICS_ENABLED"] = "false"
import great_expectations as gx
import great_expectations.expectations as gxe
import pandas as pd
from great_expectations.data_context.types.base import ProgressBarsConfig

files = glob.glob(sys.argv[1])
begin()
frame = pd.concat([pd.read_parquet(file) for file in files], ignore_index=True)
context = gx.get_context(mode="ephemeral")
context.variables.progress_bars = ProgressBarsConfig(globally=False)
asset = context.data_sources.add_pandas("files").add_dataframe_asset("orders")
batch = asset.add_batch_definition_whole_dataframe("all").get_batch(batch_parameters={"dataframe": frame})
statuses = ["delivered", "shipped", "paid", "new", "returned"]
result = batch.validate(gx.ExpectationSuite("orders", expectations=[
    gxe.ExpectColumnValuesToNotBeNull(column="order_id"),
    gxe.ExpectColumnValuesToNotBeNull(column="store_id"),
    gxe.ExpectColumnValuesToBeUnique(column="order_id", mostly=0.95),
    gxe.ExpectColumnValuesToBeInSet(column="status", value_set=statuses, mostly=0.95),
    gxe.ExpectColumnValuesToBeBetween(column="amount", min_value=1.5, max_value=499.5, mostly=0.95),
    gxe.ExpectColumnValuesToBeBetween(column="customer_id", min_value=2, mostly=0.95),
    gxe.ExpectColumnValuesToBeBetween(column="ordered_at", min_value=pd.Timestamp("2026-01-01T00:00:01Z"), mostly=0.95),
    gxe.ExpectColumnValuesToMatchRegex(column="status", regex="^[a-z]+$", mostly=0.95),
    gxe.ExpectColumnValueLengthsToBeBetween(column="status", max_value=9, mostly=0.95),
]))
end()
if not result.success:
    sys.exit(f"expectations failed: {[r.expectation_config.type for r in result.results if not r.success]}")
