/** The error function and Euler's gamma function, to some units in the last place. */

const TWO_OVER_ROOT_PI = 1.1283791670955126;
/** Below it erf's series is summed; above it erfc's continued fraction converges fast enough. */
const SERIES_LIMIT = 1.5;
/** erfc is 0 above it, and erf is 1 above the square root of log(2 ** 54). */
const ERFC_LIMIT = 27.3;

/** erf ("Abramowitz and Stegun, 7.1.6": all terms of this series are positive). */
export function erf(x: number): number {
  const size = Math.abs(x);
  if (size > 6) return Math.sign(x);
  if (!(size > SERIES_LIMIT)) return x === 0 ? x : erfSeries(x);
  return x < 0 ? erfcFraction(size) - 1 : 1 - erfcFraction(size);
}

/** erfc, which is 1 - erf, exact where erf is nearly 1 too. */
export function erfc(x: number): number {
  if (x > ERFC_LIMIT) return 0;
  if (x < -6) return 2;
  if (x > SERIES_LIMIT) return erfcFraction(x);
  if (x > 0.5) return erfcFraction(x);
  return 1 - erf(x);
}

function erfSeries(x: number): number {
  let term = x;
  let sum = x;
  for (let n = 1; Math.abs(term) > Math.abs(sum) * 2 ** -56; n++) {
    term *= (2 * x * x) / (2 * n + 1);
    sum += term;
  }
  return TWO_OVER_ROOT_PI * expOfSquare(x) * sum;
}

/** "Abramowitz and Stegun, 7.1.14", from its end: more terms are needed the smaller x is. */
function erfcFraction(x: number): number {
  let fraction = x;
  for (let n = Math.ceil(40 + 160 / (x * x)); n > 0; n--) fraction = x + n / 2 / fraction;
  return ((TWO_OVER_ROOT_PI / 2) * expOfSquare(x)) / fraction;
}

/** exp(-x * x), without the error of the square: x is split in a part whose square is exact, and the rest. */
function expOfSquare(x: number): number {
  const high = Math.fround(x);
  return Math.exp(-high * high) * Math.exp(-(x - high) * (x + high));
}

/** gamma is infinite from here on, and 0 for what is as far below 0, and some more. */
const GAMMA_LIMIT = 171.7;
const ZERO_LIMIT = -185;

/** Euler's gamma function. NaN at the negative integers, infinite at 0 with its sign. */
export function gamma(x: number): number {
  if (x === 0) return 1 / x;
  if (x === -Infinity || (x < 0 && Number.isInteger(x))) return NaN;
  if (x > GAMMA_LIMIT) return Infinity;
  if (x < ZERO_LIMIT) return Math.floor(x) % 2 === 0 ? 0 : -0;
  // From between 1 and 2, where its logarithm is small, by gamma(x + 1) = x gamma(x).
  const steps = Math.floor(x) - 1;
  const start = x - steps;
  let result = start === 1 ? 1 : Math.exp(nearZeros(start));
  for (let n = 0; n < steps; n++) result *= start + n;
  for (let n = -steps - 1; n >= 0; n--) result /= x + n;
  return result;
}

/** Above it Stirling's series is exact. */
const STIRLING_LIMIT = 12;
/** Its coefficients: Bernoulli numbers over n (n - 1) ("Abramowitz and Stegun, 6.1.41"). */
const STIRLING = [1 / 12, -1 / 360, 1 / 1260, -1 / 1680, 1 / 1188, -691 / 360360, 1 / 156, -3617 / 122400];
const HALF_LOG_TWO_PI = 0.9189385332046728;

/** The logarithm of gamma's size; infinite where gamma is, and at the negative integers. */
export function logGamma(x: number): number {
  if (Number.isNaN(x)) return x;
  if (Math.abs(x) === Infinity || (x <= 0 && Number.isInteger(x))) return Infinity;
  if (Math.abs(x) < 2 ** -60) return -Math.log(Math.abs(x));
  if (x < 0.5) return Math.log(Math.PI / Math.abs(sinPi(x))) - logGamma(1 - x);
  if (x < STIRLING_LIMIT) {
    let [product, at] = [1, x];
    while (at > 2.5) product *= --at;
    return nearZeros(at) + Math.log(product);
  }
  const square = 1 / (x * x);
  const series = STIRLING.reduceRight((sum, coefficient) => sum * square + coefficient, 0) / x;
  return (x - 0.5) * (Math.log(x) - 1) - 0.5 + HALF_LOG_TWO_PI + series;
}

const EULER_GAMMA = 0.5772156649015329;
/** zeta(n) - 1 for n from 2, made when they are first needed. */
let zetaLess1: readonly number[] | undefined;

/** log gamma from 0.5 to 2.5: the series around its zeros at 1 and 2 ("Abramowitz and Stegun, 6.1.33"). */
function nearZeros(x: number): number {
  zetaLess1 ??= Array.from({ length: 60 }, (_, index) => sumOfPowers(index + 2));
  const zero = x < 1.5 ? 1 : 2;
  const z = x - zero;
  let sum = 0;
  for (let n = zetaLess1.length + 1; n >= 2; n--) sum = sum * -z + ((zetaLess1[n - 2] as number) + (2 - zero)) / n;
  return z * (zero - 1 - EULER_GAMMA) + z * z * sum;
}

/** The sum of k to the power of -n from 2 on: a hundred of them, and Euler and Maclaurin's formula for the rest. */
function sumOfPowers(n: number): number {
  const end = 100;
  let sum = end ** (1 - n) / (n - 1) + end ** -n / 2 + (n * end ** (-n - 1)) / 12 - (n * (n + 1) * (n + 2) * end ** (-n - 3)) / 720;
  for (let k = end - 1; k > 1; k--) sum += k ** -n;
  return sum;
}

/** sin(pi x), exact at multiples of 1/2. */
function sinPi(x: number): number {
  const rest = x % 2;
  const nearest = Math.round(2 * rest);
  const part = Math.PI * (rest - nearest / 2);
  const quarter = ((nearest % 4) + 4) % 4;
  return [Math.sin(part), Math.cos(part), -Math.sin(part), -Math.cos(part)][quarter] as number;
}
