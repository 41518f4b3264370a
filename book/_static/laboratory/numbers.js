/* The laboratory's arithmetic: pure functions of numbers. Nothing here knows of a page, and nothing is drawn at random:
   noise comes in as an argument. tests/test_laboratory.py compares all of it with the book's Python helpers. */
(function (lab) {
  "use strict";

  // The standard normal law

  const MOMENTS = [1, 0, 1, 0, 3, 0, 15, 0, 105];
  const density = (x) => Math.exp(-x * x / 2) / Math.sqrt(2 * Math.PI);

  /** Φ(x) = 1/2 + φ(x) (x + x³/3 + x⁵/(3·5) + ...): integrate φ by parts again and again; every term has one sign. */
  function cdf(x) {
    if (Math.abs(x) > 9) return x > 0 ? 1 : 0;
    let term = x, sum = x;
    for (let n = 3; sum + term !== sum; n += 2) sum += term *= x * x / n;
    return 0.5 + density(x) * sum;
  }

  /** E[ε^j; ε > t] for j = 0, ..., 5: integrate ε^(j-1) · εφ(ε) by parts. */
  function tails(t) {
    const m = [1 - cdf(t), density(t)];
    for (let j = 2; j < 6; j++) m.push(t ** (j - 1) * density(t) + (j - 1) * m[j - 2]);
    return m;
  }

  /** E[ε^j cos(a + tε)] = e^{-t²/2} He_j(t) cos(a + jπ/2) for j = 0, ..., 4: derivatives of E[e^{itε}] = e^{-t²/2}. */
  function waves(a, t) {
    const hermite = [1, t, t * t - 1, t ** 3 - 3 * t, t ** 4 - 6 * t * t + 3];
    return hermite.map((h, j) => Math.exp(-t * t / 2) * h * Math.cos(a + j * Math.PI / 2));
  }

  /** mass · E[η^j] for η ~ N(m, v), j = 0, ..., 4. */
  const moments = (mass, m, v) =>
    [1, m, m * m + v, m ** 3 + 3 * m * v, m ** 4 + 6 * m * m * v + 3 * v * v].map((x) => mass * x);

  /** E[ε^j exp(-rate (μ + σε)²)]: complete the square, and another normal law stands there. */
  function tilted(rate, mu, sigma) {
    const v = 1 / (1 + 2 * rate * sigma * sigma), m = -2 * rate * mu * sigma * v;
    return moments(Math.sqrt(v) * Math.exp(-rate * mu * mu * v), m, v);
  }

  /** From E[g] and E[g' ε^j] to E[g ε^j]: integrate ε^(j-1) g · εφ by parts. */
  function climb(mean, steep) {
    const e = [mean, steep[0]];
    for (let j = 2; j < 5; j++) e.push((j - 1) * e[j - 2] + steep[j - 1]);
    return e;
  }

  /** The law N(m, v), and its mass, into which bφ(a + bε) turns that of ε. */
  function lifted(a, b) {
    const v = 1 / (1 + b * b);
    return { v, m: -a * b * v, mass: b * Math.sqrt(v) * density(a * Math.sqrt(v)), mean: cdf(a * Math.sqrt(v)) };
  }

  /** E[Φ(a + bε) ε^j] for j = 0, ..., 4. */
  function ramps(a, b) {
    const { v, m, mass, mean } = lifted(a, b);
    return climb(mean, moments(mass, m, v));
  }

  /** E[Φ(a + bε)² ε^j]: the mean by Owen's T, and (Φ²)' = 2bφΦ is a ramp under the lifted law. */
  function squaredRamps(a, b) {
    const { v, m, mass, mean } = lifted(a, b), s = Math.sqrt(v), [e0, e1, e2, e3] = ramps(a + b * m, b * s);
    const steep = [e0, m * e0 + s * e1, m * m * e0 + 2 * m * s * e1 + v * e2,
      m ** 3 * e0 + 3 * m * m * s * e1 + 3 * m * v * e2 + v * s * e3].map((x) => 2 * mass * x);
    return climb(mean - 2 * owen(a * s, 1 / Math.sqrt(1 + 2 * b * b)), steep);
  }

  /** Owen's T(h, a), the integral of exp(-h²(1 + x²)/2) / (1 + x²) / 2π from 0 to a, by Simpson's rule. */
  function owen(h, a) {
    const cells = 800;
    let sum = 0;
    for (let i = 0; i <= cells; i++) {
      const x = a * i / cells, weight = i % cells === 0 ? 1 : i % 2 ? 4 : 2;
      sum += weight * Math.exp(-h * h * (1 + x * x) / 2) / (1 + x * x);
    }
    return sum * a / (3 * cells) / (2 * Math.PI);
  }

  /** E[(a₀ + a₁ε + a₂ε²)(b₀ + b₁ε + b₂ε²) ε^j] for j = 0, ..., 4. */
  const product = (a, b) => [0, 1, 2, 3, 4].map((j) => {
    let sum = 0;
    a.forEach((x, i) => b.forEach((y, l) => (sum += x * y * MOMENTS[i + l + j])));
    return sum;
  });

  // Costs. Each knows its value, its slope, and with z = μ + σε three rows of expectations, j = 0, ..., 4:
  // value E[f ε^j], square E[f² ε^j], steep E[f'² ε^j]. `p` holds mu, sigma, k, and for the bound the posterior m, v.

  const polynomial = (coefficients, sigma) => ({
    value: product(coefficients, [1]),
    square: product(coefficients, coefficients),
    steep: product(...Array(2).fill([coefficients[1] / sigma, 2 * coefficients[2] / sigma])),
  });
  const LOG_2PI = Math.log(2 * Math.PI);
  const logNormal = (z, m, v) => -LOG_2PI / 2 - Math.log(v) - ((z - m) / v) ** 2 / 2;

  const COSTS = {
    parabola: {
      value: (z, p) => (z - p.k) ** 2,
      slope: (z, p) => 2 * (z - p.k),
      expect: (p) => polynomial([(p.mu - p.k) ** 2, 2 * p.sigma * (p.mu - p.k), p.sigma ** 2], p.sigma),
    },
    wave: {
      value: (z, p) => Math.cos(p.k * z),
      slope: (z, p) => -p.k * Math.sin(p.k * z),
      expect: (p) => { // cos² = (1 + cos 2·)/2, sin² = (1 - cos 2·)/2
        const once = waves(p.k * p.mu, p.k * p.sigma), twice = waves(2 * p.k * p.mu, 2 * p.k * p.sigma);
        return { value: once, square: twice.map((w, j) => (MOMENTS[j] + w) / 2),
          steep: twice.map((w, j) => p.k ** 2 * (MOMENTS[j] - w) / 2) };
      },
    },
    bump: {
      value: (z, p) => Math.exp(-p.k * z * z),
      slope: (z, p) => -2 * p.k * z * Math.exp(-p.k * z * z),
      expect: (p) => { // f'² = 4k² z² e^{-2kz²}, and z² is a parabola in ε
        const square = tilted(2 * p.k, p.mu, p.sigma), { mu, sigma } = p;
        const steep = [0, 1, 2].map((j) => 4 * p.k ** 2 *
          (mu * mu * square[j] + 2 * mu * sigma * square[j + 1] + sigma * sigma * square[j + 2]));
        return { value: tilted(p.k, mu, sigma), square, steep };
      },
    },
    kink: {
      value: (z, p) => Math.abs(z - p.k),
      slope: (z, p) => Math.sign(z - p.k),
      expect: (p) => { // σ|a + ε| = 2σ(a + ε)[ε > -a] - σ(a + ε), and the slope is ±1
        const a = (p.mu - p.k) / p.sigma, above = tails(-a);
        return {
          value: [0, 1, 2, 3, 4].map((j) => p.sigma *
            (2 * (a * above[j] + above[j + 1]) - (a * MOMENTS[j] + MOMENTS[j + 1]))),
          square: product(...Array(2).fill([a * p.sigma, p.sigma])), steep: MOMENTS.slice(0, 5),
        };
      },
    },
    step: {
      jumps: true, // so the slope, 0 wherever there is one, does not tell how the mean moves
      value: (z, p) => (z > p.k ? 1 : 0),
      slope: () => 0,
      expect: (p) => {
        const above = tails((p.k - p.mu) / p.sigma).slice(0, 5);
        return { value: above, square: above, steep: [0, 0, 0, 0, 0] };
      },
    },
    soft: { // a step at 0 that takes a width of k
      value: (z, p) => cdf(z / p.k),
      slope: (z, p) => density(z / p.k) / p.k,
      expect: (p) => {
        const a = p.mu / p.k, b = p.sigma / p.k, steep = tilted(1 / p.k ** 2, p.mu, p.sigma);
        return { value: ramps(a, b), square: squaredRamps(a, b),
          steep: steep.map((x) => x / (2 * Math.PI * p.k ** 2)) };
      },
    },
    bound: { // log p(x,z) - log q(z) where the posterior is N(m, v²) and log p(x) is `evidence`
      value: (z, p) => p.evidence + logNormal(z, p.m, p.v) - logNormal(z, p.mu, p.sigma),
      slope: (z, p) => -(z - p.m) / p.v ** 2 + (z - p.mu) / p.sigma ** 2,
      expect: (p) => {
        const shift = (p.mu - p.m) / p.v, ratio = p.sigma / p.v;
        const level = p.evidence + Math.log(ratio) - shift * shift / 2;
        return polynomial([level, -shift * ratio, (1 - ratio * ratio) / 2], p.sigma);
      },
    },
  };

  /** The expectations of f + c. */
  function expectations(p) {
    const e = COSTS[p.cost].expect(p);
    return {
      value: e.value.map((x, j) => x + p.c * MOMENTS[j]),
      square: e.square.map((x, j) => x + 2 * p.c * e.value[j] + p.c ** 2 * MOMENTS[j]),
      steep: e.steep,
    };
  }

  // Estimators of the gradient of E[f + c] in μ or in log σ: p.which is "mu" or "log_sigma"

  const at = (p, eps) => p.mu + p.sigma * eps;
  const cost = (p, z) => COSTS[p.cost].value(z, p) + p.c;
  const slope = (p, z) => COSTS[p.cost].slope(z, p);
  const motion = (p, eps) => (p.which === "mu" ? 1 : p.sigma * eps); // ∂z/∂μ, ∂z/∂log σ at fixed ε
  const score = (p, eps) => (p.which === "mu" ? eps / p.sigma : eps * eps - 1); // of log q, at fixed z

  const ESTIMATORS = {
    path: (p) => (eps) => slope(p, at(p, eps)) * motion(p, eps),
    score: (p) => (eps) => cost(p, at(p, eps)) * score(p, eps),
    baseline: (p) => {
      const b = bestConstant(p);
      return (eps) => (cost(p, at(p, eps)) - b) * score(p, eps);
    },
    total: (p) => (eps) => slope(p, at(p, eps)) * motion(p, eps) - score(p, eps), // of the bound only
  };

  /** One gradient per draw. */
  function draws(name, p, eps) {
    const one = ESTIMATORS[name](p);
    return Float64Array.from(eps, one);
  }

  /** From E[h ε^j] to E[h s²] for the score s. */
  const withScores = (p, h) => (p.which === "mu" ? h[2] / p.sigma ** 2 : h[4] - 2 * h[2] + h[0]);

  /** The b that leaves (f + c - b)s the least variance: E[(f + c)s²] / E[s²]. */
  const bestConstant = (p) => withScores(p, expectations(p).value) / withScores(p, MOMENTS);

  /** The gradient itself: E[(f + c)s]. */
  function truth(p) {
    const { value } = expectations(p);
    return p.which === "mu" ? value[1] / p.sigma : value[2] - value[0];
  }

  /** Mean and variance of one draw, exact. */
  const EXACT = {
    path(p) {
      const { steep } = expectations(p), mean = COSTS[p.cost].jumps ? 0 : truth(p);
      return { mean, variance: (p.which === "mu" ? steep[0] : p.sigma ** 2 * steep[2]) - mean ** 2 };
    },
    score: (p) => ({ mean: truth(p), variance: withScores(p, expectations(p).square) - truth(p) ** 2 }),
    baseline(p) {
      const { value, square } = expectations(p), b = bestConstant(p);
      const second = withScores(p, square) - 2 * b * withScores(p, value) + b * b * withScores(p, MOMENTS);
      return { mean: truth(p), variance: second - truth(p) ** 2 };
    },
    total(p) { // its path has slope (m - μ)/v² at the mean and curvature -1/v² everywhere
      const lead = (p.m - p.mu) / p.v ** 2, ratio = (p.sigma / p.v) ** 2;
      const variance = p.which === "mu" ? (ratio / p.sigma) ** 2 : (p.sigma * lead) ** 2 + 2 * ratio ** 2;
      return { mean: truth(p), variance };
    },
  };

  /** Exact mean and variance; what rounding leaves of a variance that is zero counts as zero. */
  function exact(name, p) {
    const { mean, variance } = EXACT[name](p);
    return { mean, variance: variance < 1e-12 * (1 + mean * mean) ? 0 : variance };
  }

  /** Draws whose mean has a standard error of `share` of the truth; infinite if the estimator is biased, or the truth 0. */
  function needed(name, p, share) {
    const target = truth(p), { mean, variance } = exact(name, p);
    if (Math.abs(target) < 1e-12 || Math.abs(mean - target) > 1e-9 * Math.abs(target)) return Infinity;
    return Math.max(1, Math.ceil(variance / (share * target) ** 2));
  }

  // What is made of draws

  function runningMean(values) {
    let sum = 0;
    return values.map((x, i) => (sum += x) / (i + 1));
  }

  /** Counts in equal cells of [low, high], with what falls below and above. */
  function histogram(values, low, high, cells) {
    const counts = new Array(cells).fill(0);
    let below = 0, above = 0;
    for (const x of values) {
      const cell = Math.floor((x - low) / (high - low) * cells);
      if (cell < 0) below += 1;
      else if (cell >= cells) above += 1;
      else counts[cell] += 1;
    }
    return { counts, below, above };
  }

  /** n standard normal numbers, the same for the same seed: a 32-bit mixer, then Box and Muller's pairs. */
  function noise(seed, n) {
    let state = seed >>> 0;
    const uniform = () => { // mulberry32
      state = (state + 0x6d2b79f5) >>> 0;
      let t = Math.imul(state ^ (state >>> 15), state | 1);
      t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
      return (((t ^ (t >>> 14)) >>> 0) + 0.5) / 2 ** 32;
    };
    const eps = new Float64Array(n);
    for (let i = 0; i < n; i += 2) {
      const radius = Math.sqrt(-2 * Math.log(uniform())), angle = 2 * Math.PI * uniform();
      eps[i] = radius * Math.cos(angle);
      if (i + 1 < n) eps[i + 1] = radius * Math.sin(angle);
    }
    return eps;
  }

  Object.assign(lab, { at, bestConstant, cdf, cost, density, draws, exact, histogram, logNormal, motion, needed, noise,
    runningMean, score, slope, truth });
})((globalThis.laboratory ??= {}));
