"""Who vouches for a model folder: an Ed25519 signature (RFC 8032) over its manifest, which hashes every file."""

from __future__ import annotations

import base64
import os
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

from autoprep import lineage
from autoprep.errors import ArtifactError, InputError
from autoprep.serving import manifest as manifests
from autoprep.serving.state import read_json

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

FORMAT = 1
#: Said before the manifest's bytes, so that a signature over something else never counts for a model.
_CONTEXT = b"autoprep model signature 1\n"
MAX_BYTES = 1 << 16
#: Environment variable with the password of an encrypted key.
PASSWORD = "AUTOPREP_KEY_PASSWORD"


@dataclass(frozen=True)
class Signed:
    """What a signature says: the model's seal, and the SHA-256 of the public key that made it."""

    seal: str
    key: str


def sign(folder: str | Path, key: str | Path) -> Signed:
    """Sign a model folder as it stands; what changes it afterwards, new papers included, takes the signature away.

    Args:
        folder: checked first, every file.
        key: PEM file of an Ed25519 private key; its password stands in AUTOPREP_KEY_PASSWORD.

    Raises:
        ArtifactError: the folder is damaged or altered.
        InputError: no such key, another kind of key, or the package that signs is not there.
    """
    home = Path(folder)
    manifest = manifests.read_manifest(home)
    manifests.verify(home, manifest)
    private = _private(Path(key))
    public = private.public_key()
    said = {
        "format": FORMAT,
        "algorithm": "ed25519",
        "seal": manifest["seal"],
        "key": _fingerprint(public),
        "signature": base64.b64encode(private.sign(_message(home))).decode("ascii"),
    }
    with lineage.whole_file(home / manifests.SIGNATURE) as beside:
        beside.write_text(manifests.pretty(said), encoding="utf-8", newline="\n")
    return Signed(str(said["seal"]), str(said["key"]))


def check(folder: str | Path, key: str | Path) -> Signed:
    """Check every file of a model folder against its manifest, and the manifest against the signature.

    The key is the reader's own: nothing that the folder says of its signer is believed.

    Args:
        folder: the model folder. key: PEM file of the Ed25519 public key of whoever is trusted.

    Raises:
        ArtifactError: the folder was altered, is not signed, or was signed with another key.
        InputError: no such key, or the package that checks is not there.
    """
    home = Path(folder)
    manifest = manifests.read_manifest(home)
    manifests.verify(home, manifest)
    public = _public(Path(key))
    file = home / manifests.SIGNATURE
    if not file.is_file():
        raise ArtifactError("is not signed", where=str(home), hint="autoprep sign MODEL --key key.pem")
    said = read_json(file, MAX_BYTES)
    try:
        signature = base64.b64decode(str(said["signature"]), validate=True)
        known = said["format"] == FORMAT and said["algorithm"] == "ed25519"
    except (KeyError, TypeError, ValueError):
        raise ArtifactError("is no signature", where=str(file), hint="sign the model again") from None
    if not known:
        raise ArtifactError("is a signature of a kind that is not known here", where=str(file), hint="upgrade autoprep")
    from cryptography.exceptions import InvalidSignature

    try:
        public.verify(signature, _message(home))
    except InvalidSignature:
        other = said.get("key") != _fingerprint(public)
        what = "was signed with another key" if other else "does not match its signature"
        raise ArtifactError(what, where=str(home), hint="ask whoever made the model for it again") from None
    return Signed(str(manifest["seal"]), _fingerprint(public))


def _message(home: Path) -> bytes:
    return _CONTEXT + (home / manifests.MANIFEST).read_bytes()


def _fingerprint(public: Ed25519PublicKey) -> str:
    return lineage.hash_bytes(public.public_bytes_raw())


def _pem(path: Path, what: str) -> bytes:
    if find_spec("cryptography") is None:
        raise InputError(
            "signing needs the package cryptography, which is not installed", hint="pip install 'autoprep[sign]'"
        )
    hint = "openssl genpkey -algorithm ed25519 -out key.pem; openssl pkey -in key.pem -pubout -out pub.pem"
    if not path.is_file():
        raise InputError(f"no such {what} key", where=str(path), hint=hint)
    return path.read_bytes()[:MAX_BYTES]


def _load(path: Path, what: str) -> Any:
    pem = _pem(path, what)
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives import serialization

    password = os.environ.get(PASSWORD)
    try:
        if what == "private":
            return serialization.load_pem_private_key(pem, password.encode() if password else None)
        return serialization.load_pem_public_key(pem)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        hint = f"give an Ed25519 {what} key as PEM" + (f"; its password in {PASSWORD}" if what == "private" else "")
        raise InputError(f"is no {what} key that can be read", where=str(path), hint=hint) from None


def _private(path: Path) -> Ed25519PrivateKey:
    key = _load(path, "private")
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    if not isinstance(key, Ed25519PrivateKey):
        raise InputError("is no Ed25519 key", where=str(path), hint="openssl genpkey -algorithm ed25519 -out key.pem")
    return key


def _public(path: Path) -> Ed25519PublicKey:
    key = _load(path, "public")
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

    if not isinstance(key, Ed25519PublicKey):
        raise InputError("is no Ed25519 key", where=str(path), hint="openssl pkey -in key.pem -pubout -out pub.pem")
    return key
