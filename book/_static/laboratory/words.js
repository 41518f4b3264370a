/* What the laboratory says and offers: costs, estimators, presets. Words and ranges only, no arithmetic. */
(function (lab) {
  "use strict";

  /** For each cost its name, its formula, what k does, and the heights that a picture without a constant shows. */
  const COSTS = {
    parabola: { name: "parabola (z − k)²", formula: "(z − k)²", k: { what: "centre", min: -2, max: 2 }, place: 0,
      low: 0, high: 11 },
    wave: { name: "wave cos kz", formula: "cos kz", k: { what: "frequency", min: 0.5, max: 8 }, low: -1, high: 1 },
    bump: { name: "bump exp(−kz²)", formula: "exp(−kz²)", k: { what: "sharpness", min: 0.1, max: 40 }, low: 0, high: 1 },
    kink: { name: "kink |z − k|", formula: "|z − k|", k: { what: "place of the kink", min: -2, max: 2 }, place: 0,
      low: 0, high: 4 },
    step: { name: "step 1 if z > k", formula: "1 if z > k, else 0", k: { what: "place of the step", min: -2, max: 2 },
      place: 0.5, low: 0, high: 1 },
    soft: { name: "soft step Φ(z/k)", formula: "Φ(z/k)", k: { what: "width", min: 0.05, max: 2 }, low: 0, high: 1 },
    bound: { name: "bound log p − log q", formula: "log p(x,z) − log q(z)", low: -7, high: 0.5 },
  };

  const KNOBS = {
    mu: { name: "μ", what: "mean of q", min: -2.5, max: 2.5, step: 0.05 },
    sigma: { name: "σ", what: "deviation of q", min: 0.2, max: 2, step: 0.02 },
    k: { name: "k", step: 0.05 },
    c: { name: "c", what: "constant added to f", min: -8, max: 8, step: 0.1 },
  };

  const WHICH = { mu: "μ", log_sigma: "log σ" };

  /** `from` says in three words what the estimator looks at; `long` stands in sentences. */
  const ESTIMATORS = {
    path: { name: "path", long: "path", from: "slopes" },
    score: { name: "score function", long: "score function", from: "heights × scores" },
    baseline: { name: "score function − b*", long: "score function less its best constant" },
    total: { name: "total derivative", long: "total derivative", from: "slopes of log p" },
  };
  const OF_THE_BOUND = { path: { name: "path derivative", long: "path derivative", from: "slopes of log p − log q" } };
  const estimator = (name, p) => (p.cost === "bound" && OF_THE_BOUND[name]) || ESTIMATORS[name];

  const MODEL_ONE = { m: 1.2 / 1.64, v: 0.8 / Math.sqrt(1.64), // of chapter 2: prior N(0, 1), one look 1.2 with noise 0.8
    evidence: -Math.log(2 * Math.PI * 1.64) / 2 - 1.44 / 3.28 };

  const start = (changes) => ({ mu: -0.5, sigma: 1, k: 1, c: 0, which: "mu", ...MODEL_ONE, ...changes });
  const BOTH = ["path", "score"];

  /** The moves that teach. `knobs` are the ones that the small laboratory offers, `spot` is the draw in the spotlight. */
  const PRESETS = {
    trick: {
      title: "The trick",
      line: "The noise at the bottom never changes. Drag μ or σ: each sample follows on its string, and the slope of the " +
        "cost under it (blue) says which way the average moves.",
      p: start({ cost: "parabola", mu: 1.5, k: 0 }), shown: BOTH, knobs: ["mu", "sigma"], spot: 2,
    },
    constant: {
      title: "A constant",
      line: "A constant changes no slope, but every height. Drag c up: the orange gradients scatter, the blue ones stay, " +
        "and the truth with them.",
      p: start({ cost: "parabola", mu: 1.5, k: 0, c: 4 }), shown: BOTH, knobs: ["mu", "c"], spot: 2,
    },
    wiggle: {
      title: "A wiggle",
      line: "The slopes of cos kz grow with k, its heights stay between −1 and 1. Drag k: for a slow wave the path " +
        "needs fewer draws, for a fast one the score function.",
      p: start({ cost: "wave", mu: 0.4, sigma: 0.5, k: 4 }), shown: BOTH, knobs: ["k", "sigma"],
    },
    step: {
      title: "A step",
      line: "Every slope of a step is 0. The path has no noise at all, and is wrong: its mean is 0 and not the truth. The " +
        "score function asks for values only, and is right.",
      p: start({ cost: "step", mu: 0, k: 0.5 }), shown: BOTH, knobs: ["mu", "k"], spot: 1,
    },
    posterior: {
      title: "The optimum",
      line: "q is the posterior, so log p − log q is flat: the path derivative has no noise left. The total derivative " +
        "follows log p alone, which never is. Drag μ or σ away and back.",
      p: start({ cost: "bound", mu: MODEL_ONE.m, sigma: MODEL_ONE.v }), shown: ["path", "total"], knobs: ["mu", "sigma"],
    },
    heights: {
      title: "Values times scores",
      line: "No slopes here. Each sample votes with its height times its score (z − μ)/σ²: the box reaches from μ to the " +
        "sample, and from 0 to the cost. Its area, with its sign, is σ² times one draw of the gradient.",
      p: start({ cost: "wave", mu: 0.6, sigma: 0.8, k: 1.5 }), shown: ["score"], knobs: ["mu", "sigma", "k"],
    },
    lift: {
      title: "A constant, and its cure",
      line: "Drag c: the truth stays, and the plain estimator's variance changes. Less the best constant b* it is the " +
        "same for every c.",
      p: start({ cost: "wave", mu: 0.6, sigma: 0.8, k: 1.5, c: 2 }), shown: ["score", "baseline"], knobs: ["c", "mu"],
    },
    bound: {
      title: "The bound",
      line: "The same estimator on the integrand of the bound, log p(x,z) − log q(z), of chapter 2's first model. Drag μ " +
        "and σ to the posterior (red): the integrand turns flat, and its height is log p(x).",
      p: start({ cost: "bound", mu: -0.3, sigma: 0.9 }), shown: ["score", "baseline"], knobs: ["mu", "sigma"],
    },
    kink: {
      title: "A kink does no harm",
      line: "|z − k| has no slope at its kink, but a draw meets that point with probability 0, and nothing jumps there. " +
        "Both estimators agree with the truth.",
      p: start({ cost: "kink", mu: 0.3, k: 0 }), shown: BOTH, knobs: ["mu", "k"],
    },
    soft: {
      title: "A softened step",
      line: "Φ(z/k) has slopes, and the path is right again. Drag k towards 0: ever fewer draws carry the mean, and the " +
        "path's variance grows like 1/k. The score function hardly notices.",
      p: start({ cost: "soft", mu: -0.5, k: 0.5 }), shown: BOTH, knobs: ["k", "mu"], spot: 4,
    },
    spike: {
      title: "A narrow bump",
      line: "Smooth, so the path is right; but most slopes are nearly 0 and a few are large. Drag k up: the narrower the " +
        "bump, the more draws of the path do the work of one draw of the score function.",
      p: start({ cost: "bump", mu: 0.5, sigma: 1, k: 20 }), shown: BOTH, knobs: ["k", "mu"], spot: 10,
    },
    contest: {
      title: "Three rivals",
      line: "The lead depends on the cost. Raise k: it goes from the path to the score function less its best " +
        "constant. Then add a constant c: who notices?",
      p: start({ cost: "wave", mu: 1, sigma: 1, k: 0.8 }), shown: ["path", "score", "baseline"], knobs: ["k", "c"], spot: 2,
    },
  };

  Object.assign(lab, { WORDS: { COSTS, ESTIMATORS, KNOBS, PRESETS, WHICH, estimator } });
})((globalThis.laboratory ??= {}));
