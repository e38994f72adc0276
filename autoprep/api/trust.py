"""The verbs about who vouches for a model folder: sign, verify."""

from __future__ import annotations

from typing import TYPE_CHECKING

from autoprep.api.data import PathLike

if TYPE_CHECKING:
    from autoprep.serving.signature import Signed


def sign(model: PathLike, key: PathLike) -> Signed:
    """Sign a model folder with an Ed25519 private key (PEM); papers written later take the signature away.

    Raises:
        ArtifactError: the folder is damaged or altered. InputError: no such key, or no package that signs.
    """
    from autoprep.serving import signature

    return signature.sign(model, key)


def verify(model: PathLike, key: PathLike | None = None) -> Signed | None:
    """Check every file of a model folder against its manifest, and with a public key (PEM) who signed it.

    Returns:
        What the signature says; None without a key.

    Raises:
        ArtifactError: a file was altered, or the signature is missing or another's. InputError: no such key.
    """
    from autoprep.serving import manifest as manifests
    from autoprep.serving import signature

    if key is not None:
        return signature.check(model, key)
    from pathlib import Path

    manifests.verify(Path(model), manifests.read_manifest(Path(model)))
    return None
