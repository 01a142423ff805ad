//! Digests, and how those of a graph come about: each covers what its node refers to, cycles included.

use std::fmt;

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

/// A sha256.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Digest([u8; 32]);

impl Digest {
    /// The digest of `bytes`.
    pub fn of(bytes: &[u8]) -> Self {
        Self(Sha256::digest(bytes).into())
    }

    /// From its bytes.
    pub fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// Its bytes.
    pub fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// 64 hexadecimal digits.
    pub fn hex(&self) -> String {
        const DIGITS: &[u8; 16] = b"0123456789abcdef";
        let digit = |nibble: u8| char::from(DIGITS[usize::from(nibble)]);
        self.0
            .iter()
            .flat_map(|byte| [digit(byte >> 4), digit(byte & 15)])
            .collect()
    }

    /// The first 12 hexadecimal digits: enough to tell units of a program apart.
    pub fn short(&self) -> String {
        let mut hex = self.hex();
        hex.truncate(12);
        hex
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "sha256:{}", self.hex())
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, formatter)
    }
}

/// Parts that are hashed as one sequence; each is preceded by its length, so that no two sequences look alike.
#[derive(Clone)]
pub struct Hasher(Sha256);

impl Hasher {
    /// A hasher for one kind of thing, so that two kinds never share a digest.
    pub fn new(domain: &str) -> Self {
        let mut hasher = Self(Sha256::new());
        hasher.part(domain.as_bytes());
        hasher
    }

    /// Adds bytes.
    pub fn part(&mut self, bytes: &[u8]) {
        self.number(bytes.len() as u64);
        self.0.update(bytes);
    }

    /// Adds a number.
    pub fn number(&mut self, number: u64) {
        self.0.update(number.to_le_bytes());
    }

    /// Adds a digest.
    pub fn digest(&mut self, digest: &Digest) {
        self.0.update(digest.0);
    }

    /// The digest of all that was added.
    pub fn finish(self) -> Digest {
        Digest(self.0.finalize().into())
    }
}

/// A node of a graph of things that refer to each other.
pub struct Node {
    /// Covers the thing itself; where it refers to others, it says only how, not to what.
    pub own: Digest,
    /// What it refers to, in an order that its own contents determine: indices of nodes.
    pub edges: Vec<u32>,
}

/// Digests that cover each node and all that can be reached from it, independent of the order of the nodes.
///
/// Nodes that reach each other are digested together, each then by its own share. An edge to a node that is not there
/// counts as none.
pub fn of_graph(nodes: &[Node]) -> Vec<Digest> {
    const OUTSIDE: u64 = 0;
    const INSIDE: u64 = 1;
    let (components, component_of) = components(nodes);
    let mut digests: Vec<Digest> = nodes.iter().map(|node| node.own).collect();
    for (index, members) in components.iter().enumerate() {
        let shares: Vec<Digest> = members
            .iter()
            .map(|&member| {
                let node = &nodes[member as usize];
                let mut hasher = Hasher::new("lily.bir.share");
                hasher.digest(&node.own);
                for &edge in &node.edges {
                    let Some(&component) = component_of.get(edge as usize) else {
                        continue;
                    };
                    let is_inside = component as usize == index;
                    hasher.number(if is_inside { INSIDE } else { OUTSIDE });
                    // Components come callees first, so a digest outside this one is final by now.
                    hasher.digest(if is_inside {
                        &nodes[edge as usize].own
                    } else {
                        &digests[edge as usize]
                    });
                }
                hasher.finish()
            })
            .collect();
        let mut sorted = shares.clone();
        sorted.sort_unstable();
        let mut whole = Hasher::new("lily.bir.component");
        sorted.iter().for_each(|share| whole.digest(share));
        for (&member, share) in members.iter().zip(&shares) {
            let mut hasher = whole.clone();
            hasher.digest(share);
            digests[member as usize] = hasher.finish();
        }
    }
    digests
}

