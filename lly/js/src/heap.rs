//! What a program added to the engine's memory: the bytes that differ from the engine's own.

use crate::program::Engine;

/// Bytes that are equal between two that differ are written too when they are no more than this: a run of its own takes
/// eight bytes, and time.
const GAP: usize = 16;
const PAGE_BYTES: usize = 64 * 1024;
/// What is compared at once.
const BLOCK_BYTES: usize = 256;

/// A memory, as far as it differs from the engine's.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Heap {
    /// How large it is, in pages of 64 KiB.
    pub pages: u32,
    /// What differs, by rising address.
    pub runs: Vec<Run>,
}

/// Bytes at a place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Run {
    /// The address of the first.
    pub offset: u32,
    /// At least one.
    pub bytes: Vec<u8>,
}

impl Heap {
    /// What `memory` has that `image`, the engine's own, has not. Beyond the image's end everything was zero, and the
    /// engine's stack is nobody's between calls.
    pub fn difference(engine: &Engine, image: &[u8], memory: &[u8]) -> Self {
        let differing = differing(engine.stack_end as usize, image, memory);
        let joined = joined(&differing);
        let run = |(from, to): &(usize, usize)| Run {
            // A memory of 32 bits has no address beyond that.
            offset: u32::try_from(*from).unwrap_or(u32::MAX),
            bytes: memory[*from..*to].to_vec(),
        };
        Self {
            pages: u32::try_from(memory.len() / PAGE_BYTES).unwrap_or(u32::MAX),
            runs: joined.iter().map(run).collect(),
        }
    }

    /// The bytes of all runs.
    pub fn bytes(&self) -> usize {
        self.runs.iter().map(|run| run.bytes.len()).sum()
    }
}

/// Where the two differ beyond `from`: first byte, and the one after the last.
fn differing(from: usize, image: &[u8], memory: &[u8]) -> Vec<(usize, usize)> {
    const ZEROS: [u8; BLOCK_BYTES] = [0; BLOCK_BYTES];
    let mut found: Vec<(usize, usize)> = Vec::new();
    for (block, bytes) in memory.chunks(BLOCK_BYTES).enumerate() {
        let start = block * BLOCK_BYTES;
        let before = match image.get(start..start + bytes.len()) {
            Some(before) => before,
            None => &ZEROS[..bytes.len()],
        };
        if before == bytes || start + bytes.len() <= from {
            continue;
        }
        for (at, (one, other)) in (start..).zip(before.iter().zip(bytes)) {
            if one == other || at < from {
                continue;
            }
            match found.last_mut() {
                Some((_, end)) if *end == at => *end = at + 1,
                _ => found.push((at, at + 1)),
            }
        }
    }
    found
}

fn joined(runs: &[(usize, usize)]) -> Vec<(usize, usize)> {
    let mut joined: Vec<(usize, usize)> = Vec::new();
    for (from, to) in runs {
        match joined.last_mut() {
            Some((_, end)) if from - *end <= GAP => *end = *to,
            _ => joined.push((*from, *to)),
        }
    }
    joined
}

#[cfg(test)]
mod tests {
    use super::*;

    const ENGINE: Engine = Engine {
        digest: [0; 32],
        pages: 1,
        stack_end: 0,
    };

    #[test]
    fn what_differs_is_kept_and_nothing_else() {
        let image = vec![7; PAGE_BYTES];
        let mut memory = image.clone();
        memory.resize(2 * PAGE_BYTES, 0);
        assert_eq!(Heap::difference(&ENGINE, &image, &memory).runs, []);
        for at in [0, 3, 300, PAGE_BYTES - 1, PAGE_BYTES, 2 * PAGE_BYTES - 1] {
            memory[at] = 1;
        }
        let heap = Heap::difference(&ENGINE, &image, &memory);
        assert_eq!(heap.pages, 2);
        let runs = heap.runs.iter();
        let runs: Vec<_> = runs
            .map(|run| (run.offset as usize, run.bytes.as_slice()))
            .collect();
        let expected: [(usize, &[u8]); 4] = [
            (0, &[1, 7, 7, 1]),
            (300, &[1]),
            (PAGE_BYTES - 1, &[1, 1]),
            (2 * PAGE_BYTES - 1, &[1]),
        ];
        assert_eq!(runs, expected);
    }

    #[test]
    fn the_stack_is_left_out() {
        let engine = Engine {
            stack_end: 300,
            ..ENGINE
        };
        let heap = Heap::difference(&engine, &[], &[1; PAGE_BYTES]);
        let runs: Vec<_> = heap.runs.iter().map(|run| run.offset).collect();
        assert_eq!((runs, heap.bytes()), (vec![300], PAGE_BYTES - 300));
    }
}
