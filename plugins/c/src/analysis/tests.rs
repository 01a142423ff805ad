//! Objects made by hand, so that each rule is shown on the smallest code that needs it. What clang writes is covered by
//! the golden dumps in `tests/bir`.

mod builder;

use lly_bir::{Call, DataKind, Object, Program, Unit};

use super::program;
use builder::Piece::{self, Address, Load, Slot, Store};
use builder::{
    ADD, BLOCK, Builder, DROP, END, GLOBAL, IF, LOAD, LOCAL, LOOP, STORE, WEAK, constant, get, raw,
    set,
};

fn analysed(objects: &[Builder]) -> Program {
    let names = ["a.c.o", "b.c.o", "c.c.o"];
    let objects = objects
        .iter()
        .zip(names)
        .map(|(builder, name)| builder.build(name))
        .collect();
    let program = program("test", objects).unwrap();
    assert_eq!(Program::decode(&program.encode()).unwrap(), program);
    program
}

fn unit<'a>(program: &'a Program, symbol: &str) -> &'a Unit {
    program
        .units
        .iter()
        .find(|unit| unit.symbol == symbol)
        .unwrap()
}

/// What a function of this code reads, writes and lets out, by name.
fn effects(code: &[Piece]) -> [String; 3] {
    let program = analysed(&[Builder::default()
        .function("f", GLOBAL, code)
        .import("other")
        .variable("one", GLOBAL)
        .variable("two", LOCAL)
        .data("fixed", LOCAL, ".rodata", &[7, 0, 0, 0], &[])]);
    let unit = unit(&program, "f");
    [&unit.reads, &unit.writes, &unit.escapes].map(|list| {
        let names = list
            .iter()
            .map(|index| program.data[*index as usize].name.as_str());
        names.collect::<Vec<_>>().join(" ")
    })
}

fn check(code: &[Piece], reads: &str, writes: &str, escapes: &str) {
    assert_eq!(effects(code), [reads, writes, escapes]);
}

#[test]
fn immediates_of_loads_and_stores_are_reads_and_writes() {
    check(&[constant(0), Load("one"), raw(DROP)], "one", "", "");
    check(&[constant(0), constant(5), Store("two")], "", "two", "");
    check(&[get(0), Load("fixed"), raw(DROP)], "fixed", "", "");
}

#[test]
fn addresses_are_followed_through_arithmetic_and_locals() {
    let code = [
        Address("one"),
        get(0),
        raw(ADD),
        set(1),
        get(1),
        raw(LOAD),
        raw(DROP),
    ];
    check(&code, "one", "", "");
    let code = [
        Address("one"),
        set(1),
        Address("two"),
        set(1),
        get(1),
        constant(1),
        raw(STORE),
    ];
    check(&code, "", "two", "");
    let code = [
        Address("one"),
        constant(0),
        raw(&[0x46]),
        set(1),
        get(1),
        Piece::Call("other"),
    ];
    check(&code, "", "", "");
}

#[test]
fn what_is_stored_or_passed_on_escapes() {
    check(&[Address("one"), Piece::Call("other")], "one", "one", "one");
    check(&[get(0), Address("two"), raw(STORE)], "two", "two", "two");
    check(
        &[Address("fixed"), Piece::Call("other")],
        "fixed",
        "",
        "fixed",
    );
}

#[test]
fn branches_join() {
    let code = [
        Address("one"),
        set(1),
        get(0),
        raw(IF),
        Address("two"),
        set(1),
        raw(END),
        get(1),
        constant(1),
        raw(STORE),
    ];
    check(&code, "", "one two", "");
    // The branch leaves with `one`; what comes after it in the block is not seen there.
    let code = [
        Address("one"),
        set(1),
        raw(BLOCK),
        raw(&[0x0c, 0]),
        Address("two"),
        set(1),
        raw(END),
        get(1),
        raw(LOAD),
        raw(DROP),
    ];
    check(&code, "one", "", "");
    // select
    let code = [
        Address("one"),
        Address("two"),
        get(0),
        raw(&[0x1b]),
        raw(LOAD),
        raw(DROP),
    ];
    check(&code, "one two", "", "");
}

