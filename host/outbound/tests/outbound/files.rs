//! Files through the functions as a program calls them, in folders of this machine.

use host_outbound::{Access, FileError, Files, Grant, GrantError};
use host_web::{Function, Value};
use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};
use std::path::Path;
use tempfile::TempDir;

const READ: u32 = 0;
const WRITE: u32 = 1;
const READ_WRITE: u32 = 2;
const CREATE: u32 = 64;
const EXCLUSIVE: u32 = 128;
const TRUNCATE: u32 = 512;
const APPEND: u32 = 1024;

/// `/data` may be changed, `/app` only read; beside both lies `secret`.
struct Stage {
    folder: TempDir,
    files: Files,
}

impl Stage {
    fn new() -> Stage {
        let folder = TempDir::new().unwrap();
        for name in ["data", "app"] {
            fs::create_dir(folder.path().join(name)).unwrap();
        }
        fs::write(folder.path().join("secret"), "secret").unwrap();
        fs::write(folder.path().join("app/main"), "program").unwrap();
        let grant = |guest: &str, host: &str, access| Grant {
            guest: guest.to_owned(),
            host: folder.path().join(host),
            access,
        };
        let grants = [
            grant("/data", "data", Access::Write),
            grant("/app", "app", Access::Read),
        ];
        let files = Files::new(&grants).unwrap();
        Stage { folder, files }
    }

    fn call(
        &mut self,
        function: Function,
        arguments: &[Value<'_>],
    ) -> Result<Value<'static>, &'static str> {
        let answer = self
            .files
            .call(function, arguments)
            .expect("a function of files");
        answer.map_err(|FileError(name)| name)
    }

    fn host(&self, path: &str) -> std::path::PathBuf {
        self.folder.path().join(path)
    }

    fn open(&mut self, path: &str, flags: u32) -> Result<f64, &'static str> {
        let arguments = [
            Value::from(path),
            Value::from(f64::from(flags)),
            Value::from(f64::from(0o640)),
        ];
        self.call(Function::OpenFile, &arguments)
            .map(|handle| handle.as_number().unwrap())
    }

    fn write(&mut self, handle: f64, text: &str, position: f64) -> Result<f64, &'static str> {
        let arguments = [
            Value::from(handle),
            Value::from(text.as_bytes()),
            Value::from(position),
        ];
        self.call(Function::WriteAt, &arguments)
            .map(|count| count.as_number().unwrap())
    }

    fn read(&mut self, handle: f64, length: f64, position: f64) -> Result<String, &'static str> {
        let arguments = [
            Value::from(handle),
            Value::from(length),
            Value::from(position),
        ];
        let bytes = self.call(Function::ReadAt, &arguments)?;
        Ok(String::from_utf8(bytes.as_bytes().unwrap().to_vec()).unwrap())
    }

    fn stat(&mut self, path: &str, follow: bool) -> Result<Vec<Value<'static>>, &'static str> {
        match self.call(
            Function::StatFile,
            &[Value::from(path), Value::from(follow)],
        )? {
            Value::List(state) => Ok(state),
            other => panic!("{other:?}"),
        }
    }
}

fn texts<'a>(paths: &[&'a str]) -> Vec<Value<'a>> {
    paths.iter().map(|path| Value::from(*path)).collect()
}

