"""The language: symbols with ranges, heads, model records, the objective, and the stored form."""

import entropysym.ground_types
from entropysym.language.concrete import instantiate
from entropysym.language.functions import Sigmoid, Softplus
from entropysym.language.heads import (
    DataMean,
    Directional,
    Elbo,
    EncoderExpectation,
    Entropy,
    LogDensity,
    NetworkValue,
    NoiseExpectation,
    Vector,
)
from entropysym.language.identity import Identity
from entropysym.language.portable import dump, load
from entropysym.language.records import (
    Constraint,
    Factor,
    Family,
    Model,
    Network,
    Objective,
    Parameter,
    Plate,
)
from entropysym.language.symbols import argument
from entropysym.language.writing import ModelWriter

__all__ = [
    "Constraint",
    "DataMean",
    "Directional",
    "Elbo",
    "EncoderExpectation",
    "Entropy",
    "Factor",
    "Family",
    "Identity",
    "LogDensity",
    "Model",
    "ModelWriter",
    "Network",
    "NetworkValue",
    "NoiseExpectation",
    "Objective",
    "Parameter",
    "Plate",
    "Sigmoid",
    "Softplus",
    "Vector",
    "argument",
    "dump",
    "instantiate",
    "load",
]