#[test]
fn a_loop_is_gone_round_until_nothing_is_new() {
    // Local 2 gets its address from local 1, which gets one only later in the loop.
    let code = [
        raw(LOOP),
        get(2),
        raw(LOAD),
        raw(DROP),
        get(1),
        set(2),
        Address("two"),
        set(1),
        get(0),
        raw(&[0x0d, 0]),
        raw(END),
    ];
    check(&code, "two", "", "");
}

#[test]
fn what_is_thrown_finds_the_handler() {
    // block; try_table (catch_all 0); local.set; call; local.set; end; end; load through the local
    let code = [
        raw(BLOCK),
        raw(&[0x1f, 0x40, 1, 0x02, 0]),
        Address("one"),
        set(1),
        get(0),
        Piece::Call("other"),
        constant(0),
        set(1),
        raw(END),
        raw(&[0x0f]),
        raw(END),
        get(1),
        raw(LOAD),
        raw(DROP),
    ];
    check(&code, "one", "", "");
}

#[test]
fn what_is_not_understood_may_do_anything() {
    // A lane load that is not among the known accesses would be wrong to skip: `i32.atomic.rmw8.add_u offset=one`.
    let code = [
        Address("two"),
        constant(1),
        raw(&[0xfe, 0x20, 0, 0]),
        raw(DROP),
    ];
    check(&code, "two", "two", "two");
    // The old exceptions: try, end.
    let code = [
        raw(&[0x06, 0x40]),
        constant(0),
        Load("one"),
        raw(DROP),
        raw(END),
    ];
    check(&code, "one", "one", "one");
}

#[test]
fn units_are_merged_as_the_linker_does() {
    let call = |name| [get(0), Piece::Call(name)];
    let program = analysed(&[
        Builder::default()
            .function(
                "main",
                GLOBAL,
                &[get(0), Piece::Call("shared"), get(0), Piece::Call("helper")],
            )
            .function("shared", WEAK, &[])
            .function("helper", LOCAL, &[]),
        Builder::default()
            .function("shared", WEAK, &[])
            .function("helper", LOCAL, &[constant(0), Load("state"), raw(DROP)])
            .function("second", GLOBAL, &call("helper"))
            .variable("state", GLOBAL),
        Builder {
            outside: vec!["state", "nowhere"],
            ..Builder::default()
        }
        .function(
            "third",
            GLOBAL,
            &[
                get(0),
                Piece::Call("second"),
                get(0),
                Piece::Call("printf"),
                constant(0),
                Load("state"),
                Load("nowhere"),
                raw(DROP),
            ],
        )
        .import("second")
        .import("printf"),
    ]);
    let symbols: Vec<(&str, u32)> = program
        .units
        .iter()
        .map(|unit| (unit.symbol.as_str(), unit.object))
        .collect();
    let expected = [
        ("main", 0),
        ("shared", 0),
        ("helper", 0),
        ("helper", 1),
        ("second", 1),
        ("third", 2),
    ];
    assert_eq!(symbols, expected);
    assert_eq!(unit(&program, "main").calls, [Call::Unit(1), Call::Unit(2)]);
    assert_eq!(unit(&program, "second").calls, [Call::Unit(3)]);
    let third = unit(&program, "third");
    assert_eq!(
        third.calls,
        [Call::Unit(4), Call::External("printf".into())]
    );
    assert_eq!(third.reads, [0, 1]);
    assert_eq!(program.data[1].kind, DataKind::External);
}

