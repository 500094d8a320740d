"""pyspark.daemon for the local region: Python workers see what those on YARN see.

Spark's local mode starts them in the directory of the driver, the job's package. On
YARN they start in the directory of a container, which has only the files and the
archives that Spark was told to distribute. Spark's directory of such files takes its
place here.
"""

import os
import runpy
import sys

from pyspark import worker
from pyspark.files import SparkFiles

package = os.getcwd()
attempt = os.path.dirname(package)  # the runner's directory; the package is one of several in it
add_path = worker.add_path


def below(path, directory):
    return path == directory or path.startswith(directory + os.sep)


def enter(path):
    """Called with the directory of distributed files first, before a task runs."""
    root = SparkFiles._root_directory
    if os.getcwd() == package and below(package, attempt):
        os.chdir(root)
        moved = [root + p[len(package) :] if below(p, package) and p != package else p for p in sys.path]
        sys.path[:] = [p for p in moved if p and not below(p, attempt)]
    add_path(path)


worker.add_path = enter
runpy.run_module("pyspark.daemon", run_name="__main__", alter_sys=True)
