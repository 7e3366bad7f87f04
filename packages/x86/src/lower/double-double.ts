/** A number as the sum of two doubles, the second below half a unit of the first: about 106 bits (Dekker 1971; Hida, Li and Bailey 2000). */
export type DoubleDouble = readonly [high: number, low: number];

const SPLITTER = 2 ** 27 + 1;

function twoSum(a: number, b: number): DoubleDouble {
  const sum = a + b;
  const part = sum - a;
  return [sum, a - (sum - part) + (b - part)];
}

function quickSum(a: number, b: number): DoubleDouble {
  const sum = a + b;
  return [sum, b - (sum - a)];
}

function twoProduct(a: number, b: number): DoubleDouble {
  const product = a * b;
  const splitA = SPLITTER * a;
  const highA = splitA - (splitA - a);
  const lowA = a - highA;
  const splitB = SPLITTER * b;
  const highB = splitB - (splitB - b);
  const lowB = b - highB;
  return [product, highA * highB - product + highA * lowB + lowA * highB + lowA * lowB];
}

export const dd = {
  add(a: DoubleDouble, b: DoubleDouble): DoubleDouble {
    const first = twoSum(a[0], b[0]);
    const second = twoSum(a[1], b[1]);
    const high = quickSum(first[0], first[1] + second[0]);
    return quickSum(high[0], high[1] + second[1]);
  },
  subtract: (a: DoubleDouble, b: DoubleDouble): DoubleDouble => dd.add(a, [-b[0], -b[1]]),
  multiply(a: DoubleDouble, b: DoubleDouble): DoubleDouble {
    const product = twoProduct(a[0], b[0]);
    return quickSum(product[0], product[1] + (a[0] * b[1] + a[1] * b[0]));
  },
  divide(a: DoubleDouble, b: DoubleDouble): DoubleDouble {
    const first = a[0] / b[0];
    let rest = dd.subtract(a, dd.multiply(b, [first, 0]));
    const second = rest[0] / b[0];
    rest = dd.subtract(rest, dd.multiply(b, [second, 0]));
    return dd.add(quickSum(first, second), [rest[0] / b[0], 0]);
  },
  /** By a power of two. */
  scale: (a: DoubleDouble, by: number): DoubleDouble => [a[0] * by, a[1] * by],
  /** c0 + c1 x + c2 x^2 … Most of a function's time is here: multiply and add, written out. */
  polynomial(x: DoubleDouble, coefficients: readonly DoubleDouble[]): DoubleDouble {
    const x0 = x[0];
    const x1 = x[1];
    const split = SPLITTER * x0;
    const highX = split - (split - x0);
    const lowX = x0 - highX;
    let high = 0;
    let low = 0;
    for (let n = coefficients.length - 1; n >= 0; n--) {
      const c = coefficients[n]!;
      const product = high * x0;
      const splitHigh = SPLITTER * high;
      const high1 = splitHigh - (splitHigh - high);
      const high2 = high - high1;
      const error = high1 * highX - product + high1 * lowX + high2 * highX + high2 * lowX + (high * x1 + low * x0);
      const a0 = product + error;
      const a1 = error - (a0 - product);
      const sum = a0 + c[0];
      const part = sum - a0;
      const lost = a0 - (sum - part) + (c[0] - part) + a1 + c[1];
      high = sum + lost;
      low = lost - (high - sum);
    }
    return [high, low];
  },
};

export const ONE: DoubleDouble = [1, 0];
export const LN2: DoubleDouble = [Math.LN2, 2.319046813846299558e-17];
export const LOG2E: DoubleDouble = [Math.LOG2E, 2.0355273740931033e-17];
export const PI: DoubleDouble = [Math.PI, 1.224646799147353207e-16];

/** The series of e^x - 1 over x, sine over x and cosine, the latter two in x^2; made when they are first needed, as most programs need none. */
interface Series {
  readonly exponential: readonly DoubleDouble[];
  readonly sine: readonly DoubleDouble[];
  readonly cosine: readonly DoubleDouble[];
}

let made: Series | undefined;

function series(): Series {
  if (made !== undefined) return made;
  const inverseFactorials: DoubleDouble[] = [ONE];
  for (let n = 1; n < 30; n++) inverseFactorials.push(dd.divide(inverseFactorials[n - 1]!, [n, 0]));
  const alternating = (first: 0 | 1): DoubleDouble[] =>
    inverseFactorials.filter((_, n) => n % 2 === first).map(([high, low], n) => (n % 2 === 0 ? [high, low] : [-high, -low]));
  return (made = { exponential: inverseFactorials.slice(1, 17), sine: alternating(1), cosine: alternating(0) });
}

/** e^x - 1, for x between -1 and 1. */
export function expm1(x: DoubleDouble): DoubleDouble {
  const small = dd.scale(x, 1 / 32);
  let result = dd.multiply(small, dd.polynomial(small, series().exponential));
  for (let n = 0; n < 5; n++) result = dd.multiply(result, dd.add(result, [2, 0]));
  return result;
}

/** ln(1 + x), for x between -0.5 and 1: one step of Halley's method from the host's. */
export function log1p(x: DoubleDouble): DoubleDouble {
  const first: DoubleDouble = [Math.log1p(x[0]), 0];
  const power = expm1(first);
  const difference = dd.scale(dd.subtract(x, power), 2);
  return dd.add(first, dd.divide(difference, dd.add(dd.add(x, power), [2, 0])));
}

/** Sine and cosine, for x between -pi/4 and pi/4. */
export function sineAndCosine(x: DoubleDouble): [sine: DoubleDouble, cosine: DoubleDouble] {
  const square = dd.multiply(x, x);
  return [dd.multiply(x, dd.polynomial(square, series().sine)), dd.polynomial(square, series().cosine)];
}

/** The angle of (x, y), for y between 0 and x: one step of Newton's method from the host's. */
export function arctangent(y: DoubleDouble, x: DoubleDouble): DoubleDouble {
  const first: DoubleDouble = [Math.atan2(y[0], x[0]), 0];
  const [sine, cosine] = sineAndCosine(first);
  const across = dd.subtract(dd.multiply(y, cosine), dd.multiply(x, sine));
  return dd.add(first, dd.divide(across, dd.add(dd.multiply(x, cosine), dd.multiply(y, sine))));
}
