"""Runs dbt in this process, which spark-submit has made a Spark driver."""

import sys

try:
    from dbt.cli.main import dbtRunner
except ImportError as error:
    sys.exit(f"dbt cannot be imported ({error}): add dbt-core and dbt-spark to requirements.txt beside dbt_project.yml")

# The project, its profile or the command line cannot be used. Anything else may pass: a database that does not answer
# before the first node is an exception as well.
INVALID = {
    "CompilationError", "ParsingError", "YamlLoadError", "DbtProjectError", "DbtProfileError", "DbtSelectorsError", "DbtConfigError",
    "DbtValidationError", "DbtUsageException", "DependencyNotFoundError", "DependencyVersionError", "SchemaConfigError",
}

result = dbtRunner().invoke(sys.argv[1:])
if result.exception is not None:
    print(f"dbt: {result.exception}", file=sys.stderr)
    sys.exit(2 if INVALID & {kind.__name__ for kind in type(result.exception).__mro__} else 1)
sys.exit(0 if result.success else 1)