#[test]
fn a_file_is_written_and_read() {
    let mut stage = Stage::new();
    let file = stage.open("/data/a", CREATE | WRITE | TRUNCATE).unwrap();
    assert_eq!(stage.write(file, "hello world", -1.0), Ok(11.0));
    assert_eq!(stage.write(file, "!", -1.0), Ok(1.0));
    assert_eq!(stage.write(file, "H", 0.0), Ok(1.0));
    assert_eq!(stage.read(file, 5.0, 0.0), Err("EBADF"));
    assert_eq!(
        stage.call(Function::SyncFile, &[Value::from(file)]),
        Ok(Value::Undefined)
    );
    assert_eq!(
        stage.call(Function::CloseFile, &[Value::from(file)]),
        Ok(Value::Undefined)
    );
    assert_eq!(
        stage.call(Function::CloseFile, &[Value::from(file)]),
        Err("EBADF")
    );
    assert_eq!(fs::read(stage.host("data/a")).unwrap(), b"Hello world!");
    let whole = stage.call(Function::ReadFile, &texts(&["/data/a"]));
    assert_eq!(whole, Ok(Value::from(&b"Hello world!"[..])));

    let file = stage.open("/data/a", READ_WRITE).unwrap();
    assert_eq!(stage.read(file, 5.0, -1.0).as_deref(), Ok("Hello"));
    assert_eq!(stage.read(file, 100.0, -1.0).as_deref(), Ok(" world!"));
    assert_eq!(stage.read(file, 100.0, -1.0).as_deref(), Ok(""));
    assert_eq!(stage.read(file, 2.0, 6.0).as_deref(), Ok("wo"));
    let into = [Value::from(file), Value::from(vec![0; 3]), Value::from(0.0)];
    assert_eq!(
        stage.call(Function::ReadAt, &into),
        Ok(Value::from(&b"Hel"[..]))
    );
    let cut = [Value::from(file), Value::from(4.0)];
    assert_eq!(
        stage.call(Function::TruncateFile, &cut),
        Ok(Value::Undefined)
    );
    let Ok(Value::List(state)) = stage.call(Function::StatHandle, &[Value::from(file)]) else {
        panic!("no state");
    };
    assert_eq!(state[..2], [Value::from("file"), Value::from(4.0)]);

    let file = stage.open("/data/a", WRITE | APPEND).unwrap();
    stage.write(file, "!", -1.0).unwrap();
    assert_eq!(fs::read(stage.host("data/a")).unwrap(), b"Hell!");
    assert_eq!(
        stage.open("/data/a", CREATE | EXCLUSIVE | WRITE),
        Err("EEXIST")
    );
    assert_eq!(stage.open("/data/none", READ), Err("ENOENT"));
    assert_eq!(stage.open("/data/a/b", READ), Err("ENOTDIR"));
    assert_eq!(
        stage.call(Function::ReadFile, &texts(&["/data"])),
        Err("EISDIR")
    );
    let mode = fs::metadata(stage.host("data/a")).unwrap().mode() & 0o777;
    assert_eq!(mode & !0o640, 0);
}

