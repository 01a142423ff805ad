//! Bodies by id, without a network.

use bytes::Bytes;
use futures_util::{StreamExt, stream};
use host_outbound::{Bodies, Event, incoming_of_bytes, incoming_of_reader};
use host_web::{Hook, Value};
use tokio::io::AsyncWriteExt;
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};

fn bodies() -> (Bodies, UnboundedReceiver<Event>) {
    let (sender, receiver) = unbounded_channel();
    (Bodies::new(sender), receiver)
}

async fn next(events: &mut UnboundedReceiver<Event>) -> (Hook, Vec<Value<'static>>) {
    let event = events.recv().await.unwrap();
    (event.hook, event.arguments)
}

#[tokio::test]
async fn one_pull_one_event() {
    let (bodies, mut events) = bodies();
    let (mut writer, reader) = tokio::io::duplex(64);
    bodies.insert(7, incoming_of_reader(reader));
    bodies.pull(7);
    bodies.pull(7);
    assert!(bodies.is_waiting());
    writer.write_all(b"abc").await.unwrap();
    let chunk = Value::from(&b"abc"[..]);
    assert_eq!(
        next(&mut events).await,
        (Hook::Body, vec![Value::from(7.0), chunk])
    );
    assert!(!bodies.is_waiting());
    drop(writer);
    assert!(events.try_recv().is_err());
    bodies.pull(7);
    assert_eq!(next(&mut events).await, (Hook::End, vec![Value::from(7.0)]));
    bodies.pull(7);
    bodies.pull(8);
    assert!(events.try_recv().is_err());
}

#[tokio::test]
async fn large_chunks_are_cut_and_empty_ones_left_out() {
    let (bodies, mut events) = bodies();
    let chunks = [Bytes::new(), Bytes::from(vec![1; 600 << 10]), Bytes::new()];
    bodies.insert(1, Box::pin(stream::iter(chunks.map(Ok))));
    let mut sizes = Vec::new();
    loop {
        bodies.pull(1);
        let (hook, arguments) = next(&mut events).await;
        match arguments.get(1) {
            Some(Value::Bytes(chunk)) => sizes.push(chunk.len() >> 10),
            _ => break assert_eq!(hook, Hook::End),
        }
    }
    assert_eq!(sizes, [256, 256, 88]);
}

#[tokio::test]
async fn what_breaks_off_says_why_once() {
    let (bodies, mut events) = bodies();
    let broken = stream::iter([Ok(Bytes::from("a")), Err("why".to_owned())]);
    bodies.insert(1, Box::pin(broken));
    bodies.pull(1);
    assert_eq!(next(&mut events).await.0, Hook::Body);
    bodies.pull(1);
    let expected = vec![Value::from(1.0), Value::from("why")];
    assert_eq!(next(&mut events).await, (Hook::Failed, expected));
    bodies.pull(1);
    assert!(events.try_recv().is_err());
}

#[tokio::test]
async fn what_goes_out_waits_for_room() {
    let (bodies, mut events) = bodies();
    let mut outgoing = bodies.outgoing(1, 4);
    assert!(bodies.write(1, Bytes::from("ab")));
    assert!(!bodies.write(1, Bytes::from("cdef")));
    assert!(bodies.is_waiting());
    assert_eq!(outgoing.next().await, Some(Ok(Bytes::from("ab"))));
    assert!(events.try_recv().is_err());
    assert_eq!(outgoing.next().await, Some(Ok(Bytes::from("cdef"))));
    assert_eq!(
        next(&mut events).await,
        (Hook::Room, vec![Value::from(1.0)])
    );
    assert!(!bodies.is_waiting());
    bodies.finish(1);
    bodies.finish(1);
    assert!(bodies.write(1, Bytes::from("late")));
    assert_eq!(outgoing.next().await, None);
    assert_eq!(outgoing.next().await, None);
}

#[tokio::test]
async fn nobody_reads_what_goes_out_any_more() {
    let (bodies, mut events) = bodies();
    let outgoing = bodies.outgoing(1, 1);
    assert!(!bodies.write(1, Bytes::from("ab")));
    drop(outgoing);
    assert_eq!(next(&mut events).await.0, Hook::Room);
    assert!(bodies.write(1, Bytes::from("ab")));
    bodies.finish(1);
    assert!(!bodies.is_waiting() && events.try_recv().is_err());
}

#[tokio::test]
async fn who_never_waits_is_stopped() {
    let (bodies, _events) = bodies();
    let mut outgoing = bodies.outgoing(1, 1);
    let chunk = Bytes::from(vec![0; 16 << 20]);
    let mut written = 0;
    // Each chunk is the same memory: only its count matters.
    while !bodies.write(1, chunk.clone()) {
        written += chunk.len();
        assert!(written < 1 << 30);
    }
    let message = outgoing.next().await.unwrap().unwrap_err();
    assert!(message.contains("without waiting for room"), "{message}");
    assert!(!bodies.is_waiting());
}

#[tokio::test]
async fn an_abort_ends_both_directions() {
    let (bodies, mut events) = bodies();
    let mut outgoing = bodies.outgoing(1, 10);
    let (_writer, reader) = tokio::io::duplex(64);
    bodies.insert(1, incoming_of_reader(reader));
    bodies.pull(1);
    bodies.write(1, Bytes::from("lost"));
    bodies.abort(1, "broken off");
    assert_eq!(outgoing.next().await, Some(Err("broken off".to_owned())));
    assert_eq!(outgoing.next().await, None);
    assert!(!bodies.is_waiting() && events.try_recv().is_err());
    // And all at once, when the instance ends.
    let mut outgoing = bodies.outgoing(2, 10);
    bodies.insert(3, incoming_of_bytes(Bytes::from("x")));
    bodies.clear("the program ended");
    assert_eq!(
        outgoing.next().await,
        Some(Err("the program ended".to_owned()))
    );
    bodies.pull(3);
    assert!(events.try_recv().is_err());
}

#[tokio::test]
async fn a_body_may_be_dropped_while_the_other_goes_on() {
    let (bodies, mut events) = bodies();
    let mut outgoing = bodies.outgoing(1, 10);
    let (writer, reader) = tokio::io::duplex(64);
    bodies.insert(1, incoming_of_reader(reader));
    bodies.pull(1);
    bodies.drop(1);
    // The reader is gone once its task has been.
    let mut writer = writer;
    while writer.write_all(b"x").await.is_ok() {
        tokio::task::yield_now().await;
    }
    assert!(bodies.write(1, Bytes::from("on")));
    bodies.finish(1);
    assert_eq!(outgoing.next().await, Some(Ok(Bytes::from("on"))));
    assert_eq!(outgoing.next().await, None);
    assert!(events.try_recv().is_err());
}
