//! The same sources give the same bytes: other folder, other time, other number of cores.

use tests_kit::Home;

#[test]
fn two_checkouts_give_identical_bundles() {
    let mut bundles = Vec::new();
    for (folder, jobs) in [("here", "-j1"), ("some/where/else", "-j2")] {
        let home = Home::new();
        home.write(
            &format!("{folder}/lly.toml"),
            "name = \"twice\"\nsources = [\"main.c\", \"src/part.cpp\"]\nassets = \"assets\"\n",
        );
        home.write(&format!("{folder}/assets/a.txt"), "a");
        home.write(&format!("{folder}/assets/sub/b.txt"), "b");
        home.write(
            &format!("{folder}/main.c"),
            "#include <stdio.h>\n#include <assert.h>\nint part(int);\nint main(void) { assert(part(1)); printf(\"%s %s\\n\", __FILE__, __DATE__); }\n",
        );
        home.write(&format!("{folder}/src/part.cpp"), "#include <string>\nextern \"C\" int part(int x) { return std::string(x, 'x').size(); }\n");
        home.lly_with(["compile", "-g", jobs, "-o", "out.brick"], b"", |command| {
            command.current_dir(home.work().join(folder));
        })
        .success();
        bundles.push(std::fs::read(home.work().join(folder).join("out.brick")).unwrap());
    }
    assert!(
        bundles[0] == bundles[1],
        "two builds differ: {} and {} bytes",
        bundles[0].len(),
        bundles[1].len()
    );
}

#[test]
fn no_path_of_this_machine_is_in_a_bundle() {
    let home = Home::new();
    home.write(
        "main.c",
        "#include <stdio.h>\nint main(void) { puts(__FILE__); }\n",
    );
    home.lly(["compile", "-g", "main.c", "-o", "out.brick"])
        .success();
    home.lly(["bundle", "unpack", "out.brick", "-o", "unpacked"])
        .success();
    let secret = home.work().to_string_lossy().into_owned();
    let mut folders = vec![home.work().join("unpacked")];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            let bytes = std::fs::read(&path).unwrap();
            assert!(
                !bytes
                    .windows(secret.len())
                    .any(|part| part == secret.as_bytes()),
                "{}",
                path.display()
            );
        }
    }
    assert_eq!(home.lly(["run", "out.brick"]).success().stdout, "main.c\n");
}