#[test]
fn folders_links_names_times_and_modes() {
    let mut stage = Stage::new();
    let mode = |bits: u32| Value::from(f64::from(bits));
    for path in ["/data/d", "/data/d/e"] {
        assert_eq!(
            stage.call(Function::MakeFolder, &[Value::from(path), mode(0o755)]),
            Ok(Value::Undefined)
        );
    }
    let again = [Value::from("/data/d"), mode(0o755)];
    assert_eq!(stage.call(Function::MakeFolder, &again), Err("EEXIST"));
    assert_eq!(
        stage.call(Function::RemoveFolder, &texts(&["/data/d"])),
        Err("ENOTEMPTY")
    );
    assert_eq!(
        stage.call(Function::RemoveFile, &texts(&["/data/d"])),
        Err("EISDIR")
    );
    fs::write(stage.host("data/d/b"), "12345").unwrap();
    let done = Ok(Value::Undefined);
    assert_eq!(
        stage.call(Function::LinkFile, &texts(&["/data/d/b", "/data/d/c"])),
        done
    );
    assert_eq!(
        stage.call(Function::LinkSymbolically, &texts(&["d/b", "/data/l"])),
        done
    );
    assert_eq!(
        stage.call(Function::ReadLink, &texts(&["/data/l"])),
        Ok(Value::from("d/b"))
    );
    assert_eq!(
        stage.call(Function::ReadLink, &texts(&["/data/d/b"])),
        Err("EINVAL")
    );
    let listed = ["b", "file", "c", "file", "e", "folder"];
    assert_eq!(
        stage.call(Function::ReadFolder, &texts(&["/data/d"])),
        Ok(Value::List(texts(&listed)))
    );
    let listed = ["d", "folder", "l", "link"];
    assert_eq!(
        stage.call(Function::ReadFolder, &texts(&["/data"])),
        Ok(Value::List(texts(&listed)))
    );
    assert_eq!(
        stage.call(Function::ReadFolder, &texts(&["/data/l"])),
        Err("ENOTDIR")
    );
    assert_eq!(
        stage.stat("/data/l", false).unwrap()[0],
        Value::from("link")
    );
    let times = [
        Value::from("/data/l"),
        Value::from(1_500.25),
        Value::from(2_000.0),
    ];
    assert_eq!(stage.call(Function::SetFileTimes, &times), done);
    assert_eq!(
        stage.call(Function::ChangeMode, &[Value::from("/data/l"), mode(0o600)]),
        done
    );
    let state = stage.stat("/data/l", true).unwrap();
    let expected = [
        Value::from("file"),
        Value::from(5.0),
        Value::from(1_500.25),
        Value::from(2_000.0),
    ];
    assert_eq!(state[..4], expected);
    let real = fs::metadata(stage.host("data/d/b")).unwrap();
    assert_eq!(state[6], mode(0o600));
    assert_eq!(
        state[7..],
        [real.ino(), 2, real.dev()].map(|one| Value::from(one as f64))
    );
    assert_eq!(
        stage.call(Function::RenameFile, &texts(&["/data/d/c", "/data/c"])),
        done
    );
    assert_eq!(stage.call(Function::RemoveFile, &texts(&["/data/c"])), done);
    assert_eq!(
        stage.call(Function::RemoveFolder, &texts(&["/data/d/e"])),
        done
    );
    assert_eq!(
        stage.call(Function::RemoveFile, &texts(&["/data/none"])),
        Err("ENOENT")
    );
}

#[test]
fn nothing_leads_out_of_a_grant() {
    let mut stage = Stage::new();
    let secret = stage.host("secret");
    symlink(&secret, stage.host("data/absolute")).unwrap();
    symlink("../secret", stage.host("data/relative")).unwrap();
    symlink("..", stage.host("data/up")).unwrap();
    symlink("/", stage.host("data/root")).unwrap();
    symlink("../made", stage.host("data/dangling")).unwrap();
    symlink("loop", stage.host("data/loop")).unwrap();
    let outside = [
        "/data/absolute",
        "/data/relative",
        "/data/up/secret",
        "/data/root/etc/passwd",
        "/data/../secret",
        "/data/./../secret",
        "/secret",
        "/etc/passwd",
        "data/a",
        "",
    ];
    for path in outside {
        assert_eq!(
            stage.call(Function::ReadFile, &texts(&[path])),
            Err("EACCES"),
            "{path}"
        );
        assert_eq!(stage.open(path, READ), Err("EACCES"), "{path}");
        assert_eq!(
            stage.open(path, WRITE | CREATE | TRUNCATE),
            Err("EACCES"),
            "{path}"
        );
        assert_eq!(stage.stat(path, true), Err("EACCES"), "{path}");
        let mode = [Value::from(path), Value::from(511.0)];
        assert_eq!(
            stage.call(Function::ChangeMode, &mode),
            Err("EACCES"),
            "{path}"
        );
        let times = [Value::from(path), Value::from(0.0), Value::from(0.0)];
        assert_eq!(
            stage.call(Function::SetFileTimes, &times),
            Err("EACCES"),
            "{path}"
        );
    }
    assert_eq!(stage.open("/data/dangling", WRITE | CREATE), Err("EACCES"));
    assert_eq!(
        stage.call(Function::ReadFile, &texts(&["/data/loop"])),
        Err("ELOOP")
    );
    for path in ["/data/up", "/data/root"] {
        assert_eq!(
            stage.call(Function::ReadFolder, &texts(&[path])),
            Err("EACCES"),
            "{path}"
        );
        let below = format!("{path}/x");
        let make = [Value::from(below.as_str()), Value::from(511.0)];
        assert_eq!(stage.call(Function::MakeFolder, &make), Err("EACCES"));
        for function in [Function::RenameFile, Function::LinkFile] {
            assert_eq!(
                stage.call(function, &texts(&["/data/loop", &below])),
                Err("EACCES")
            );
        }
    }
    // What a link says may be known, where it leads out not.
    assert_eq!(
        stage.call(Function::ReadLink, &texts(&["/data/relative"])),
        Ok(Value::from("../secret"))
    );
    assert_eq!(
        stage.call(Function::ReadLink, &texts(&["/data/absolute"])),
        Err("EACCES")
    );
    let absolute = texts(&["/etc/passwd", "/data/new"]);
    assert_eq!(
        stage.call(Function::LinkSymbolically, &absolute),
        Err("EACCES")
    );
    assert_eq!(fs::read(&secret).unwrap(), b"secret");
    assert!(!stage.host("made").exists() && !stage.host("x").exists());
}

