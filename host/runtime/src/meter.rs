//! How much CPU the instances of a program take: the time of the threads that poll them, while they poll them.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use rustix::time::{ClockId, clock_gettime};

/// CPU time of all instances of one program since it was made ready.
#[derive(Clone, Debug, Default)]
pub(crate) struct CpuMeter(Arc<AtomicU64>);

impl CpuMeter {
    /// So much until now; an instance that runs just now is in it up to its last pause.
    pub(crate) fn total(&self) -> Duration {
        Duration::from_nanos(self.0.load(Ordering::Relaxed))
    }

    /// The same future, measured.
    pub(crate) fn measure<F: Future>(&self, work: F) -> Measured<F> {
        Measured {
            work: Box::pin(work),
            meter: self.clone(),
        }
    }
}

/// A future whose polls are measured.
pub(crate) struct Measured<F> {
    work: Pin<Box<F>>,
    meter: CpuMeter,
}

impl<F: Future> Future for Measured<F> {
    type Output = F::Output;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        let began = thread_nanos();
        let polled = self.work.as_mut().poll(cx);
        let took = thread_nanos().saturating_sub(began);
        self.meter.0.fetch_add(took, Ordering::Relaxed);
        polled
    }
}

/// CPU time of this thread.
fn thread_nanos() -> u64 {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    let seconds = u64::try_from(time.tv_sec).unwrap_or_default();
    let nanos = u64::try_from(time.tv_nsec).unwrap_or_default();
    seconds.saturating_mul(1_000_000_000).saturating_add(nanos)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn work_counts_and_waiting_does_not() {
        let meter = CpuMeter::default();
        meter
            .measure(async {
                tokio::time::sleep(Duration::from_millis(200)).await;
            })
            .await;
        assert!(meter.total() < Duration::from_millis(200), "{meter:?}");
        let before = meter.total();
        // As much work as it takes for this thread to have computed for ten milliseconds.
        meter
            .measure(async {
                let until = thread_nanos() + 10_000_000;
                while thread_nanos() < until {}
                tokio::task::yield_now().await;
            })
            .await;
        assert!(
            meter.total() >= before + Duration::from_millis(10),
            "{meter:?}"
        );
    }
}
