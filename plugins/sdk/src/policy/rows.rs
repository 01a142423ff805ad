//! The columns of [`Caps`] as rows. `lly plugin new` and `build` give this file to projects in Rust, behind their bindings.

use super::{Caps, Choice};

/// What is known about one host.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Cap {
    /// Where it stands: an index into [`Caps::regions`].
    pub region: u32,
    /// Placements it serves or is starting.
    pub placements: u32,
    /// Memory it has; 0 when it does not know.
    pub memory_bytes_total: u64,
    /// Memory in use.
    pub memory_bytes_used: u64,
    /// CPU in use, thousandths of all its cores.
    pub cpu_permille: u32,
}

impl Cap {
    /// Memory in use, thousandths of what it has. A host that does not know how much that is counts as empty.
    pub fn memory_permille(&self) -> u64 {
        // As `saturating_mul`, for which wasm would need a multiplication of 128 bits.
        let thousandfold = match self.memory_bytes_used <= u64::MAX / 1000 {
            true => self.memory_bytes_used * 1000,
            false => u64::MAX,
        };
        thousandfold
            .checked_div(self.memory_bytes_total)
            .unwrap_or(0)
    }
}

impl Caps {
    /// Every host with its number, which is how a [`Choice`] names it.
    pub fn rows(&self) -> impl Iterator<Item = (u32, Cap)> + '_ {
        let memory = self.memory_bytes_total.iter().zip(&self.memory_bytes_used);
        let counts = self.placements.iter().zip(&self.cpu_permille);
        let columns = self.region.iter().zip(memory).zip(counts);
        (0..).zip(columns).map(|(number, row)| {
            let ((region, (total, used)), (placements, cpu_permille)) = row;
            let cap = Cap {
                region: *region,
                placements: *placements,
                memory_bytes_total: *total,
                memory_bytes_used: *used,
                cpu_permille: *cpu_permille,
            };
            (number, cap)
        })
    }

    /// The number of the region of this name; one that no host has if no host stands there.
    pub fn region_number(&self, name: &str) -> u32 {
        let found = self.regions.iter().position(|region| region == name);
        found
            .and_then(|at| u32::try_from(at).ok())
            .unwrap_or(u32::MAX)
    }

    /// The name of a region.
    pub fn region_name(&self, number: u32) -> Option<&str> {
        let name = self.regions.get(usize::try_from(number).ok()?)?;
        Some(name)
    }

    /// The choice of a policy to which every host there is, if there is one, has too little memory left.
    pub fn nobody(&self) -> Choice {
        let reason = match self.region.len() {
            0 => "there is no healthy CAP".to_owned(),
            count => format!("all {count} CAPs are out of memory"),
        };
        Choice { cap: None, reason }
    }
}

/// A fleet from the name of each host's region and what is known about it, for tests; the row's own `region` is not read.
impl<'a> FromIterator<(&'a str, Cap)> for Caps {
    fn from_iter<T: IntoIterator<Item = (&'a str, Cap)>>(rows: T) -> Caps {
        let mut caps = Caps {
            regions: Vec::new(),
            region: Vec::new(),
            placements: Vec::new(),
            memory_bytes_total: Vec::new(),
            memory_bytes_used: Vec::new(),
            cpu_permille: Vec::new(),
        };
        for (region, cap) in rows {
            if !caps.regions.iter().any(|known| known == region) {
                caps.regions.push(region.to_owned());
            }
            caps.region.push(caps.region_number(region));
            caps.placements.push(cap.placements);
            caps.memory_bytes_total.push(cap.memory_bytes_total);
            caps.memory_bytes_used.push(cap.memory_bytes_used);
            caps.cpu_permille.push(cap.cpu_permille);
        }
        caps
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cap(used: u64, total: u64) -> Cap {
        Cap {
            memory_bytes_used: used,
            memory_bytes_total: total,
            ..Cap::default()
        }
    }

    #[test]
    fn rows_are_what_they_were_made_of() {
        let caps: Caps = [
            ("west", cap(1, 10)),
            ("east", cap(2, 20)),
            ("west", cap(3, 30)),
        ]
        .into_iter()
        .collect();
        let rows: Vec<_> = caps
            .rows()
            .map(|(number, cap)| {
                let region = caps.region_name(cap.region).unwrap_or("nowhere");
                (number, region, cap.memory_bytes_used)
            })
            .collect();
        assert_eq!(rows, [(0, "west", 1), (1, "east", 2), (2, "west", 3)]);
        assert_eq!(caps.region_number("east"), 1);
        assert_eq!(caps.region_name(caps.region_number("north")), None);
        assert_eq!(caps.nobody().reason, "all 3 CAPs are out of memory");
        let none: Caps = [].into_iter().collect();
        assert_eq!(none.nobody().reason, "there is no healthy CAP");
    }

    #[test]
    fn thousandths_of_absurd_numbers() {
        assert_eq!(cap(1, 3).memory_permille(), 333);
        assert_eq!(cap(7, 0).memory_permille(), 0);
        for used in [u64::MAX / 1000, u64::MAX / 1000 + 1, u64::MAX] {
            let wanted = used.saturating_mul(1000) / 7;
            assert_eq!(cap(used, 7).memory_permille(), wanted);
        }
    }
}