#[test]
fn what_is_granted_to_be_read_is_not_changed() {
    let mut stage = Stage::new();
    fs::write(stage.host("data/a"), "a").unwrap();
    assert_eq!(
        stage.call(Function::ReadFile, &texts(&["/app/main"])),
        Ok(Value::from(&b"program"[..]))
    );
    for flags in [
        WRITE,
        READ_WRITE,
        CREATE | WRITE,
        READ | TRUNCATE,
        APPEND | WRITE,
        READ | CREATE,
    ] {
        assert_eq!(stage.open("/app/main", flags), Err("EROFS"), "{flags}");
    }
    let one = [Value::from("/app/main"), Value::from(0.0), Value::from(0.0)];
    for function in [
        Function::MakeFolder,
        Function::RemoveFile,
        Function::RemoveFolder,
        Function::SetFileTimes,
        Function::ChangeMode,
    ] {
        assert_eq!(stage.call(function, &one), Err("EROFS"), "{function:?}");
    }
    for (from, to) in [("/app/main", "/data/b"), ("/data/a", "/app/b")] {
        for function in [Function::RenameFile, Function::LinkFile] {
            assert_eq!(
                stage.call(function, &texts(&[from, to])),
                Err("EROFS"),
                "{from} {to}"
            );
        }
    }
    assert_eq!(
        stage.call(Function::LinkSymbolically, &texts(&["main", "/app/l"])),
        Err("EROFS")
    );
    let file = stage.open("/app/main", READ).unwrap();
    assert_eq!(stage.write(file, "x", -1.0), Err("EBADF"));
    let cut = [Value::from(file), Value::from(0.0)];
    assert!(stage.call(Function::TruncateFile, &cut).is_err());
    assert_eq!(fs::read(stage.host("app/main")).unwrap(), b"program");
}

#[test]
fn granted_folders_have_a_way_to_them_and_stay() {
    let mut stage = Stage::new();
    let listed = ["app", "folder", "data", "folder"];
    assert_eq!(
        stage.call(Function::ReadFolder, &texts(&["/"])),
        Ok(Value::List(texts(&listed)))
    );
    assert_eq!(stage.stat("/", true).unwrap()[0], Value::from("folder"));
    assert_eq!(
        stage.stat("/data", false).unwrap()[0],
        Value::from("folder")
    );
    assert_eq!(
        stage.call(Function::ReadLink, &texts(&["/"])),
        Err("EINVAL")
    );
    assert_eq!(
        stage.call(Function::RemoveFolder, &texts(&["/data"])),
        Err("EBUSY")
    );
    assert_eq!(
        stage.call(Function::RenameFile, &texts(&["/data", "/data/x"])),
        Err("EBUSY")
    );
    let make = [Value::from("/new"), Value::from(511.0)];
    assert_eq!(stage.call(Function::MakeFolder, &make), Err("EACCES"));
    assert!(stage.host("data").exists());

    // The innermost grant counts, whatever the order.
    let inner = Grant {
        guest: "/app/cache/".to_owned(),
        host: stage.host("data"),
        access: Access::Write,
    };
    let outer = Grant {
        guest: "/app".to_owned(),
        host: stage.host("app"),
        access: Access::Read,
    };
    stage.files = Files::new(&[inner, outer]).unwrap();
    assert!(stage.open("/app/cache/x", WRITE | CREATE).is_ok());
    assert_eq!(stage.open("/app/x", WRITE | CREATE), Err("EROFS"));
    stage.files = Files::new(&[]).unwrap();
    for path in ["/", "/app/main"] {
        assert_eq!(stage.stat(path, true), Err("EACCES"));
    }
}

