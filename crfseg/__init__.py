"""Chinese word segmentation with linear-chain conditional random fields.

from crfseg import Segmenter
Segmenter().cut("为人民服务")        # ['为', '人民', '服务']
"""

from __future__ import annotations

import os
from importlib import import_module
from typing import TYPE_CHECKING, Any

from crfseg.common.version import __version__

if TYPE_CHECKING:
    from crfseg.common.errors import CrfsegError
    from crfseg.crf.linear_chain import LinearChain
    from crfseg.evaluation.cross_validation import crossval
    from crfseg.evaluation.evaluate import evaluate
    from crfseg.evaluation.explanation import explain
    from crfseg.evaluation.tuning import tune
    from crfseg.model.compression import compress
    from crfseg.model.dump.segmentation import dump, load_dump
    from crfseg.model.segmentation_model import Model
    from crfseg.segmentation.segmenter import Segmenter
    from crfseg.tagging.tagger import Tagger
    from crfseg.training.segmenter import train
    from crfseg.training.tagger import train_tagger
    from crfseg.training.teaching import teach

__all__ = [
    "CrfsegError",
    "LinearChain",
    "Model",
    "Segmenter",
    "Tagger",
    "__version__",
    "compress",
    "crossval",
    "dump",
    "evaluate",
    "explain",
    "load_dump",
    "teach",
    "train",
    "train_tagger",
    "tune",
]

# In a checkout the folders of crfseg.cli and crfseg.data stand beside crfseg/, not in it.
if not os.path.exists(os.path.join(__path__[0], "data")):
    __path__.append(os.path.dirname(__path__[0]))

# Loaded when first asked for: numba takes a third of a second to import.
_HOMES = {
    "CrfsegError": "crfseg.common.errors",
    "LinearChain": "crfseg.crf.linear_chain",
    "Model": "crfseg.model.segmentation_model",
    "Segmenter": "crfseg.segmentation.segmenter",
    "compress": "crfseg.model.compression",
    "crossval": "crfseg.evaluation.cross_validation",
    "dump": "crfseg.model.dump.segmentation",
    "evaluate": "crfseg.evaluation.evaluate",
    "explain": "crfseg.evaluation.explanation",
    "load_dump": "crfseg.model.dump.segmentation",
    "Tagger": "crfseg.tagging.tagger",
    "teach": "crfseg.training.teaching",
    "train": "crfseg.training.segmenter",
    "train_tagger": "crfseg.training.tagger",
    "tune": "crfseg.evaluation.tuning",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'crfseg' has no attribute {name!r}")
    return getattr(import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    return sorted(__all__)