/// Tarjan's strongly connected components, callees before callers, without recursion: programs call deeply. Also tells
/// which component each node is in.
fn components(nodes: &[Node]) -> (Vec<Vec<u32>>, Vec<u32>) {
    const UNSEEN: u32 = u32::MAX;
    let mut order = vec![UNSEEN; nodes.len()];
    let mut low = vec![0u32; nodes.len()];
    let mut component_of = vec![UNSEEN; nodes.len()];
    let mut components: Vec<Vec<u32>> = Vec::new();
    let mut open: Vec<u32> = Vec::new();
    let mut path: Vec<(u32, usize)> = Vec::new();
    let mut seen = 0u32;
    for root in 0..nodes.len() {
        if order[root] != UNSEEN {
            continue;
        }
        path.push((root as u32, 0));
        while let Some((node, next)) = path.pop() {
            let at = node as usize;
            if next == 0 {
                (order[at], low[at]) = (seen, seen);
                seen += 1;
                open.push(node);
            }
            match nodes[at].edges.get(next) {
                Some(&edge) => {
                    path.push((node, next + 1));
                    match order.get(edge as usize) {
                        Some(&UNSEEN) => path.push((edge, 0)),
                        Some(&other) if component_of[edge as usize] == UNSEEN => {
                            low[at] = low[at].min(other);
                        }
                        Some(_) | None => {}
                    }
                }
                None => {
                    if low[at] == order[at] {
                        let from = open.iter().rposition(|&other| other == node).unwrap_or(0);
                        let members = open.split_off(from);
                        for &member in &members {
                            component_of[member as usize] = components.len() as u32;
                        }
                        components.push(members);
                    }
                    if let Some(&(parent, _)) = path.last() {
                        low[parent as usize] = low[parent as usize].min(low[at]);
                    }
                }
            }
        }
    }
    (components, component_of)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn graph(edges: &[(&str, &[u32])]) -> Vec<Digest> {
        let node = |(own, edges): &(&str, &[u32])| Node {
            own: Digest::of(own.as_bytes()),
            edges: edges.to_vec(),
        };
        of_graph(&edges.iter().map(node).collect::<Vec<_>>())
    }

    #[test]
    fn a_change_reaches_the_callers_and_nobody_else() {
        let before = graph(&[("a", &[1]), ("b", &[2]), ("c", &[]), ("d", &[2])]);
        let after = graph(&[("a", &[1]), ("b changed", &[2]), ("c", &[]), ("d", &[2])]);
        let same: Vec<bool> = before.iter().zip(&after).map(|(a, b)| a == b).collect();
        assert_eq!(same, [false, false, true, true]);
    }

    #[test]
    fn the_order_of_nodes_does_not_matter() {
        let one = graph(&[("a", &[1, 2]), ("b", &[0]), ("c", &[1])]);
        let other = graph(&[("c", &[2]), ("a", &[2, 0]), ("b", &[1])]);
        assert_eq!([one[0], one[1], one[2]], [other[1], other[2], other[0]]);
    }

    #[test]
    fn a_cycle_changes_as_a_whole_and_its_members_differ() {
        let before = graph(&[("a", &[1]), ("b", &[2]), ("c", &[0]), ("caller", &[0])]);
        let after = graph(&[
            ("a", &[1]),
            ("b", &[2]),
            ("c changed", &[0]),
            ("caller", &[0]),
        ]);
        assert!(before.iter().zip(&after).all(|(a, b)| a != b));
        let mut unique = before.clone();
        unique.sort();
        unique.dedup();
        assert_eq!(unique.len(), 4);
    }

    #[test]
    fn a_call_to_itself_is_not_no_call() {
        assert_ne!(graph(&[("a", &[0])]), graph(&[("a", &[])]));
        assert_eq!(graph(&[("a", &[7])]), graph(&[("a", &[])]));
    }

    #[test]
    fn deep_chains_and_wide_cycles_do_not_overflow() {
        let own = Digest::of(b"x");
        let count = 200_000u32;
        let mut nodes: Vec<Node> = (0..count)
            .map(|at| Node {
                own,
                edges: vec![at + 1],
            })
            .collect();
        assert_eq!(of_graph(&nodes).len(), count as usize);
        nodes[count as usize - 1].edges = vec![0];
        assert_eq!(components(&nodes).0.len(), 1);
        assert_eq!(of_graph(&nodes).len(), count as usize);
    }
}