#[test]
fn grants_that_are_none() {
    let grant = |guest: &str, host: &Path| {
        let guest = guest.to_owned();
        let host = host.to_owned();
        let access = Access::Read;
        Files::new(&[Grant {
            guest,
            host,
            access,
        }])
    };
    let stage = Stage::new();
    assert!(matches!(
        grant("data", &stage.host("data")),
        Err(GrantError::Guest(_))
    ));
    assert!(matches!(
        grant("/a/../b", &stage.host("data")),
        Err(GrantError::Guest(_))
    ));
    for host in ["none", "secret"] {
        let host = stage.host(host);
        assert!(matches!(grant("/a", &host), Err(GrantError::Open { .. })));
    }
}

#[test]
fn arguments_that_are_none() {
    let mut stage = Stage::new();
    let broken = [Value::Null, Value::from(-1.5), Value::from(f64::NAN)];
    for function in [
        Function::ReadFile,
        Function::OpenFile,
        Function::CloseFile,
        Function::ReadAt,
        Function::WriteAt,
        Function::TruncateFile,
        Function::RenameFile,
        Function::SetFileTimes,
    ] {
        assert_eq!(stage.call(function, &broken), Err("EINVAL"), "{function:?}");
        assert_eq!(stage.call(function, &[]), Err("EINVAL"), "{function:?}");
    }
    let file = stage.open("/data/a", CREATE | READ_WRITE).unwrap();
    for size in [-1.0, 0.5, f64::INFINITY] {
        let cut = [Value::from(file), Value::from(size)];
        assert_eq!(stage.call(Function::TruncateFile, &cut), Err("EINVAL"));
    }
    assert_eq!(stage.open("/data/a", 3), Err("EINVAL"));
    assert_eq!(stage.open("/data/a\0b", READ), Err("EINVAL"));
    for time in [f64::NAN, f64::INFINITY, -1.0, 1e300] {
        let times = [Value::from("/data/a"), Value::from(time), Value::from(0.0)];
        assert_eq!(stage.call(Function::SetFileTimes, &times), Err("EINVAL"));
    }
    assert!(stage.files.call(Function::Print, &[]).is_none());
}

#[test]
fn a_pipe_stops_nobody_and_handles_are_counted() {
    let mut stage = Stage::new();
    let pipe = stage.host("data/pipe");
    rustix::fs::mkfifoat(
        rustix::fs::CWD,
        &pipe,
        rustix::fs::Mode::from_raw_mode(0o600),
    )
    .unwrap();
    assert_eq!(stage.open("/data/pipe", WRITE), Err("ENXIO"));
    assert_eq!(
        stage.call(Function::ReadFile, &texts(&["/data/pipe"])),
        Ok(Value::from(Vec::new()))
    );
    assert_eq!(
        stage.stat("/data/pipe", true).unwrap()[0],
        Value::from("other")
    );
    let mut handles = Vec::new();
    let full = loop {
        match stage.open("/app/main", READ) {
            Ok(handle) => handles.push(handle),
            Err(name) => break name,
        }
        assert!(handles.len() <= 1024);
    };
    assert_eq!(full, "EMFILE");
    stage
        .call(Function::CloseFile, &[Value::from(handles[0])])
        .unwrap();
    assert!(stage.open("/app/main", READ).is_ok());
    let mode = fs::metadata(&pipe).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
}
