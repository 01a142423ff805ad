//! The numbers by which engine and host call each other: the order of `plugins/js/engine/functions.def` and `hooks.def`.

/// Gives an enumeration whose numbers are those of the engine's list, and its names.
macro_rules! numbered {
    ($(#[$about:meta])* $name:ident { $($variant:ident = $word:literal,)* }) => {
        $(#[$about])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        #[repr(u32)]
        pub enum $name {
            $(#[doc = concat!("`", $word, "`")] $variant,)*
        }

        impl $name {
            /// All, in the order of their numbers.
            pub const ALL: &'static [$name] = &[$($name::$variant,)*];

            /// By its number.
            pub fn of(number: u32) -> Option<$name> {
                Self::ALL.get(usize::try_from(number).ok()?).copied()
            }

            /// Its number.
            pub fn number(self) -> u32 {
                self as u32
            }

            /// As JavaScript calls it.
            pub fn name(self) -> &'static str {
                match self {
                    $($name::$variant => $word,)*
                }
            }
        }
    };
}

numbered! {
    /// What the engine asks its host for.
    Function {
        Print = "print",
        Now = "now",
        Monotonic = "monotonic",
        Random = "random",
        StartTimer = "startTimer",
        StopTimer = "stopTimer",
        Decode = "decode",
        EncodingName = "encodingName",
        NewDecoder = "newDecoder",
        PushDecoder = "pushDecoder",
        DropDecoder = "dropDecoder",
        ParseUrl = "parseUrl",
        SetUrl = "setUrl",
        Zip = "zip",
        PushZip = "pushZip",
        DropZip = "dropZip",
        Environment = "environment",
        Arguments = "arguments",
        Exit = "exit",
        ExitCode = "exitCode",
        PrintBytes = "printBytes",
        StandardInput = "standardInput",
        CurrentDirectory = "currentDirectory",
        ReadFile = "readFile",
        OpenFile = "openFile",
        CloseFile = "closeFile",
        ReadAt = "readAt",
        WriteAt = "writeAt",
        TruncateFile = "truncateFile",
        SyncFile = "syncFile",
        StatHandle = "statHandle",
        StatFile = "statFile",
        ReadFolder = "readFolder",
        MakeFolder = "makeFolder",
        RemoveFile = "removeFile",
        RemoveFolder = "removeFolder",
        RenameFile = "renameFile",
        LinkFile = "linkFile",
        LinkSymbolically = "linkSymbolically",
        ReadLink = "readLink",
        SetFileTimes = "setFileTimes",
        ChangeMode = "changeMode",
        Respond = "respond",
        Write = "write",
        Finish = "finish",
        Abort = "abort",
        Pull = "pull",
        Drop = "drop",
        Hold = "hold",
        Release = "release",
        Fetch = "fetch",
        Connect = "connect",
        Send = "send",
        Close = "close",
        Digest = "digest",
        Hmac = "hmac",
        Crypto = "crypto",
        Position = "position",
        ZoneOffset = "zoneOffset",
    }
}

impl Function {
    /// Whether [`Web`](crate::Web) answers it: a function of its arguments, and of what earlier ones of its kind left.
    pub fn is_pure(self) -> bool {
        matches!(
            self,
            Self::Decode
                | Self::EncodingName
                | Self::NewDecoder
                | Self::PushDecoder
                | Self::DropDecoder
                | Self::ParseUrl
                | Self::SetUrl
                | Self::Zip
                | Self::PushZip
                | Self::DropZip
                | Self::Digest
                | Self::Hmac
                | Self::Crypto
                | Self::Position
                | Self::ZoneOffset
        )
    }
}

numbered! {
    /// What the host tells the engine.
    Hook {
        Start = "start",
        BeforeExit = "beforeExit",
        Exiting = "exiting",
        Timer = "timer",
        Request = "request",
        Gone = "gone",
        Body = "body",
        End = "end",
        Failed = "failed",
        Room = "room",
        Response = "response",
        Opened = "opened",
        Message = "message",
        Sent = "sent",
        Closed = "closed",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The names in a list of the engine.
    fn listed(list: &'static str, row: &str) -> Vec<&'static str> {
        let names = list.lines().filter_map(|line| line.strip_prefix(row));
        names
            .filter_map(|rest| rest.split([',', ')']).next())
            .collect()
    }

    #[test]
    fn the_engine_counts_as_the_host_does() {
        let functions = include_str!("../../../plugins/js/engine/functions.def");
        let ours: Vec<_> = Function::ALL.iter().map(|one| one.name()).collect();
        assert_eq!(listed(functions, "FUNCTION("), ours);
        let hooks = include_str!("../../../plugins/js/engine/hooks.def");
        let ours: Vec<_> = Hook::ALL.iter().map(|one| one.name()).collect();
        assert_eq!(listed(hooks, "HOOK("), ours);
        for (at, one) in Function::ALL.iter().enumerate() {
            assert_eq!(Function::of(one.number()), Some(*one));
            assert_eq!(one.number() as usize, at);
        }
        assert_eq!(Function::of(100_000), None);
    }
}
