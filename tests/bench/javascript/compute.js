// Nothing but arithmetic: the primes below 30 000, and a checksum in 32 bits.

function primes(below) {
  const isComposite = new Uint8Array(below);
  let sum = 0;
  for (let at = 2; at < below; at += 1) {
    if (isComposite[at] === 1) continue;
    sum += at;
    for (let next = at * at; next < below; next += at) isComposite[next] = 1;
  }
  return sum;
}

function checksum(rounds) {
  let state = 0x9e3779b9;
  for (let at = 0; at < rounds; at += 1) {
    state = Math.imul(state ^ (state >>> 15), 0x85ebca6b) + at;
    state ^= state << 13;
  }
  return state >>> 0;
}

export default {
  fetch() {
    return new Response(`${primes(30_000)} ${checksum(100_000)}\n`);
  },
};
