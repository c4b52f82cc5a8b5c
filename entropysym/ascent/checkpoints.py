"""Checkpoints: the state of a training in one file, replaced whole, so that a killed run goes on from the last one.

The file is a NumPy archive without pickled objects. It carries a digest of all that the training depends on; a checkpoint of another training is refused.
"""

from __future__ import annotations

import hashlib
import io
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from entropysym.errors import InputError
from entropysym.files import write_whole

_FORMAT = 1


@dataclass(frozen=True)
class Checkpoint:
    """A file and the digest of the training it belongs to; see `digest_of`."""

    path: Path
    digest: str

    def save(self, **arrays: Any) -> None:
        """Replace the file by these arrays and texts. Raises `InputError` if it cannot be written."""
        stream = io.BytesIO()
        kept: dict[str, Any] = {"format": np.array(_FORMAT), "digest": np.array(self.digest)}
        kept |= {name: np.asarray(value) for name, value in arrays.items()}
        np.savez(stream, **kept)
        write_whole(self.path, stream.getvalue())

    def load(self) -> dict[str, np.ndarray] | None:
        """What was saved, or None if there is no file. Raises `InputError` for a damaged file and for another training's."""
        try:
            # From memory: on a damaged file np.load leaves the file open.
            stream = io.BytesIO(self.path.read_bytes())
            with np.load(stream, allow_pickle=False) as archive:
                found = {name: archive[name] for name in archive.files}
        except FileNotFoundError:
            return None
        except Exception as error:  # a damaged archive fails in a dozen ways
            reason = (str(error).splitlines() or [type(error).__name__])[0]
            raise InputError(
                f"cannot read the checkpoint {str(self.path)!r}: {reason}; remove it to start anew"
            ) from error
        if (
            int(found.pop("format", np.array(0))) != _FORMAT
            or str(found.pop("digest", "")) != self.digest
        ):
            raise InputError(
                f"the checkpoint {str(self.path)!r} belongs to another training (other options, data or version); "
                "remove it, or choose another folder"
            )
        return found


def digest_of(settings: Mapping[str, Any], *arrays: np.ndarray) -> str:
    """A digest of settings (JSON) and arrays, by which a checkpoint knows its training."""
    found = hashlib.sha256(json.dumps(settings, sort_keys=True, default=str).encode())
    for array in arrays:
        array = np.ascontiguousarray(array)
        found.update(f"{array.dtype}{array.shape}".encode())
        found.update(array.tobytes())
    return found.hexdigest()
