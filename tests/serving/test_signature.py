"""A model folder says who made it, stays readable in newer versions, and is read on machines that only predict."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import autoprep as ap
from autoprep import api
from autoprep.errors import ArtifactError, InputError
from autoprep.serving import artifact
from autoprep.serving import manifest as manifests

from .shop import orders


def _keys(folder: Path, name: str = "key") -> tuple[Path, Path]:
    serialization = pytest.importorskip("cryptography.hazmat.primitives.serialization")
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    key = Ed25519PrivateKey.generate()
    private, public = folder / f"{name}.pem", folder / f"{name}.pub.pem"
    plain = serialization.NoEncryption()
    pem = serialization.Encoding.PEM
    private.write_bytes(key.private_bytes(pem, serialization.PrivateFormat.PKCS8, plain))
    public.write_bytes(key.public_key().public_bytes(pem, serialization.PublicFormat.SubjectPublicKeyInfo))
    return private, public


@pytest.fixture
def model(tmp_path: Path, shop_model: Path) -> Path:
    return Path(shutil.copytree(shop_model, tmp_path / "model"))


def test_signed_checked_and_refused(tmp_path: Path, model: Path) -> None:
    private, public = _keys(tmp_path)
    with pytest.raises(ArtifactError, match="is not signed"):
        api.verify(model, public)
    made = api.sign(model, private)
    before = (model / "signature.json").read_bytes()
    assert api.verify(model, public) == made and api.verify(model) is None
    assert api.sign(model, private) == made and (model / "signature.json").read_bytes() == before
    assert ap.load(model).predict(orders(3).drop("bought")).len() == 3
    stranger = _keys(tmp_path, "stranger")
    with pytest.raises(ArtifactError, match="signed with another key"):
        api.verify(model, stranger[1])
    plan = model / "plan.yaml"
    plan.write_bytes(plan.read_bytes().replace(b"a", b"b", 1))
    with pytest.raises(ArtifactError, match="altered or damaged"):
        api.verify(model, public)


def test_whoever_seals_the_folder_again_cannot_keep_the_signature(tmp_path: Path, model: Path) -> None:
    private, public = _keys(tmp_path)
    api.sign(model, private)
    (model / "report.html").write_text("<p>nothing to see</p>")
    manifest = json.loads((model / "manifest.json").read_text())
    head = {key: manifest[key] for key in ("format", "kind", "facts", "dialect")}
    manifests.seal(model, head, manifest["versions"])
    artifact.load(model)
    with pytest.raises(ArtifactError, match="does not match its signature"):
        api.verify(model, public)
    said = json.loads((model / "signature.json").read_text())
    for spoilt in ({**said, "signature": "!"}, {**said, "algorithm": "none"}, {"format": 1}, []):
        (model / "signature.json").write_text(json.dumps(spoilt))
        with pytest.raises(ArtifactError):
            api.verify(model, public)


def test_new_papers_take_the_signature_away(tmp_path: Path, model: Path) -> None:
    private, public = _keys(tmp_path)
    api.sign(model, private)
    api.write_card(model)
    with pytest.raises(ArtifactError, match="is not signed"):
        api.verify(model, public)


def test_a_wrong_key_is_named(tmp_path: Path, model: Path) -> None:
    private, public = _keys(tmp_path)
    with pytest.raises(InputError, match="no such private key"):
        api.sign(model, tmp_path / "none.pem")
    with pytest.raises(InputError, match="is no private key that can be read"):
        api.sign(model, public)
    api.sign(model, private)
    with pytest.raises(InputError, match="is no public key that can be read"):
        api.verify(model, private)


def test_an_older_format_is_read_and_kept(tmp_path: Path, model: Path) -> None:
    """Format 1 had the source's whole address and no size; the folder is read as it lies, not written over."""
    file = model / "manifest.json"
    now = json.loads(file.read_text())
    old = {key: value for key, value in now.items() if key != "size_bytes"}
    old |= {"format": 1, "facts": {**now["facts"], "source": {"uri": "/home/ada/orders.csv", "sha256": "0"}}}
    file.write_text(manifests._render_manifest(old), encoding="utf-8", newline="\n")
    written = file.read_bytes()
    held = artifact.load(model)
    assert held.manifest["format"] == manifests.FORMAT and held.facts["source"]["uri"] == "orders.csv"
    assert held.size_bytes == now["size_bytes"] == sum(said["bytes"] for said in now["files"].values())
    assert artifact.replay(model).identical and file.read_bytes() == written
    api.write_card(model)
    assert json.loads(file.read_text())["format"] == manifests.FORMAT
    assert artifact.replay(model).identical


def test_nothing_in_the_folder_knows_the_machine(shop_model: Path) -> None:
    place = str(shop_model.parent).encode()
    for file in (p for p in shop_model.rglob("*") if p.is_file()):
        held = file.read_bytes()
        assert place not in held and str(Path.home()).encode() + b"/" not in held, file.name
        if file.suffix in (".json", ".yaml", ".txt", ".md", ".html"):
            assert b"\r" not in held, file.name
            held.decode("utf-8")


_TRAINING = (
    "great_expectations featuretools woodwork optuna mlflow dvc fastapi uvicorn duckdb sqlglot sqlalchemy pandera "
    "frictionless fairlearn typer rich jinja2 numba.cuda cryptography opentelemetry"
)
_ALONE = """
import importlib.abc, sys
blocked = set({blocked!r}.split())
class Wall(importlib.abc.MetaPathFinder):
    def find_spec(self, name, path=None, target=None):
        if name in blocked or name.split(".")[0] in blocked:
            raise ModuleNotFoundError(f"{{name}} is not on a machine that only predicts", name=name)
sys.meta_path.insert(0, Wall())
import autoprep as ap
predicted = ap.load({model!r}).predict_frame({rows!r})
predicted.write_ipc({out!r})
assert not blocked & {{name.split(".")[0] for name in sys.modules}}
"""


def test_predicts_without_what_only_training_needs(tmp_path: Path, shop_model: Path) -> None:
    import polars as pl

    orders(20, seed=4).drop("bought").write_csv(tmp_path / "new.csv")
    out = tmp_path / "out.arrow"
    rows = str(tmp_path / "new.csv")
    script = _ALONE.format(blocked=_TRAINING, model=str(shop_model), rows=rows, out=str(out))
    env = {**os.environ, "PYTHONPATH": str(Path(ap.__file__).parents[1]), "LC_ALL": "C", "PYTHONUTF8": "0"}
    done = subprocess.run([sys.executable, "-c", script], env=env, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    assert pl.read_ipc(out.read_bytes()).equals(ap.load(shop_model).predict_frame(tmp_path / "new.csv"))
