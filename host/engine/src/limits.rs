//! How much memory one guest may have, all its linear memories and tables together.

use wasmtime::ResourceLimiter;

/// Entries that all tables of one guest may have together.
const TABLE_ELEMENTS_MAX: usize = 1 << 20;
/// What a table entry costs the host.
const TABLE_ELEMENT_BYTES: usize = size_of::<usize>();
/// Instances, memories and tables of one guest. A component of many bricks has a few hundred.
const PARTS_MAX: usize = 10_000;

/// Counts a guest's memory and refuses what goes beyond its bound; the guest sees `memory.grow` fail, as it would on
/// a machine without more memory. [`MemoryLimiter::was_refused`] tells afterwards whether that ever happened.
#[derive(Debug)]
pub struct MemoryLimiter {
    bytes_max: usize,
    bytes: usize,
    table_elements: usize,
    refused: bool,
}

impl MemoryLimiter {
    /// A limiter for one guest.
    pub fn new(bytes_max: usize) -> MemoryLimiter {
        MemoryLimiter {
            bytes_max,
            bytes: 0,
            table_elements: 0,
            refused: false,
        }
    }

    /// Whether the guest ever asked for more than it may have.
    pub fn was_refused(&self) -> bool {
        self.refused
    }

    /// The bound.
    pub fn bytes_max(&self) -> usize {
        self.bytes_max
    }

    /// What the guest has now.
    pub fn bytes(&self) -> usize {
        self.bytes
    }
}

impl ResourceLimiter for MemoryLimiter {
    fn memory_growing(
        &mut self,
        current: usize,
        desired: usize,
        maximum: Option<usize>,
    ) -> wasmtime::Result<bool> {
        let more = desired.saturating_sub(current);
        let total = self.bytes.saturating_add(more);
        let fits = total <= self.bytes_max;
        if !fits {
            self.refused = true;
        } else if maximum.is_none_or(|maximum| desired <= maximum) {
            self.bytes = total;
        }
        Ok(fits)
    }

    fn table_growing(
        &mut self,
        current: usize,
        desired: usize,
        _maximum: Option<usize>,
    ) -> wasmtime::Result<bool> {
        let more = desired.saturating_sub(current);
        let elements = self.table_elements.saturating_add(more);
        let total = self
            .bytes
            .saturating_add(more.saturating_mul(TABLE_ELEMENT_BYTES));
        let fits = elements <= TABLE_ELEMENTS_MAX && total <= self.bytes_max;
        if fits {
            self.table_elements = elements;
            self.bytes = total;
        } else {
            self.refused = true;
        }
        Ok(fits)
    }

    fn instances(&self) -> usize {
        PARTS_MAX
    }

    fn tables(&self) -> usize {
        PARTS_MAX
    }

    fn memories(&self) -> usize {
        PARTS_MAX
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn several_memories_share_one_bound() {
        let mut limiter = MemoryLimiter::new(100);
        assert!(limiter.memory_growing(0, 60, None).unwrap());
        assert!(!limiter.was_refused());
        assert!(!limiter.memory_growing(0, 60, None).unwrap());
        assert!(limiter.was_refused());
        assert!(limiter.memory_growing(0, 40, None).unwrap());
        assert_eq!(limiter.bytes(), 100);
    }
}
