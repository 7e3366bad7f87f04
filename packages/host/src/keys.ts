/** Makes keys for what guests encrypt and sign themselves. */
export interface HostKeys {
  /** Two primes, the highest byte first, whose product has so many bits and which a public exponent goes with. */
  rsaPrimes(bits: number, exponent: number): Promise<readonly [p: Uint8Array, q: Uint8Array]>;
}
