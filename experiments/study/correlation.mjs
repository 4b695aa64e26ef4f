// Correlation coefficients with 95% intervals.

const kNormal = 1.959964;  // P(|Z| <= z) = 0.95

/**
 * Fisher's z: atanh(r) is nearly normal with a standard deviation of 1 / sqrt(n - 3). Without an
 * interval below five points. Source: Fisher, "On the probable error of a coefficient of correlation
 * deduced from a small sample", Metron 1, 1921.
 */
function withInterval(value, n, factor = 1) {
  if (n < 5) return {value, lower: NaN, upper: NaN};
  const half = kNormal * Math.sqrt(factor / (n - 3));
  return {value, lower: Math.tanh(Math.atanh(value) - half), upper: Math.tanh(Math.atanh(value) + half)};
}

function coefficient(x, y) {
  const mean = (values) => values.reduce((a, b) => a + b, 0) / values.length;
  const [meanX, meanY] = [mean(x), mean(y)];
  let [xy, xx, yy] = [0, 0, 0];
  x.forEach((value, i) => {
    xy += (value - meanX) * (y[i] - meanY);
    xx += (value - meanX) ** 2;
    yy += (y[i] - meanY) ** 2;
  });
  return xy / Math.sqrt(xx * yy);
}

/** Ranks from 1; equal values share the mean of theirs. */
function ranks(values) {
  return values.map((value) => {
    const below = values.filter((other) => other < value).length;
    const equal = values.filter((other) => other === value).length;
    return below + (equal + 1) / 2;
  });
}

export function pearson(x, y) {
  return withInterval(coefficient(x, y), x.length);
}

/**
 * Of ranks; variance 1.06 / (n - 3) of its atanh (Fieller, Hartley and Pearson, "Tests for rank
 * correlation coefficients", Biometrika 44, 1957).
 */
export function spearman(x, y) {
  return withInterval(coefficient(ranks(x), ranks(y)), x.length, 1.06);
}
