//! The tree of the transparency log (RFC 6962, 2.1): which subtrees a proof consists of, and how hashes are made.
//!
//! Pure: a proof is a list of ranges of leaves; [`nodes`] says which complete subtrees a range is made of, whose hashes the
//! database has, and [`root`] folds them.

use fleet_db::LogHash;
use lly_brick::Digest;
use std::collections::HashMap;
use std::ops::Range;

/// A complete subtree: of 2^level leaves, the first of which is position · 2^level.
pub type Node = (u8, u64);

/// The hash of an entry.
pub fn leaf(body: &[u8]) -> LogHash {
    *Digest::of(&[&[0], body].concat()).as_bytes()
}

/// The hash of a node.
pub fn node(left: &LogHash, right: &LogHash) -> LogHash {
    *Digest::of(&[&[1], left.as_slice(), right].concat()).as_bytes()
}

/// The hash of the empty tree.
pub fn empty() -> LogHash {
    *Digest::of(b"").as_bytes()
}

/// The subtrees of an audit path, from the leaf's sibling upwards. `index` must be less than `size`.
pub fn inclusion(index: u64, size: u64) -> Vec<Range<u64>> {
    let mut path = Vec::new();
    let mut whole = 0..size;
    while whole.end - whole.start > 1 {
        let middle = whole.start + left_size(whole.end - whole.start);
        let (left, right) = (whole.start..middle, middle..whole.end);
        if index < middle {
            path.push(right);
            whole = left;
        } else {
            path.push(left);
            whole = right;
        }
    }
    path.reverse();
    path
}

/// The subtrees of a consistency proof between two sizes, 0 < `first` ≤ `second` (RFC 6962, 2.1.2).
pub fn consistency(first: u64, second: u64) -> Vec<Range<u64>> {
    let mut path = Vec::new();
    let mut whole = 0..second;
    // Whether what is left of the first tree is the first tree itself, whose root the verifier has.
    let mut itself = true;
    while first != whole.end {
        let middle = whole.start + left_size(whole.end - whole.start);
        if first <= middle {
            path.push(middle..whole.end);
            whole = whole.start..middle;
        } else {
            path.push(whole.start..middle);
            whole = middle..whole.end;
            itself = false;
        }
    }
    if !itself {
        path.push(whole);
    }
    path.reverse();
    path
}

/// The complete subtrees that a range of a tree is made of, from left to right.
pub fn nodes(range: &Range<u64>) -> Vec<Node> {
    let mut found = Vec::new();
    let mut start = range.start;
    while start < range.end {
        let size = 1u64 << (range.end - start).ilog2();
        let level = size.trailing_zeros();
        found.push((u8::try_from(level).unwrap_or(u8::MAX), start >> level));
        start += size;
    }
    found
}

/// The hash over a range, from the hashes of its [`nodes`]; none if one of them is missing or there is nothing in it.
pub fn root(range: &Range<u64>, hashes: &HashMap<Node, LogHash>) -> Option<LogHash> {
    let mut parts = nodes(range).into_iter().rev();
    let mut right = *hashes.get(&parts.next()?)?;
    for part in parts {
        right = node(hashes.get(&part)?, &right);
    }
    Some(right)
}

/// The largest power of two below `size`, which is at least 2.
fn left_size(size: u64) -> u64 {
    1 << (size - 1).ilog2()
}

#[cfg(test)]
mod tests {
    use super::*;

    const SIZES: u64 = 64;

    /// The tree by its definition.
    fn reference(leaves: &[LogHash]) -> LogHash {
        match leaves {
            [] => empty(),
            [one] => *one,
            _ => {
                let (left, right) = leaves.split_at(left_size(leaves.len() as u64) as usize);
                node(&reference(left), &reference(right))
            }
        }
    }

    fn leaves(size: u64) -> Vec<LogHash> {
        (0..size)
            .map(|number| leaf(&number.to_be_bytes()))
            .collect()
    }

