import ast
import re
import subprocess
import sys

import pytest
from small import ROOT

# Which module may import which: the whole table. Any other arrow is an error here,
# and so is one that is no longer there.
ARROWS = {
    "lab": [],
    "archives": [],
    "catalogue": [],
    "checks": [],
    "files": [],
    "models": ["pix2pix_networks"],
    "near_duplicates": [],
    "optimizers": [],
    "decode": [],
    "pictures": ["decode", "files"],
    "restore": ["lab", "pictures"],
    "film_read": ["pictures"],
    "film_write": ["film_read"],
    "film": ["files", "film_read", "film_write", "pictures"],
    "flicker": ["pictures"],
    "jobs": ["pictures"],
    "folders": ["files", "film", "jobs", "pictures"],
    "pix2pix_networks": [],
    "plotting": [],
    "recipes": [],
    "report": ["files"],
    "splits": [],
    "steps": [],
    "training": ["files"],
    "ab_bins": ["lab"],
    "batches": ["lab", "pictures"],
    "gan": ["optimizers", "steps"],
    "metrics": ["lab"],
    "cards": ["files", "training"],
    "download": ["archives", "files"],
    "kaggle_sets": ["archives", "download"],
    "fetch": ["archives", "catalogue", "download", "files", "kaggle_sets"],
    "data": ["archives", "catalogue", "fetch", "lab", "pictures", "splits"],
    "evaluate": ["lab", "metrics"],
    "perceptual": ["lab"],
    "pretrained": ["download"],
    "lpips": ["pretrained"],
    "classifier": ["download", "files", "pretrained"],
    "benchmark": [
        "cards",
        "classifier",
        "colorize",
        "data",
        "files",
        "lab",
        "lpips",
        "metrics",
        "pictures",
    ],
    "progress": ["evaluate", "files"],
    "resume": ["files", "training"],
    "onnx_graph": ["ab_bins"],
    "export": ["cards", "colorize", "files", "onnx_graph"],
    "web": ["export", "files", "pretrained"],
    "colorize": ["ab_bins", "cards", "lab", "models", "pictures", "training"],
    "train": [
        "ab_bins",
        "batches",
        "cards",
        "data",
        "evaluate",
        "files",
        "gan",
        "lpips",
        "metrics",
        "models",
        "optimizers",
        "perceptual",
        "plotting",
        "progress",
        "recipes",
        "resume",
        "training",
    ],
    "pairs": ["archives", "data", "fetch", "pictures", "splits"],
    "pair_scores": ["metrics", "pairs"],
    "translations": ["recipes"],
    "translate": [
        "cards",
        "data",
        "download",
        "files",
        "gan",
        "lpips",
        "models",
        "optimizers",
        "pair_scores",
        "pairs",
        "plotting",
        "progress",
        "recipes",
        "resume",
        "training",
        "translations",
    ],
    "blind_widget": [],
    "blind_test": ["blind_widget", "files", "metrics"],
    "door": [],
    "studio": ["cards", "colorize", "files", "folders", "pictures", "restore"],
    "app": ["door", "pictures", "studio"],
    "commands": [
        "app",
        "benchmark",
        "cards",
        "colorize",
        "data",
        "evaluate",
        "export",
        "files",
        "film",
        "flicker",
        "folders",
        "recipes",
        "restore",
        "train",
        "translate",
        "translations",
        "web",
    ],
    "__main__": ["commands", "pictures"],
    "__init__": [],
}
# How a package is called in requirements.txt, where it differs from its import, or
# which one brings it.
PACKAGES = {
    "IPython": "jupyter",
    "PIL": "pillow",
    "ipywidgets": "jupyter",
    "scipy": "scikit-image",
    "skimage": "scikit-image",
    "urllib3": "requests",
}
# The extras of pyproject.toml.
OPTIONAL = {
    "pillow_heif": "pillow-heif",
    "gradio": "gradio",
    "starlette": "gradio",
    "onnx": "onnx",
}
BACKENDS = {"tensorflow", "jax", "torch", "tf_keras"}
# What Keras has no word for: each has a branch for the other backends beside it.
BY_BACKEND = {"export", "optimizers", "steps", "training"}
MODULES = {path.stem: path for path in sorted((ROOT / "colorlib").glob("*.py"))}


def imports(path):
    """Every imported module's full name, wherever in the file it stands."""
    found = []
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found += [name.name for name in node.names]
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path.name}: a relative import"
            if node.module == "colorlib":
                found += [f"colorlib.{name.name}" for name in node.names]
            else:
                found.append(node.module)
    return found


def outside(path):
    """The packages of others that a file imports."""
    tops = {name.split(".")[0] for name in imports(path)}
    return tops - set(sys.stdlib_module_names) - {"colorlib"}


def test_the_table_names_every_module():
    assert set(ARROWS) == set(MODULES)


@pytest.mark.parametrize("module", MODULES)
def test_only_the_arrows_of_the_table(module):
    names = [name.split(".") for name in imports(MODULES[module])]
    found = {parts[1] for parts in names if parts[0] == "colorlib"}
    assert found == set(ARROWS[module])


def test_there_is_no_circle():
    done = set()
    while len(done) < len(ARROWS):
        ready = {m for m, needs in ARROWS.items() if set(needs) <= done} - done
        assert ready, f"a circle among {sorted(set(ARROWS) - done)}"
        done |= ready


def test_only_plotting_draws():
    assert [m for m, path in MODULES.items() if "matplotlib" in outside(path)] == [
        "plotting"
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


def test_modules_are_small():
    lengths = {m: len(p.read_text().splitlines()) for m, p in MODULES.items()}
    assert {m: n for m, n in lengths.items() if n > 340} == {}


def test_init_is_a_docstring_only():
    tree = ast.parse(MODULES["__init__"].read_text())
    assert len(tree.body) == 1 and ast.get_docstring(tree)


def test_data_and_command_line_start_without_keras():
    quick = ["__main__", "checks", "data", "fetch", "folders", "metrics", "recipes"]
    code = f"import sys\nfor name in {quick}: __import__('colorlib.' + name)\n"
    code += "print(sorted({'keras', 'tensorflow', 'matplotlib'} & set(sys.modules)))"
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == "[]"
