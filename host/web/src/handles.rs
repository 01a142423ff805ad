//! What the host keeps between calls, by numbers that count up and are never given twice.

use std::collections::HashMap;

/// Things by their handles, bounded in what they weigh together.
pub(crate) struct Handles<T> {
    /// What one is called, for what is said when there is none or too many.
    noun: &'static str,
    weight_max: usize,
    weight: usize,
    last: u32,
    kept: HashMap<u32, (T, usize)>,
}

impl<T> Handles<T> {
    /// `weight_max` is in the unit that the owner weighs them with: pieces, or bytes.
    pub(crate) fn new(noun: &'static str, weight_max: usize) -> Self {
        Self {
            noun,
            weight_max,
            weight: 0,
            last: 0,
            kept: HashMap::new(),
        }
    }

    /// Makes one and keeps it, if there is room for `weight` more.
    pub(crate) fn keep(&mut self, weight: usize, make: impl FnOnce() -> T) -> Result<u32, String> {
        let noun = self.noun;
        let handle = self.last.checked_add(1);
        let (Some(handle), true) = (handle, weight <= self.weight_max - self.weight) else {
            return Err(format!("too many {noun}s are open: end or drop some"));
        };
        self.last = handle;
        self.weight += weight;
        self.kept.insert(handle, (make(), weight));
        Ok(handle)
    }

    pub(crate) fn get(&mut self, handle: u32) -> Result<&mut T, String> {
        let noun = self.noun;
        let found = self.kept.get_mut(&handle);
        found
            .map(|(thing, _)| thing)
            .ok_or_else(|| format!("there is no {noun} {handle}"))
    }

    /// Dropping one that is not there does nothing.
    pub(crate) fn drop(&mut self, handle: u32) {
        if let Some((_, weight)) = self.kept.remove(&handle) {
            self.weight -= weight;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_kept_is_bounded_and_comes_free_again() {
        let mut handles = Handles::new("tub", 10);
        let first = handles.keep(6, || 'a').expect("room");
        assert!(
            handles
                .keep(5, || 'b')
                .is_err_and(|error| error.contains("too many tubs"))
        );
        assert_eq!(handles.get(first).copied(), Ok('a'));
        handles.drop(first);
        handles.drop(first);
        assert!(handles.get(first).is_err());
        let second = handles.keep(10, || 'b').expect("room");
        assert_ne!(first, second);
    }
}
