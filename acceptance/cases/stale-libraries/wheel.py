import base64, hashlib, os, sys, zipfile

file, rate = sys.argv[1:]
files = {
    "shoprates/__init__.py": "RATE = %s\n" % rate,
    "shoprates-1.0.dist-info/METADATA": "Metadata-Version: 2.1\nName: shoprates\nVersion: 1.0\n",
    "shoprates-1.0.dist-info/WHEEL": "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
}
digest = lambda text: base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest()).rstrip(b"=").decode()
files["shoprates-1.0.dist-info/RECORD"] = "".join("%s,sha256=%s,%d\n" % (n, digest(t), len(t)) for n, t in files.items())
os.makedirs(os.path.dirname(file), exist_ok=True)
with zipfile.ZipFile(file, "w") as z:
    for name, text in files.items():
        z.writestr(name, text)
