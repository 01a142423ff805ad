//! Every bound of what a program does outside itself, each with its reason.

use std::time::Duration;

/// The longest that a name's look-up, a connection and its handshakes may take together.
pub(crate) const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
/// How long a connection waits for its place among the others. Longer than idle ones are kept, whose places come free.
pub(crate) const PLACE_TIMEOUT: Duration = Duration::from_secs(10);
/// Connections that one instance may have open. Programs fetch dozens of pages at once; each is a file descriptor.
pub(crate) const CONNECTIONS_PER_INSTANCE_MAX: usize = 64;
/// How long an idle connection is kept for the next request: what Node keeps it for.
pub(crate) const IDLE_TIMEOUT: Duration = Duration::from_secs(4);
/// Idle connections kept for one server.
pub(crate) const IDLE_PER_SERVER_MAX: usize = 8;
/// Headers of one answer together; the runtime's own bound for requests.
pub(crate) const HEADER_BYTES_MAX: usize = 64 << 10;
/// Header fields of one answer.
pub(crate) const HEADER_COUNT_MAX: usize = 128;
/// Redirects that one fetch follows: the Fetch Standard's number.
pub(crate) const REDIRECTS_MAX: usize = 20;
/// Content codings upon each other; more than two is nobody's need.
pub(crate) const CODINGS_MAX: usize = 4;
/// A chunk that reaches the program at once: larger ones are cut. A turn of the program handles one chunk.
pub(crate) const CHUNK_BYTES_MAX: usize = 256 << 10;
/// What a decoder gives at once.
pub(crate) const DECODED_CHUNK_BYTES: usize = 64 << 10;
/// What waits of an outgoing body before the program is told to wait.
pub(crate) const OUTGOING_BYTES: usize = 256 << 10;
/// What may wait beyond that when a program writes on without waiting; then its body breaks off. Programs that never
/// wait exist and mean well, so it is large; it must still be far below what a machine has.
pub(crate) const OVERRUN_BYTES_MAX: usize = 64 << 20;
/// The largest message of a socket, either way.
pub(crate) const MESSAGE_BYTES_MAX: usize = 32 << 20;
/// Messages of one socket that have not left yet, together.
pub(crate) const UNSENT_BYTES_MAX: usize = 64 << 20;
/// What may wait in the actor's channel of one socket's messages, together; one message may be larger.
pub(crate) const UNREAD_BYTES: usize = 1 << 20;
/// What a message costs in the actor's channel beyond its bytes, so that empty ones are bounded too.
pub(crate) const MESSAGE_COST_BYTES: usize = 256;
/// Sockets that one instance may have; each holds a connection as well.
pub(crate) const SOCKETS_MAX: usize = 64;
/// How long a socket that has been closed waits for the other side to close too.
pub(crate) const CLOSE_TIMEOUT: Duration = Duration::from_secs(3);
/// Files that one instance may have open; each is a file descriptor of the host.
pub(crate) const OPEN_FILES_MAX: usize = 1024;
/// The largest file that is read at once, and the longest read: it must fit a program's memory.
pub(crate) const READ_BYTES_MAX: u64 = 256 << 20;
/// Entries of one folder: all are named at once.
pub(crate) const FOLDER_ENTRIES_MAX: usize = 1 << 20;
