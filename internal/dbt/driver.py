"""Runs dbt in this process, which spark-submit has made a Spark driver."""

import sys

try:
    from dbt.cli.main import dbtRunner
except ImportError as error:
    sys.exit(f"dbt cannot be imported ({error}): add dbt-core and dbt-spark to requirements.txt beside dbt_project.yml")

result = dbtRunner().invoke(sys.argv[1:])
if result.exception is not None:
    print(f"dbt: {result.exception}", file=sys.stderr)
    sys.exit(2)
sys.exit(0 if result.success else 1)
