"""The language: symbols with ranges, heads, model records, the objective, and the stored form."""

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
from entropysym.language.records import (
    Constraint,
    Factor,
    Family,
    Model,
    Network,
    Parameter,
    Plate,
)

__all__ = [
    "Constraint",
    "DataMean",
    "Directional",
    "Elbo",
    "EncoderExpectation",
    "Entropy",
    "Factor",
    "Family",
    "LogDensity",
    "Model",
    "Network",
    "NetworkValue",
    "NoiseExpectation",
    "Parameter",
    "Plate",
    "Vector",
]
