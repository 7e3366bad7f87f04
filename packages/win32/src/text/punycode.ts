/** Labels of domain names with characters beyond ASCII, as ASCII and back: RFC 3492, with its parameters for names. */

const BASE = 36;
const T_MIN = 1;
const T_MAX = 26;
const SKEW = 38;
const DAMP = 700;
const INITIAL_BIAS = 72;
const INITIAL_N = 128;
const DIGITS = "abcdefghijklmnopqrstuvwxyz0123456789";
const PREFIX = "xn--";

/** A domain name in ASCII; undefined where a label cannot be one. */
export function domainToAscii(name: string): string | undefined {
  const labels = name
    .normalize("NFKC")
    .toLowerCase()
    .split(/[.\u3002\uff0e\uff61]/);
  const encoded = labels.map((label) => (isAscii(label) ? label : PREFIX + encode(label)));
  return encoded.some((label, i) => label.length > 63 || (label === "" && i < encoded.length - 1)) ? undefined : encoded.join(".");
}

/** The same in Unicode. */
export function domainToUnicode(name: string): string | undefined {
  const labels = name.split(".").map((label) => (label.toLowerCase().startsWith(PREFIX) ? decode(label.slice(PREFIX.length)) : label));
  return labels.includes(undefined) ? undefined : labels.join(".");
}

function isAscii(text: string): boolean {
  return Array.from(text).every((character) => character < "\x80");
}

function encode(label: string): string {
  const points = Array.from(label, (character) => character.codePointAt(0)!);
  const basic = points.filter((point) => point < INITIAL_N);
  let output = String.fromCodePoint(...basic) + (basic.length > 0 ? "-" : "");
  let n = INITIAL_N;
  let delta = 0;
  let bias = INITIAL_BIAS;
  for (let handled = basic.length; handled < points.length;) {
    const next = Math.min(...points.filter((point) => point >= n));
    delta += (next - n) * (handled + 1);
    n = next;
    for (const point of points) {
      if (point < n) delta++;
      if (point !== n) continue;
      let q = delta;
      for (let k = BASE; ; k += BASE) {
        const t = threshold(k, bias);
        if (q < t) break;
        output += DIGITS[t + ((q - t) % (BASE - t))];
        q = Math.floor((q - t) / (BASE - t));
      }
      output += DIGITS[q];
      bias = adapt(delta, handled + 1, handled === basic.length);
      delta = 0;
      handled++;
    }
    delta++;
    n++;
  }
  return output;
}

function decode(text: string): string | undefined {
  const at = text.lastIndexOf("-");
  const output = Array.from(text.slice(0, Math.max(0, at)), (character) => character.codePointAt(0)!);
  let n = INITIAL_N;
  let i = 0;
  let bias = INITIAL_BIAS;
  for (let index = at + 1; index < text.length;) {
    const before = i;
    let weight = 1;
    for (let k = BASE; ; k += BASE) {
      const digit = DIGITS.indexOf(text[index++]?.toLowerCase() ?? " ");
      if (digit < 0) return undefined;
      i += digit * weight;
      const t = threshold(k, bias);
      if (digit < t) break;
      weight *= BASE - t;
    }
    bias = adapt(i - before, output.length + 1, before === 0);
    n += Math.floor(i / (output.length + 1));
    i %= output.length + 1;
    if (n > 0x10_ffff) return undefined;
    output.splice(i++, 0, n);
  }
  return String.fromCodePoint(...output);
}

function threshold(k: number, bias: number): number {
  return Math.min(T_MAX, Math.max(T_MIN, k - bias));
}

function adapt(delta: number, count: number, isFirst: boolean): number {
  let rest = Math.floor(delta / (isFirst ? DAMP : 2));
  rest += Math.floor(rest / count);
  let k = 0;
  for (; rest > ((BASE - T_MIN) * T_MAX) / 2; k += BASE) rest = Math.floor(rest / (BASE - T_MIN));
  return k + Math.floor(((BASE - T_MIN + 1) * rest) / (rest + SKEW));
}
