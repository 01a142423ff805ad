//! The forms of a program: binary there and back, hostile bytes, text, JSON, DOT.
#![allow(clippy::unwrap_used, reason = "a test ends there")]

use lly_bir::{
    Call, Data, DataKind, DecodeError, Digest, Invalid, Object, Program, SCHEMA, Span, Unit,
    UnitKind, json, text,
};

fn unit(name: &str) -> Unit {
    Unit {
        name: name.into(),
        symbol: name.into(),
        kind: UnitKind::Function,
        signature: format!("void {name}(void)"),
        span: None,
        size_bytes: 10,
        calls: vec![],
        calls_indirect: false,
        address_taken: false,
        reads: vec![],
        writes: vec![],
        escapes: vec![],
        object: 0,
        digest: Digest::of(name.as_bytes()),
    }
}

fn data(name: &str, kind: DataKind) -> Data {
    Data {
        name: name.into(),
        symbol: name.into(),
        kind,
        size_bytes: 4,
        object: Some(0),
        data: vec![],
        units: vec![],
        digest: Digest::of(name.as_bytes()),
    }
}

fn program() -> Program {
    let span = Span {
        file: "src/a.c".into(),
        line: 3,
        column: 5,
        end_line: 9,
    };
    Program {
        schema: SCHEMA,
        language: "c".into(),
        name: "demo".into(),
        units: vec![
            Unit {
                span: Some(span),
                calls: vec![
                    Call::Unit(1),
                    Call::Unit(2),
                    Call::External("printf".into()),
                ],
                calls_indirect: true,
                reads: vec![0, 1, 2],
                writes: vec![0],
                ..unit("main")
            },
            Unit {
                object: 0,
                address_taken: true,
                ..unit("help")
            },
            Unit {
                object: 1,
                calls: vec![Call::Unit(2)],
                escapes: vec![0],
                ..unit("help")
            },
        ],
        data: vec![
            data("counter", DataKind::Variable),
            Data {
                units: vec![1],
                data: vec![2],
                ..data("table", DataKind::Constant)
            },
            data(".L.str", DataKind::Literal),
        ],
        objects: vec![
            Object::new("src/a.c.o", b"\0asm one".to_vec()),
            Object::new("src/b.c.o", b"\0asm two".to_vec()),
        ],
    }
}

#[test]
fn there_and_back() {
    let program = program();
    let bytes = program.encode();
    assert_eq!(bytes, program.encode());
    assert_eq!(Program::decode(&bytes).unwrap(), program);
}

#[test]
fn what_is_wrong_is_said() {
    let bytes = program().encode();
    assert!(matches!(Program::decode(b""), Err(DecodeError::Magic)));
    assert!(matches!(
        Program::decode(b"\0asm\x01\0\0\0\0\0\0\0"),
        Err(DecodeError::Magic)
    ));
    let mut newer = bytes.clone();
    newer[8] = 9;
    assert!(matches!(
        Program::decode(&newer),
        Err(DecodeError::Schema { found: 9 })
    ));
    let mut longer = bytes.clone();
    longer.push(0);
    assert!(matches!(
        Program::decode(&longer),
        Err(DecodeError::Trailing { bytes: 1 })
    ));
    for cut in 12..bytes.len() {
        assert!(
            matches!(Program::decode(&bytes[..cut]), Err(DecodeError::Damaged(_))),
            "{cut}"
        );
    }
}

#[test]
fn contradictions_are_found() {
    type Change = fn(&mut Program);
    let cases: [(Change, &str); 13] = [
        (|p| p.schema = 7, "the program says schema 7"),
        (|p| p.units[1].object = 2, "unit 1 names object 2, of 2"),
        (
            |p| p.units[0].calls = vec![Call::Unit(3)],
            "unit 0 names unit 3, of 3",
        ),
        (
            |p| p.units[0].reads = vec![0, 3],
            "unit 0 names data 3, of 3",
        ),
        (
            |p| p.units[0].writes = vec![1, 1],
            "the list of data of unit 0 is not in order",
        ),
        (
            |p| p.units[2].escapes = vec![9],
            "unit 2 names data 9, of 3",
        ),
        (
            |p| p.units[2].reads = vec![7, 2],
            "the list of data of unit 2 is not in order",
        ),
        (
            |p| p.units[0].span.as_mut().unwrap().end_line = 2,
            "the place of unit 0 is impossible: lines 3 to 2",
        ),
        (
            |p| {
                let span = p.units[0].span.clone().unwrap();
                p.units[1].object = p.units[0].object;
                p.units[1].span = Some(Span {
                    line: 8,
                    end_line: 12,
                    ..span
                });
            },
            "units 0 and 1 overlap in `src/a.c`, and neither holds the other",
        ),
        (
            |p| p.data[0].object = Some(5),
            "data 0 names object 5, of 2",
        ),
        (
            |p| p.data[1].units = vec![u32::MAX],
            "data 1 names unit 4294967295, of 3",
        ),
        (|p| p.data[1].data = vec![3], "data 1 names data 3, of 3"),
        (
            |p| p.objects[0].bytes.push(0),
            "object `src/a.c.o` does not have the bytes that its digest stands for",
        ),
    ];
    for (change, expected) in cases {
        let mut program = program();
        change(&mut program);
        let Err(DecodeError::Invalid(problem)) = Program::decode(&program.encode()) else {
            panic!("accepted: {expected}");
        };
        assert_eq!(problem.to_string(), expected);
        assert!(!matches!(problem, Invalid::Schema { found: SCHEMA }));
    }
}

