import ast
import re
import subprocess
import sys

from small import ROOT

# From the ground up: a module may import from its own room, and from those before it.
LAYERS = (
    ("errors",),
    ("lab", "utils"),
    ("checks", "drawing", "interactive", "optimizers", "plotting"),
    ("images", "models", "ab_bins"),
    ("data", "gan", "video"),
    ("metrics", "colorize"),
    ("evaluation",),
    ("training",),
    ("export", "app"),
    ("cli",),
    ("__main__",),
)
# How a package is called in requirements.txt, where it differs from its import, or
# which one brings it.
PACKAGES = {
    "IPython": "jupyter",
    "PIL": "pillow",
    "lazy_loader": "lazy-loader",
    "skimage": "scikit-image",
    "tifffile": "scikit-image",
    "urllib3": "requests",
}
# The extras of pyproject.toml.
OPTIONAL = {
    "pillow_heif": "pillow-heif",
    "pillow_jxl": "pillow-jxl-plugin",
    "pypdfium2": "pypdfium2",
    "rawpy": "rawpy",
    "gradio": "gradio",
    "starlette": "gradio",
    "onnx": "onnx",
    "pypandoc": "pypandoc_binary",
    "typst": "typst",
    "onnxruntime": "onnxruntime",
}
BACKENDS = {"tensorflow", "jax", "torch", "tf_keras"}
# What Keras has no word for stands in one module; beside it the converter of
# TensorFlow Lite.
BY_BACKEND = {"utils.backends", "export.litert"}
LIBRARY = ROOT / "colorlib"
MODULES = {
    ".".join(path.relative_to(LIBRARY).with_suffix("").parts): path
    for path in sorted(LIBRARY.rglob("*.py"))
}


def imports(path):
    """Every imported module's full name, wherever in the file it stands."""
    found = []
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found += [name.name for name in node.names]
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path.name}: a relative import"
            if node.module.partition(".")[0] == "colorlib":  # perhaps a module's name
                found += [f"{node.module}.{name.name}" for name in node.names]
            else:
                found.append(node.module)
    return found


def outside(path):
    """The packages of others that a file imports."""
    tops = {name.split(".")[0] for name in imports(path)}
    return tops - set(sys.stdlib_module_names) - {"colorlib"}


def test_imports_go_down_the_layers():
    level = {room: i for i, rooms in enumerate(LAYERS) for room in rooms}
    for module, path in MODULES.items():
        room = module.split(".")[0]
        if room == "__init__":
            continue
        for name in imports(path):
            top, _, rest = name.partition(".")
            other = rest.split(".")[0]
            if top == "colorlib" and other != room:
                assert level[other] < level[room], f"{module} imports {name}"


def home_of(name):
    """The module of the package that an import needs: itself, or where a name is."""
    name = name.removeprefix("colorlib.")
    parent = name.rpartition(".")[0]
    homes = [m for m in (name, parent, f"{parent}.__init__") if m in MODULES]
    return homes[0] if homes else None


def test_there_is_no_circle():
    needs = {
        module: {home_of(n) for n in imports(path)} - {None, module}
        for module, path in MODULES.items()
    }
    done = set()
    while len(done) < len(needs):
        ready = {m for m, wanted in needs.items() if wanted <= done} - done
        assert ready, f"a circle among {sorted(set(needs) - done)}"
        done |= ready


def test_only_three_modules_draw():
    assert [m for m, path in MODULES.items() if "matplotlib" in outside(path)] == [
        *("drawing.canvas", "interactive", "plotting"),
    ]


def test_no_module_is_bound_to_a_backend():
    for module, path in MODULES.items():
        if module not in BY_BACKEND:
            assert not outside(path) & BACKENDS, module
    for module in BY_BACKEND:  # only where it runs, and where it is that backend's turn
        tree = ast.parse(MODULES[module].read_text(encoding="utf-8"))
        top = [n for n in tree.body if isinstance(n, (ast.Import, ast.ImportFrom))]
        assert not BACKENDS & set(re.findall(r"\w+", " ".join(map(ast.unparse, top))))
        assert "keras.backend.backend()" in MODULES[module].read_text()


def test_there_are_no_star_imports():
    for folder in ("colorlib", "tests"):
        for path in (ROOT / folder).rglob("*.py"):
            tree = ast.parse(path.read_text(encoding="utf-8"))
            for node in ast.walk(tree):
                if isinstance(node, ast.ImportFrom):
                    assert "*" not in [name.name for name in node.names], path.name


def test_every_imported_package_is_in_the_requirements():
    text = (ROOT / "requirements.txt").read_text()
    required = set(re.findall(r"(?m)^([\w-]+)", text))
    for module, path in MODULES.items():
        for package in outside(path) - BACKENDS - set(OPTIONAL):
            assert PACKAGES.get(package, package) in required, (module, package)
    extras = (ROOT / "pyproject.toml").read_text()
    assert all(f'"{name}>=' in extras for name in OPTIONAL.values())
    assert "==" not in text  # lower bounds: pins break overnight
    assert re.findall(r"(?m)^[\w-]+$", text) == []  # each has one


def test_modules_are_not_endless():
    lengths = {m: len(p.read_text().splitlines()) for m, p in MODULES.items()}
    assert {m: n for m, n in lengths.items() if n > 500} == {}


def test_init_is_a_docstring_only():
    tree = ast.parse(MODULES["__init__"].read_text())
    assert len(tree.body) == 1 and ast.get_docstring(tree)


def test_data_and_command_line_start_without_keras():
    quick = ["cli.parser", "checks", "data", "metrics", "images", "models"]
    quick += ["training.recipes", "training.settings", "colorize", "evaluation"]
    quick += ["colorize.files", "colorize.colorizer", "export.onnx_network"]
    quick += ["video", "app"]
    code = f"import sys\nfor name in {quick}: __import__('colorlib.' + name)\n"
    code += "print(sorted({'keras', 'tensorflow', 'matplotlib'} & set(sys.modules)))"
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == "[]"
