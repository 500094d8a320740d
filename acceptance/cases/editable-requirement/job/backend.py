"""Builds wheels without setuptools, which would have to come from an index."""

import os
import zipfile


def wheel(directory, files):
    name = "shoplib-1.0-py3-none-any.whl"
    info = "shoplib-1.0.dist-info/"
    files[info + "METADATA"] = "Metadata-Version: 2.1\nName: shoplib\nVersion: 1.0\n"
    files[info + "WHEEL"] = "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
    files[info + "RECORD"] = "".join(f"{f},,\n" for f in files)
    with zipfile.ZipFile(os.path.join(directory, name), "w") as z:
        for file, text in files.items():
            z.writestr(file, text)
    return name


def build_wheel(directory, config_settings=None, metadata_directory=None):
    return wheel(directory, {"shoplib.py": open("src/shoplib.py").read()})


def build_editable(directory, config_settings=None, metadata_directory=None):
    return wheel(directory, {"__editable__.shoplib.pth": os.path.abspath("src") + "\n"})