/// Bytes from a counter: the same on every run.
struct Noise(u64);

impl Noise {
    fn next(&mut self) -> u64 {
        self.0 = self
            .0
            .wrapping_mul(6364136223846793005)
            .wrapping_add(1442695040888963407);
        self.0 >> 33
    }

    fn below(&mut self, bound: usize) -> usize {
        self.next() as usize % bound
    }
}

#[test]
fn damaged_bytes_never_panic_and_what_is_accepted_can_be_shown() {
    let good = program().encode();
    let mut noise = Noise(1);
    for _ in 0..60_000 {
        let mut bytes = good.clone();
        for _ in 0..=noise.below(4) {
            let at = 12 + noise.below(bytes.len() - 12);
            match noise.below(4) {
                0 => bytes[at] = noise.next() as u8,
                1 => bytes[at] ^= 1 << noise.below(8),
                2 => bytes[at] = 0xff,
                _ => bytes.truncate(at.max(13)),
            }
        }
        if let Ok(program) = Program::decode(&bytes) {
            let _ = text::render(&program);
            let _ = text::dot(&program);
            let _ = json::document(&program);
            assert_eq!(Program::decode(&program.encode()).unwrap(), program);
        }
    }
}

#[test]
fn a_claimed_length_allocates_nothing_by_itself() {
    // A program whose lists and strings claim 2^60 entries each: read to the end of the input, then refused.
    let mut bytes = b"LILY-BIR\x01\0\0\0\x01".to_vec();
    for _ in 0..64 {
        bytes.extend_from_slice(&[0xff; 8]);
        bytes.push(0x0f);
    }
    assert!(matches!(
        Program::decode(&bytes),
        Err(DecodeError::Damaged(_))
    ));
    // Empty strings, then a unit list that claims 2^28 units but holds none.
    let bytes = b"LILY-BIR\x01\0\0\0\x01\0\0\x80\x80\x80\x80\x01";
    assert!(matches!(
        Program::decode(bytes),
        Err(DecodeError::Damaged(_))
    ));
}

#[test]
fn text_is_readable() {
    let mut program = program();
    program.data[0].name = "count\u{1b}[2Jer".into();
    let digits = |name: &str| Digest::of(name.as_bytes()).short();
    let expected = format!(
        "program demo (c): 3 units, 30 bytes of code, 2 objects

function main  src/a.c:3-9  10 bytes  {main}
  signature void main(void)
  calls     help [src/a.c.o], help [src/b.c.o], printf (external), (through a pointer)
  reads     count\\u{{1b}}[2Jer, table
  writes    count\\u{{1b}}[2Jer

function help  10 bytes  {help}
  signature void help(void)
  address taken

function help  10 bytes  {help}
  signature void help(void)
  calls     help [src/b.c.o]
  escapes   count\\u{{1b}}[2Jer

variable count\\u{{1b}}[2Jer  4 bytes  {counter}

constant table  4 bytes  {table}
  units     help [src/a.c.o]
",
        main = digits("main"),
        help = digits("help"),
        counter = digits("counter"),
        table = digits("table"),
    );
    assert_eq!(text::render(&program), expected);
}

#[test]
fn json_has_a_type_and_everything_but_the_payload() {
    let program = program();
    let json = serde_json::to_value(json::document(&program)).unwrap();
    assert_eq!(json["$type"], "lily.bir/1");
    assert_eq!(json["units"][0]["kind"], "function");
    assert_eq!(json["units"][0]["span"]["line"], 3);
    let calls = serde_json::json!([{"unit": 1}, {"unit": 2}, {"external": "printf"}]);
    assert_eq!(json["units"][0]["calls"], calls);
    assert_eq!(json["data"][2]["kind"], "literal");
    assert_eq!(json["objects"][1]["size_bytes"], 8);
    let digest = json["objects"][1]["digest"].as_str().unwrap();
    assert!(
        digest.starts_with("sha256:") && digest.len() == 71,
        "{digest}"
    );
}

#[test]
fn the_graph_quotes_what_it_draws() {
    let mut program = program();
    program.units[0].name = "operator\"\"_s\\".into();
    let dot = text::dot(&program);
    assert!(dot.contains("label=\"operator\\\"\\\"_s\\\\\""), "{dot}");
    assert!(dot.contains("  u0 -> u1;\n"), "{dot}");
    assert!(dot.contains("  u0 -> d0 [style=dashed];\n"), "{dot}");
    assert!(
        dot.contains("\"printf\" [shape=plaintext, fontcolor=gray];\n"),
        "{dot}"
    );
    assert!(!dot.contains(".L.str"), "{dot}");
}
