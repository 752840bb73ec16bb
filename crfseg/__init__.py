"""Chinese word segmentation with linear-chain conditional random fields.

from crfseg import Segmenter
Segmenter().cut("为人民服务")        # ['为', '人民', '服务']
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from crfseg.compression import compress
    from crfseg.crossvalidation import crossval
    from crfseg.errors import CrfsegError
    from crfseg.evaluation import evaluate
    from crfseg.explanation import explain
    from crfseg.linear_chain import LinearChain
    from crfseg.model import Model
    from crfseg.model_from_text import load_dump
    from crfseg.model_text import dump
    from crfseg.segmenter import Segmenter
    from crfseg.tagger import Tagger
    from crfseg.tagger_training import train_tagger
    from crfseg.teaching import teach
    from crfseg.trainer import train
    from crfseg.tuning import tune

__version__ = "0.1.0"
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

# Loaded when first asked for: numba takes a third of a second to import.
_HOMES = {
    "CrfsegError": "crfseg.errors",
    "LinearChain": "crfseg.linear_chain",
    "Model": "crfseg.model",
    "Segmenter": "crfseg.segmenter",
    "compress": "crfseg.compression",
    "crossval": "crfseg.crossvalidation",
    "dump": "crfseg.model_text",
    "evaluate": "crfseg.evaluation",
    "explain": "crfseg.explanation",
    "load_dump": "crfseg.model_from_text",
    "Tagger": "crfseg.tagger",
    "teach": "crfseg.teaching",
    "train": "crfseg.trainer",
    "train_tagger": "crfseg.tagger_training",
    "tune": "crfseg.tuning",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'crfseg' has no attribute {name!r}")
    return getattr(import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    return sorted(__all__)