#[test]
fn addresses_are_taken_in_code_and_in_data() {
    let program = analysed(&[Builder {
        initializers: vec!["early"],
        ..Builder::default()
    }
    .function("f", GLOBAL, &[Slot("callback"), Piece::Call("other")])
    .function("callback", LOCAL, &[])
    .function("entry", LOCAL, &[])
    .function("early", LOCAL, &[])
    .import("other")
    .data("table", LOCAL, ".rodata", &[0; 8], &["entry", "state"])
    .variable("state", LOCAL)]);
    let taken = |name| unit(&program, name).address_taken;
    assert_eq!(
        [taken("f"), taken("callback"), taken("entry")],
        [false, true, true]
    );
    assert_eq!(
        (&program.data[0].units, &program.data[0].data),
        (&vec![2], &vec![1])
    );
    assert_eq!(program.data[0].kind, DataKind::Constant);
    assert_eq!(unit(&program, "early").kind.as_str(), "initializer");
}

#[test]
fn digests_follow_meaning_and_not_place() {
    let text = |bytes: &'static [u8]| {
        move |builder: Builder, name| builder.data(name, LOCAL, ".rodata", bytes, &[])
    };
    let caller = [
        get(0),
        Piece::Call("callee"),
        Address(".L.str"),
        Piece::Call("callee"),
    ];
    let base = || {
        let builder = Builder::default().function("caller", GLOBAL, &caller);
        text(b"hi")(
            builder.function("callee", LOCAL, &[constant(1), raw(DROP)]),
            ".L.str",
        )
    };
    let digest = |builder: Builder| unit(&analysed(&[builder]), "caller").digest;
    let before = digest(base());
    // Others come before it, in code and in data, and the literal gets another number.
    let moved = [
        get(0),
        Piece::Call("callee"),
        Address(".L.str.1"),
        Piece::Call("callee"),
    ];
    let builder = Builder::default()
        .function("new", GLOBAL, &[constant(9), raw(DROP)])
        .function("callee", LOCAL, &[constant(1), raw(DROP)])
        .function("caller", GLOBAL, &moved)
        .variable("other", GLOBAL);
    let builder = text(b"hi")(text(b"something else")(builder, ".L.str"), ".L.str.1");
    assert_eq!(digest(builder), before);
    // The callee changes.
    let builder = Builder::default().function("caller", GLOBAL, &caller);
    let changed = builder.function("callee", LOCAL, &[constant(2), raw(DROP)]);
    assert_ne!(digest(text(b"hi")(changed, ".L.str")), before);
    // The text changes.
    let builder = Builder::default().function("caller", GLOBAL, &caller);
    let same = builder.function("callee", LOCAL, &[constant(1), raw(DROP)]);
    assert_ne!(digest(text(b"ho")(same, ".L.str")), before);
}

#[test]
fn damaged_objects_are_refused_or_read_but_never_panic() {
    let good = Builder::default()
        .function(
            "f",
            GLOBAL,
            &[
                get(0),
                Piece::Call("g"),
                Address("one"),
                raw(LOAD),
                raw(DROP),
            ],
        )
        .function("g", WEAK, &[Slot("f"), Piece::Call("other")])
        .import("other")
        .variable("one", GLOBAL)
        .data("table", LOCAL, ".rodata", &[0; 8], &["f", "one"])
        .build("a.c.o")
        .bytes;
    for at in 8..good.len() {
        for value in [
            0,
            1,
            0x7f,
            0x80,
            0xff,
            good[at] ^ 1,
            good[at].wrapping_add(1),
        ] {
            let mut bytes = good.clone();
            bytes[at] = value;
            if let Ok(program) = program("damaged", vec![Object::new("a.c.o", bytes)]) {
                Program::decode(&program.encode()).unwrap();
            }
        }
        let _ = program("cut", vec![Object::new("a.c.o", good[..at].to_vec())]);
    }
    let problem = program("x", vec![Object::new("x.o", b"ELF".to_vec())]).unwrap_err();
    assert_eq!(problem.to_string(), "object `x.o` is damaged");
}
