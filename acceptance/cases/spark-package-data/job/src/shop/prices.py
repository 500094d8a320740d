import importlib.resources
import json
import os
import pkgutil

here = os.path.dirname(__file__)


def price(name):
    all = json.loads(pkgutil.get_data("shop", "prices.json"))
    all.update(json.loads((importlib.resources.files("shop") / "more" / "prices.json").read_text()))
    with open(os.path.join(here, "last.json")) as f:
        all.update(json.load(f))
    return all[name]
