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
    from crfseg.evaluation.tuning import tune
    from crfseg.model.compression import compress
    from crfseg.model.segmentation_model import Model
    from crfseg.model.tagger_model import TaggerModel
    from crfseg.segmentation.segmenter import Segmenter
    from crfseg.tagging.pos_tagger import PosTagger
    from crfseg.tagging.tagger import Tagger
    from crfseg.training.pos import train_pos
    from crfseg.training.segmenter import train
    from crfseg.training.settings import TaggerSettings, TrainingSettings
    from crfseg.training.tagger import train_tagger
    from crfseg.training.teaching import teach

__all__ = [
    "CrfsegError",
    "LinearChain",
    "Model",
    "PosTagger",
    "Segmenter",
    "Tagger",
    "TaggerModel",
    "TaggerSettings",
    "TrainingSettings",
    "__version__",
    "compress",
    "crossval",
    "evaluate",
    "teach",
    "train",
    "train_pos",
    "train_tagger",
    "tune",
]

# In a checkout, the folders of crfseg.cli and crfseg.data stand beside crfseg/, not in it.
if not os.path.exists(os.path.join(__path__[0], "data")):
    __path__.append(os.path.dirname(__path__[0]))

# Imported on first use: importing numba takes a third of a second.
_HOMES = {
    "CrfsegError": "crfseg.common.errors",
    "LinearChain": "crfseg.crf.linear_chain",
    "Model": "crfseg.model.segmentation_model",
    "PosTagger": "crfseg.tagging.pos_tagger",
    "Segmenter": "crfseg.segmentation.segmenter",
    "Tagger": "crfseg.tagging.tagger",
    "TaggerModel": "crfseg.model.tagger_model",
    "TaggerSettings": "crfseg.training.settings",
    "TrainingSettings": "crfseg.training.settings",
    "compress": "crfseg.model.compression",
    "crossval": "crfseg.evaluation.cross_validation",
    "evaluate": "crfseg.evaluation.evaluate",
    "teach": "crfseg.training.teaching",
    "train": "crfseg.training.segmenter",
    "train_pos": "crfseg.training.pos",
    "train_tagger": "crfseg.training.tagger",
    "tune": "crfseg.evaluation.tuning",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'crfseg' has no attribute {name!r}")
    return getattr(import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    return sorted(__all__)
