//! Written by `lly plugin build` into `bindings/`: what a frontend in Rust needs besides its language.
//!
//! Numbers as WebAssembly and BIR write them, sha256, the records of BIR (docs/bir.md, byte by byte), and a component
//! made of a core module.
#![allow(dead_code)]

/// One unit. `calls` are indices of units; what is not listed here is empty or false.
pub struct Unit {
    pub name: String,
    pub signature: String,
    /// Where it stands: the file; line and column of its name, the line of its end, from 1.
    pub file: String,
    pub line: u32,
    pub column: u32,
    pub end_line: u32,
    /// Bytes of code.
    pub size: u32,
    pub calls: Vec<u32>,
    /// Changes when the unit, or anything that it calls, changes, and for no other reason.
    pub digest: [u8; 32],
}

/// The BIR of a program whose one object, the payload, is `module`: [`module`] finds it again.
pub fn program(language: &str, name: &str, units: &[Unit], object: &str, module: &[u8]) -> Vec<u8> {
    let mut to = b"LILY-BIR\x01\0\0\0\x01".to_vec();
    sized(&mut to, language.as_bytes());
    sized(&mut to, name.as_bytes());
    unsigned(&mut to, units.len() as u64);
    for unit in units {
        put_unit(&mut to, unit);
    }
    unsigned(&mut to, 0); // no data
    unsigned(&mut to, 1); // one object
    sized(&mut to, object.as_bytes());
    to.extend(sha256(module));
    sized(&mut to, module);
    to
}

fn put_unit(to: &mut Vec<u8>, unit: &Unit) {
    sized(to, unit.name.as_bytes());
    sized(to, unit.name.as_bytes()); // the symbol
    to.push(0); // a function
    sized(to, unit.signature.as_bytes());
    to.push(1); // it has a place
    sized(to, unit.file.as_bytes());
    for number in [unit.line, unit.column, unit.end_line, unit.size] {
        unsigned(to, number.into());
    }
    unsigned(to, unit.calls.len() as u64);
    for call in &unit.calls {
        to.push(0); // a unit of this program
        unsigned(to, (*call).into());
    }
    to.extend([0; 5]); // no indirect calls, no address taken, nothing read, written or let out
    to.push(0); // in the first object
    to.extend(unit.digest);
}

/// The payload of BIR that [`program`] wrote: it ends the file, after its length.
pub fn module(bir: &[u8]) -> Option<&[u8]> {
    if !bir.starts_with(b"LILY-BIR") {
        return None;
    }
    let magic = b"\0asm\x01\0\0\0";
    (13..bir.len()).find_map(|at| {
        let module = bir.get(at..)?;
        let mut length = Vec::new();
        unsigned(&mut length, module.len() as u64);
        let fits = module.starts_with(magic) && bir.get(..at)?.ends_with(&length);
        fits.then_some(module)
    })
}

/// A component that prints: the shell, with `module` in the place of its first core module.
///
/// The module may import from `shell`: `memory` (64 pages; bytes 65536 to 4194304 are the module's), `print` (i32
/// address, i32 length), `number` (i64, printed in decimal on a line). It exports `run`, without parameters, which answers
/// an i32: 0 for success, 1 for failure.
pub fn component(module: &[u8]) -> Vec<u8> {
    let shell = include_bytes!("shell.wasm");
    let mut at = 8;
    while at < shell.len() {
        let begin = at;
        let id = shell[at];
        at += 1;
        let (mut size, mut shift) = (0_usize, 0);
        loop {
            let byte = shell[at];
            at += 1;
            size |= usize::from(byte & 0x7f) << shift;
            shift += 7;
            if byte < 0x80 {
                break;
            }
        }
        at += size;
        if id == 1 {
            let mut to = shell[..begin].to_vec();
            section(&mut to, 1, module);
            to.extend(&shell[at..]);
            return to;
        }
    }
    shell.to_vec()
}

/// LEB128, unsigned.
pub fn unsigned(to: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        to.push(value as u8 & 0x7f | 0x80);
        value >>= 7;
    }
    to.push(value as u8);
}

/// LEB128, signed: constants in WebAssembly.
pub fn signed(to: &mut Vec<u8>, mut value: i64) {
    while !(-64..64).contains(&value) {
        to.push(value as u8 & 0x7f | 0x80);
        value >>= 7;
    }
    to.push(value as u8 & 0x7f);
}

/// The length, then the bytes.
pub fn sized(to: &mut Vec<u8>, bytes: &[u8]) {
    unsigned(to, bytes.len() as u64);
    to.extend(bytes);
}

/// Section `id` of a WebAssembly module or component.
pub fn section(to: &mut Vec<u8>, id: u8, contents: &[u8]) {
    to.push(id);
    sized(to, contents);
}

/// The digest of some bytes.
pub fn sha256(bytes: &[u8]) -> [u8; 32] {
    let mut state: [u32; 8] = [
        0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a, 0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19,
    ];
    let mut padded = bytes.to_vec();
    padded.push(0x80);
    while padded.len() % 64 != 56 {
        padded.push(0);
    }
    padded.extend((bytes.len() as u64 * 8).to_be_bytes());
    for block in padded.chunks_exact(64) {
        sha256_block(&mut state, block);
    }
    let mut digest = [0; 32];
    for (to, word) in digest.chunks_exact_mut(4).zip(state) {
        to.copy_from_slice(&word.to_be_bytes());
    }
    digest
}

fn sha256_block(state: &mut [u32; 8], block: &[u8]) {
    #[rustfmt::skip]
    const K: [u32; 64] = [
        0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5,
        0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
        0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
        0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
        0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
        0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
        0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
        0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2,
    ];
    let mut w = [0_u32; 64];
    for (word, bytes) in w.iter_mut().zip(block.chunks_exact(4)) {
        *word = bytes.iter().fold(0, |word, byte| word << 8 | u32::from(*byte));
    }
    for i in 16..64 {
        let a = w[i - 15].rotate_right(7) ^ w[i - 15].rotate_right(18) ^ w[i - 15] >> 3;
        let b = w[i - 2].rotate_right(17) ^ w[i - 2].rotate_right(19) ^ w[i - 2] >> 10;
        w[i] = w[i - 16].wrapping_add(a).wrapping_add(w[i - 7]).wrapping_add(b);
    }
    let mut s = *state;
    for i in 0..64 {
        let e = s[4].rotate_right(6) ^ s[4].rotate_right(11) ^ s[4].rotate_right(25);
        let choice = (s[4] & s[5]) ^ (!s[4] & s[6]);
        let one = s[7].wrapping_add(e).wrapping_add(choice).wrapping_add(K[i]).wrapping_add(w[i]);
        let a = s[0].rotate_right(2) ^ s[0].rotate_right(13) ^ s[0].rotate_right(22);
        let two = a.wrapping_add((s[0] & s[1]) ^ (s[0] & s[2]) ^ (s[1] & s[2]));
        s.copy_within(0..7, 1);
        s[4] = s[4].wrapping_add(one);
        s[0] = one.wrapping_add(two);
    }
    for (to, word) in state.iter_mut().zip(s) {
        *to = to.wrapping_add(word);
    }
}
