#!/bin/bash
set -e
find . -type f ! -name .ephemrignore | sort
