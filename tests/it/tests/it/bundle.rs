//! `lly bundle …`: a look at what is in the file, and what differs between two.

use tests_kit::Home;

const ONE: &str = "#include <stdio.h>\n__attribute__((noinline)) int twice(int x) { return x * 2; }\n\
                   __attribute__((noinline)) int thrice(int x) { return x * 3; }\n\
                   int main(int argc, char **argv) { printf(\"%d %d\\n\", twice(argc), thrice(argc)); return 0; }\n";

#[test]
fn inspect_unpack_and_verify() {
    let home = Home::new();
    home.write("one.c", ONE);
    home.compile("one", ["one.c"]);
    let inspected = home.json(["bundle", "inspect", "one.brick", "--full"]);
    assert!(
        inspected["$type"]
            .as_str()
            .is_some_and(|kind| kind.starts_with("lily.bundle")),
        "{inspected}"
    );
    home.lly(["bundle", "unpack", "one.brick", "-o", "unpacked"])
        .success();
    let manifest = std::fs::read(home.work().join("unpacked/manifest.json")).unwrap();
    let manifest: serde_json::Value = serde_json::from_slice(&manifest).unwrap();
    assert_eq!(manifest["name"], "one");
    let module = std::fs::read(home.work().join("unpacked/modules/one.wasm")).unwrap();
    assert_eq!(&module[..4], b"\0asm");
    assert_eq!(
        manifest["bricks"][0]["digest"],
        lly_brick::Digest::of(&module).to_string()
    );
    // Unpacking again does not write over what is there.
    home.lly(["bundle", "unpack", "one.brick", "-o", "unpacked"])
        .exits(1)
        .says("unpacked");
    // A local build carries no signature, and verify says so.
    home.lly(["bundle", "verify", "one.brick"])
        .exits(1)
        .says("sign");
}

#[test]
fn diff_names_the_units_that_changed() {
    let home = Home::new();
    home.write("one.c", ONE);
    home.compile("before", ["one.c"]);
    home.write("one.c", ONE.replace("x * 3", "x * 3 + 1"));
    home.compile("after", ["one.c"]);
    let same = home.lly(["bundle", "diff", "before.brick", "before.brick"]);
    assert!(!same.stdout.contains("thrice"), "{}", same.stdout);
    let output = home.lly(["bundle", "diff", "before.brick", "after.brick"]);
    assert!(
        output.stdout.contains("thrice"),
        "{}\n{}",
        output.stdout,
        output.stderr
    );
    assert!(!output.stdout.contains("twice"), "{}", output.stdout);
}
