#!/bin/bash
set -e
which python
