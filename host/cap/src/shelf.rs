//! What many programs share is loaded once, for as long as one of them has it, and goes with the last.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError, Weak},
};

use lly_brick::Digest;

/// Things by the digest of what they are made of. The shelf itself keeps none of them alive.
#[derive(Debug)]
pub struct Shelf<T> {
    places: Mutex<HashMap<Digest, Arc<Place<T>>>>,
}

/// Where one thing is, if it is; whoever loads it holds this, and whoever else wants it waits.
type Place<T> = tokio::sync::Mutex<Weak<T>>;

impl<T> Default for Shelf<T> {
    fn default() -> Self {
        Self {
            places: Mutex::default(),
        }
    }
}

impl<T> Shelf<T> {
    /// The thing of this digest: the one that is here, or what `load` makes.
    pub async fn get<E>(
        &self,
        digest: Digest,
        load: impl Future<Output = Result<T, E>>,
    ) -> Result<Arc<T>, E> {
        let place = self.place(digest);
        let mut here = place.lock().await;
        if let Some(thing) = here.upgrade() {
            return Ok(thing);
        }
        let thing = Arc::new(load.await?);
        *here = Arc::downgrade(&thing);
        Ok(thing)
    }

    /// Whether somebody has the thing of this digest.
    pub fn has(&self, digest: &Digest) -> bool {
        let place = self.places().get(digest).map(Arc::clone);
        place.is_some_and(|place| place.try_lock().is_ok_and(|here| here.strong_count() > 0))
    }

    fn place(&self, digest: Digest) -> Arc<Place<T>> {
        let mut places = self.places();
        // What nobody has and nobody is about to have leaves no trace.
        places.retain(|_, place| {
            Arc::strong_count(place) > 1
                || place.try_lock().is_ok_and(|here| here.strong_count() > 0)
        });
        Arc::clone(places.entry(digest).or_default())
    }

    fn places(&self) -> MutexGuard<'_, HashMap<Digest, Arc<Place<T>>>> {
        self.places.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::{AtomicU32, Ordering};
    use tokio::task::yield_now;

    #[tokio::test]
    async fn a_thing_is_loaded_once_and_goes_with_its_last_holder() {
        let (shelf, loads) = (Shelf::default(), AtomicU32::new(0));
        let load = || async {
            yield_now().await;
            Ok::<_, ()>(loads.fetch_add(1, Ordering::Relaxed))
        };
        let (one, other) = (Digest::of(b"one"), Digest::of(b"other"));
        let (first, second) = tokio::join!(shelf.get(one, load()), shelf.get(one, load()));
        assert_eq!((first, second), (Ok(Arc::new(0)), Ok(Arc::new(0))));
        assert!(!shelf.has(&one));
        let held = shelf.get(one, load()).await.expect("loaded");
        assert!(shelf.has(&one) && !shelf.has(&other));
        let again = shelf.get(one, load()).await.expect("loaded");
        // Nobody held what the first two were given.
        assert_eq!((*held, *again), (1, 1));
        drop((held, again));
        assert_eq!(shelf.get(other, load()).await, Ok(Arc::new(2)));
        assert_eq!(shelf.get(one, load()).await, Ok(Arc::new(3)));
        assert_eq!(
            shelf.places().len(),
            1,
            "only the last asked for has a place"
        );
    }

    #[tokio::test]
    async fn what_could_not_be_loaded_is_tried_again() {
        let shelf = Shelf::default();
        let digest = Digest::of(b"thing");
        assert_eq!(shelf.get(digest, async { Err("no") }).await, Err("no"));
        // One who gives up while loading leaves the place to the next.
        let lost = tokio::select! {
            biased;
            _ = shelf.get(digest, std::future::pending::<Result<u8, &str>>()) => false,
            () = yield_now() => true,
        };
        assert!(lost);
        assert_eq!(
            shelf.get(digest, async { Ok::<_, &str>(7) }).await,
            Ok(Arc::new(7))
        );
    }
}
