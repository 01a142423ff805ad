//! `docs/bir.md` is right: a program encoded by its rules alone, without LILY's encoder, is read as what it says.
#![allow(clippy::unwrap_used, reason = "a test that panics has failed")]

use lly_bir::{Call, Digest, Program, UnitKind};

fn text(out: &mut Vec<u8>, text: &str) {
    // All texts here are shorter than 128 bytes: one byte of length.
    out.push(text.len() as u8);
    out.extend(text.as_bytes());
}

#[test]
fn a_program_written_by_the_page_is_read() {
    let mut out = b"LILY-BIR".to_vec();
    out.extend(1_u32.to_le_bytes());
    out.push(1);
    text(&mut out, "calc");
    text(&mut out, "sum");
    out.push(1);
    text(&mut out, "main");
    text(&mut out, "_start");
    out.push(0);
    text(&mut out, "main()");
    out.push(1);
    text(&mut out, "sum.calc");
    out.extend([0xac, 0x02, 0, 0xac, 0x02]);
    out.push(42);
    out.push(2);
    out.extend([0, 0]);
    out.push(1);
    text(&mut out, "write");
    out.extend([0, 1, 0, 0, 0, 0]);
    out.extend([7; 32]);
    out.push(0);
    out.push(1);
    text(&mut out, "sum.o");
    out.extend(Digest::of(b"payload").as_bytes());
    text(&mut out, "payload");
    let program = Program::decode(&out).unwrap();
    let unit = &program.units[0];
    assert_eq!(
        (unit.name.as_str(), unit.kind),
        ("main", UnitKind::Function)
    );
    assert_eq!(unit.span.as_ref().unwrap().line, 300);
    assert_eq!(
        unit.calls,
        [Call::Unit(0), Call::External("write".to_owned())]
    );
    assert!(unit.address_taken && !unit.calls_indirect);
    assert_eq!(program.encode(), out);
}
