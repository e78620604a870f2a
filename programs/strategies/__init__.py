"""The strategies of the ladder, each a declarative DSPy module over one signature."""

from programs.strategies.cot import CoT
from programs.strategies.demo import demo_of, demos_of, exemplar_of
from programs.strategies.ensemble import Ensemble
from programs.strategies.few_shot import FewShot
from programs.strategies.few_shot_cot import FewShotCoT
from programs.strategies.knn_cot import KNNCoT
from programs.strategies.knn_few_shot import KNNFewShot
from programs.strategies.module_of import SINGLE, module_of, stock_module_of
from programs.strategies.nearest import NearestStrategy
from programs.strategies.signature import AnswerQuestion
from programs.strategies.strategy import Strategy, default_decode
from programs.strategies.zero_shot import ZeroShot

__all__ = [
    "SINGLE",
    "AnswerQuestion",
    "CoT",
    "Ensemble",
    "FewShot",
    "FewShotCoT",
    "KNNCoT",
    "KNNFewShot",
    "NearestStrategy",
    "Strategy",
    "ZeroShot",
    "default_decode",
    "demo_of",
    "demos_of",
    "exemplar_of",
    "module_of",
    "stock_module_of",
]
