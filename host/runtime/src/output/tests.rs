use super::*;

#[derive(Default)]
struct Lines(Mutex<Vec<String>>);

impl LogSink for Lines {
    fn line(&self, stream: LogStream, _request: RequestId, text: &str) {
        lock(&self.0).push(format!("{stream:?}: {text}"));
    }
}

#[track_caller]
fn check(bytes_max: usize, writes: &[(LogStream, &str)], expected: &[&str]) {
    let lines = Arc::new(Lines::default());
    let log = RequestLog::new(lines.clone(), RequestId::fresh(), bytes_max);
    for (stream, text) in writes {
        log.write(*stream, text.as_bytes());
    }
    drop(log);
    assert_eq!(*lock(&lines.0), expected);
}

#[test]
fn writes_become_lines() {
    use LogStream::{Stderr, Stdout};
    check(
        100,
        &[(Stdout, "a\nb"), (Stdout, "c\r\n\n")],
        &["Stdout: a", "Stdout: bc", "Stdout: "],
    );
    check(
        100,
        &[(Stdout, "out"), (Stderr, "err\n"), (Stdout, "put\n")],
        &["Stderr: err", "Stdout: output"],
    );
    check(100, &[(Stderr, "no end")], &["Stderr: no end"]);
    check(100, &[(Stdout, "")], &[]);
}

#[test]
fn a_long_line_is_split() {
    let long = "x".repeat(LOG_LINE_BYTES_MAX);
    let lines = Arc::new(Lines::default());
    let log = RequestLog::new(lines.clone(), RequestId::fresh(), 1 << 20);
    log.write(LogStream::Stdout, format!("{long}rest\n").as_bytes());
    assert_eq!(
        *lock(&lines.0),
        [format!("Stdout: {long}"), "Stdout: rest".to_owned()]
    );
}

#[test]
fn the_cut_is_told_once() {
    use LogStream::{Stderr, Stdout};
    let cut = "System: the output of this request is cut after 5 bytes";
    check(
        5,
        &[(Stdout, "abc\ndef\n"), (Stderr, "more\n")],
        &["Stdout: abc", "Stdout: d", cut],
    );
    check(5, &[(Stdout, "abcd\n")], &["Stdout: abcd"]);
}
