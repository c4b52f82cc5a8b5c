r"""Time: linear-Gaussian state space, deep Markov model, hidden Markov model. T steps, a start, and any q over whole trajectories.

Sources: Shumway, Stoffer, "An approach to time series smoothing and forecasting using the EM algorithm", 1982; Krishnan et al., "Structured inference networks for nonlinear state space
models", AAAI 2017; Baum et al., 1970. That their ELBO becomes an entropy sum: own derivation.
"""

from __future__ import annotations

from entropysym.families import ANY, CATEGORICAL, NORMAL
from entropysym.language.records import Model
from entropysym.language.writing import ModelWriter


def linear_state_space() -> Model:
    r"""$z_0\sim N(0,P_0)$, $z_t\sim N(Az_{t-1},Q)$, $y_t\sim N(Cz_t,R)$ with diagonal $P_0,Q,R$: Kalman filter and smoother, EM."""
    w = ModelWriter()
    w.plate("t T")
    w.plate("g H")
    z0, z = w.latent_variable("z0", "h"), w.latent_variable("z", "t h")
    y, earlier = w.observed_variable("y", "t d"), w.lag(z, "t", start=z0)
    A, C = w.learned("A", "h g"), w.learned("C", "d h")
    P0, Q = w.learned("P0", "h", range="positive"), w.learned("Q", "h", range="positive")
    w.p(z0, NORMAL(0, P0))
    w.p(z, NORMAL(w.sum("g", A * earlier.at("g")), Q))
    w.p(y, NORMAL(w.sum("h", C * z.entry), w.learned("R", "d", range="positive")))
    w.q(z0, z, ANY)
    title = "Linear-Gaussian state space model"
    return w.model(
        "linear_state_space", title=title, source="Shumway, Stoffer, 1982; own derivation"
    )


def deep_markov_model() -> Model:
    r"""$z_t\sim N(f(z_{t-1}),Q)$, $y_t\sim N(g(z_t),R)$ with abstract f and g."""
    w = ModelWriter()
    w.plate("t T")
    z0, z = w.latent_variable("z0", "h"), w.latent_variable("z", "t h")
    y, earlier = w.observed_variable("y", "t d"), w.lag(z, "t", start=z0)
    P0, Q = w.learned("P0", "h", range="positive"), w.learned("Q", "h", range="positive")
    w.p(z0, NORMAL(0, P0))
    w.p(z, NORMAL(w.network("f", "h", reads=earlier), Q))
    w.p(y, NORMAL(w.network("g", "d", reads=z), w.learned("R", "d", range="positive")))
    w.q(z0, z, ANY)
    return w.model(
        "deep_markov_model",
        title="Deep Markov model",
        source="Krishnan et al., AAAI 2017; own derivation",
    )


def hidden_markov_model() -> Model:
    r"""$c_0\sim\pi$, $c_t\sim A_{c_{t-1}}$, $y_t\sim N(m_{c_t},\mathrm{diag}\,s_{c_t})$: Baum–Welch."""
    w = ModelWriter()
    for plate in ("t T", "k K", "l K"):
        w.plate(plate)
    c0 = w.latent_variable("c0", "k", support="onehot")
    c = w.latent_variable("c", "t k", support="onehot")
    y, earlier = w.observed_variable("y", "t d"), w.lag(c, "t", start=c0)
    pi0, A = w.learned("pi0", "k", range="simplex"), w.learned("A", "l k", range="simplex")
    w.p(c0, CATEGORICAL(pi0))
    w.p(c, CATEGORICAL(A), select=earlier, classes="l")
    w.p(y, NORMAL(w.learned("m", "d k"), w.learned("s", "d k", range="positive")), select=c)
    w.q(c0, c, ANY)
    return w.model(
        "hidden_markov_model",
        title="Hidden Markov model",
        source="Baum et al., 1970; own derivation",
    )
