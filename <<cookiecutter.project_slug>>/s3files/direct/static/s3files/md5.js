// The MD5 of a file (RFC 1321), as Content-MD5 has it. Browsers have no MD5 of their own.

const BLOCK = 64;
const CHUNK = 4 * 2 ** 20; // of a file in memory; whole blocks

const START = [0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476];
const SHIFTS = [7, 12, 17, 22, 5, 9, 14, 20, 4, 11, 16, 23, 6, 10, 15, 21];
const SINES = Int32Array.from({ length: BLOCK }, (_, i) => 2 ** 32 * Math.abs(Math.sin(i + 1)));
// Which word of a block each step adds.
const STRIDES = [1, 5, 3, 7];
const WORDS = Int32Array.from({ length: BLOCK }, (_, i) => {
  const round = i >> 4;
  return (STRIDES[round] * i + [0, 1, 5, 0][round]) % 16;
});

export async function md5(blob) {
  const state = Int32Array.from(START);
  let from = 0;
  for (; blob.size - from >= CHUNK; from += CHUNK) {
    addBlocks(state, await blob.slice(from, from + CHUNK).arrayBuffer());
  }
  addBlocks(state, pad(await blob.slice(from).arrayBuffer(), blob.size));
  return btoa(String.fromCharCode(...new Uint8Array(state.buffer)));
}

// The last bytes of a file, a one, zeros, and the number of bits of all.
function pad(rest, size) {
  const padded = new Uint8Array(Math.ceil((rest.byteLength + 9) / BLOCK) * BLOCK);
  padded.set(new Uint8Array(rest));
  padded[rest.byteLength] = 0x80;
  const view = new DataView(padded.buffer);
  view.setUint32(padded.length - 8, size * 8, true);
  view.setUint32(padded.length - 4, size / 2 ** 29, true);
  return padded.buffer;
}

// Every computer that has a browser keeps the low byte of a word first, as MD5 does.
function addBlocks(state, buffer) {
  const words = new Int32Array(buffer);
  for (let at = 0; at < words.length; at += 16) {
    let [a, b, c, d] = state;
    for (let i = 0; i < BLOCK; i += 1) {
      const sum = (a + mix(i >> 4, b, c, d) + SINES[i] + words[at + WORDS[i]]) | 0;
      const shift = SHIFTS[((i >> 4) << 2) | (i & 3)];
      a = d;
      d = c;
      c = b;
      b = (b + ((sum << shift) | (sum >>> (32 - shift)))) | 0;
    }
    state[0] += a;
    state[1] += b;
    state[2] += c;
    state[3] += d;
  }
}

function mix(round, b, c, d) {
  if (round === 0) return (b & c) | (~b & d);
  if (round === 1) return (d & b) | (~d & c);
  if (round === 2) return b ^ c ^ d;
  return c ^ (b | ~d);
}
