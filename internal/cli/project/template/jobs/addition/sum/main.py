#!/usr/bin/env python3
"""Adds whole numbers, the outputs of other jobs. Outputs: sum."""

import os
import sys

total = sum(int(number) for number in sys.argv[1:])
print(" + ".join(sys.argv[1:]), "=", total)
with open(os.environ["EPHEMR_OUTPUT"], "a", encoding="utf-8") as out:
    out.write(f"sum={total}\n")