    /// The nodes as they are when leaves come one by one.
    fn grown(leaves: &[LogHash]) -> HashMap<Node, LogHash> {
        let mut all = HashMap::new();
        for (position, hash) in (0u64..).zip(leaves) {
            let (mut level, mut position, mut hash) = (0u8, position, *hash);
            all.insert((level, position), hash);
            while position % 2 == 1 {
                hash = node(&all[&(level, position - 1)], &hash);
                (level, position) = (level + 1, position / 2);
                all.insert((level, position), hash);
            }
        }
        all
    }

    /// RFC 9162, 2.1.3.2.
    fn includes(leaf: LogHash, index: u64, size: u64, path: &[LogHash], root: LogHash) -> bool {
        let (mut fnode, mut snode, mut hash) = (index, size - 1, leaf);
        for one in path {
            if snode == 0 {
                return false;
            }
            if fnode % 2 == 1 || fnode == snode {
                hash = node(one, &hash);
                while fnode % 2 == 0 && fnode != 0 {
                    (fnode, snode) = (fnode >> 1, snode >> 1);
                }
            } else {
                hash = node(&hash, one);
            }
            (fnode, snode) = (fnode >> 1, snode >> 1);
        }
        snode == 0 && hash == root
    }

    /// RFC 9162, 2.1.4.2.
    fn consistent(first: u64, second: u64, path: &[LogHash], old: LogHash, new: LogHash) -> bool {
        let mut path = path.to_vec();
        if first == second {
            return path.is_empty() && old == new;
        }
        if first.is_power_of_two() {
            path.insert(0, old);
        }
        let (mut fnode, mut snode) = (first - 1, second - 1);
        while fnode % 2 == 1 {
            (fnode, snode) = (fnode >> 1, snode >> 1);
        }
        let Some((begin, rest)) = path.split_first() else {
            return false;
        };
        let (mut from, mut to) = (*begin, *begin);
        for one in rest {
            if snode == 0 {
                return false;
            }
            if fnode % 2 == 1 || fnode == snode {
                from = node(one, &from);
                to = node(one, &to);
                while fnode % 2 == 0 && fnode != 0 {
                    (fnode, snode) = (fnode >> 1, snode >> 1);
                }
            } else {
                to = node(&to, one);
            }
            (fnode, snode) = (fnode >> 1, snode >> 1);
        }
        from == old && to == new && snode == 0
    }

    fn hashes(ranges: &[Range<u64>], all: &HashMap<Node, LogHash>) -> Vec<LogHash> {
        ranges
            .iter()
            .map(|range| root(range, all).expect("every node"))
            .collect()
    }

    #[test]
    fn roots_are_those_of_the_definition() {
        let leaves = leaves(SIZES);
        for size in 1..=SIZES {
            let some = &leaves[..size as usize];
            assert_eq!(
                root(&(0..size), &grown(some)),
                Some(reference(some)),
                "{size}"
            );
        }
    }

    #[test]
    fn every_leaf_of_every_tree_is_proven_and_no_other() {
        let leaves = leaves(SIZES);
        for size in 1..=SIZES {
            let all = grown(&leaves[..size as usize]);
            let top = reference(&leaves[..size as usize]);
            for index in 0..size {
                let path = hashes(&inclusion(index, size), &all);
                let leaf = leaves[index as usize];
                assert!(includes(leaf, index, size, &path, top), "{index} of {size}");
                assert!(!includes(empty(), index, size, &path, top));
                if let Some((_, short)) = path.split_last() {
                    assert!(!includes(leaf, index, size, short, top));
                }
            }
        }
    }

    #[test]
    fn every_tree_is_consistent_with_every_later_one_and_with_no_other() {
        let leaves = leaves(SIZES);
        let all = grown(&leaves);
        let top = |size: u64| reference(&leaves[..size as usize]);
        for second in 1..=SIZES {
            for first in 1..=second {
                let path = hashes(&consistency(first, second), &all);
                assert!(
                    consistent(first, second, &path, top(first), top(second)),
                    "{first} {second}"
                );
                assert!(!consistent(first, second, &path, empty(), top(second)));
                assert!(!consistent(first, second, &path, top(first), empty()));
            }
        }
    }
}
