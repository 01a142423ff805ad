//! Remembers which CAP holds a slug, so that raptor is not asked at every request. Answers are trusted for a moment
//! only; while raptor cannot be reached, an older answer is better than none (absence of news is not news of absence).

use std::{
    collections::HashMap,
    future::Future,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use tokio::sync::OnceCell;

/// Slugs remembered; a scan over invented names pushes out the oldest and nothing more.
const ENTRIES_MAX: usize = 10_000;

/// A known place is asked for again after this long.
const FRESH: Duration = Duration::from_secs(2);

/// An unknown slug is asked for again sooner: someone has perhaps just deployed it.
const FRESH_UNKNOWN: Duration = Duration::from_millis(500);

/// A known place is used at most this long while raptor cannot be asked.
const STALE_MAX: Duration = Duration::from_secs(60);

/// Where slugs are, as last heard.
#[derive(Debug)]
pub struct RouteCache<R> {
    entries: Mutex<HashMap<String, Entry<R>>>,
}

#[derive(Debug, Clone)]
struct Entry<R> {
    asked: Instant,
    answer: Arc<OnceCell<Option<R>>>,
    /// The last known place, for when asking fails.
    before: Option<(Instant, R)>,
}

impl<R> Default for RouteCache<R> {
    fn default() -> Self {
        Self {
            entries: Mutex::default(),
        }
    }
}

impl<R: Clone> RouteCache<R> {
    /// The place of `slug`; `ask` is called when nothing fresh is known, once for all who wait.
    pub async fn find<E, F>(
        &self,
        slug: &str,
        now: Instant,
        ask: impl FnOnce() -> F,
    ) -> Result<Option<R>, E>
    where
        F: Future<Output = Result<Option<R>, E>>,
    {
        let entry = self.entry(slug, now);
        match entry.answer.get_or_try_init(ask).await {
            Ok(answer) => Ok(answer.clone()),
            Err(error) => match entry.before {
                Some((when, place)) if now.saturating_duration_since(when) < STALE_MAX => {
                    Ok(Some(place))
                }
                _ => Err(error),
            },
        }
    }

    /// Forgets a place that turned out to be wrong.
    pub fn forget(&self, slug: &str) {
        self.lock().remove(slug);
    }

    fn entry(&self, slug: &str, now: Instant) -> Entry<R> {
        let mut entries = self.lock();
        let before = match entries.get(slug) {
            Some(entry) if entry.is_fresh(now) => return entry.clone(),
            Some(entry) => entry.last_known(),
            None => None,
        };
        if entries.len() >= ENTRIES_MAX && !entries.contains_key(slug) {
            make_room(&mut entries, now);
        }
        let entry = Entry {
            asked: now,
            answer: Arc::default(),
            before,
        };
        entries.insert(slug.to_owned(), entry.clone());
        entry
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<String, Entry<R>>> {
        self.entries.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<R: Clone> Entry<R> {
    fn is_fresh(&self, now: Instant) -> bool {
        let age = now.saturating_duration_since(self.asked);
        match self.answer.get() {
            Some(Some(_)) => age < FRESH,
            // Not answered yet (or asking failed): whoever comes now waits for, or retries, the same question.
            Some(None) | None => age < FRESH_UNKNOWN,
        }
    }

    fn last_known(&self) -> Option<(Instant, R)> {
        match self.answer.get() {
            Some(Some(place)) => Some((self.asked, place.clone())),
            Some(None) => None,
            None => self.before.clone(),
        }
    }
}

/// Drops what is not fresh, and if that is not enough, the older half.
fn make_room<R: Clone>(entries: &mut HashMap<String, Entry<R>>, now: Instant) {
    entries.retain(|_, entry| entry.is_fresh(now));
    if entries.len() >= ENTRIES_MAX {
        let mut times: Vec<Instant> = entries.values().map(|entry| entry.asked).collect();
        let middle = times.len() / 2;
        let (_, median, _) = times.select_nth_unstable(middle);
        let median = *median;
        entries.retain(|_, entry| entry.asked > median);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::cell::Cell;

    #[tokio::test]
    async fn answers_age() {
        let cache = RouteCache::default();
        let start = Instant::now();
        let asked = Cell::new(0);
        let find = async |after: Duration, answer: Result<Option<u8>, ()>| {
            cache
                .find("fox", start + after, || {
                    asked.set(asked.get() + 1);
                    async move { answer }
                })
                .await
        };
        let moment = Duration::from_millis(1);
        let known = FRESH_UNKNOWN + moment;
        assert_eq!(find(Duration::ZERO, Ok(None)).await, Ok(None));
        assert_eq!(
            find(moment, Ok(Some(1))).await,
            Ok(None),
            "an unknown slug is remembered for a moment"
        );
        assert_eq!(find(known, Ok(Some(1))).await, Ok(Some(1)));
        assert_eq!(find(known + moment, Ok(Some(2))).await, Ok(Some(1)));
        assert_eq!(asked.get(), 2);
        assert_eq!(
            find(known + FRESH, Err(())).await,
            Ok(Some(1)),
            "raptor is silent: the old place is tried"
        );
        assert_eq!(find(known + FRESH + STALE_MAX, Err(())).await, Err(()));
        cache.forget("fox");
        assert_eq!(find(known, Ok(Some(3))).await, Ok(Some(3)));
    }

    #[tokio::test]
    async fn a_scan_does_not_fill_the_memory() {
        let cache = RouteCache::<u8>::default();
        for number in 0..ENTRIES_MAX * 2 {
            let found: Result<_, ()> = cache
                .find(&number.to_string(), Instant::now(), || async { Ok(None) })
                .await;
            assert_eq!(found, Ok(None));
        }
        assert!(cache.lock().len() <= ENTRIES_MAX);
    }
}
