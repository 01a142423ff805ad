//! What the program asks its host for: the functions of `host.d.ts`, by number. None of them waits.
//!
//! To add one: name it in `host_web::Function`, answer it here, or in `host_web::Web` if it is a function of its arguments.

use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use host_outbound::{Bodies, Event, Files, Id, Incoming, Network, Outbound};
use host_web::{Function, Maps, Value, Web, decode, encode_one};
use tokio::sync::mpsc;

use super::answer;
use super::arguments::Arguments;
use super::exchange::Exchanges;
use super::output::Output;
use super::pool::{Environment, OWN_IDS};
use super::timers::Timers;
use crate::LogStream;
use crate::limits::RANDOM_BYTES_MAX;

/// The longest wait of a timer: what fits in 31 bits, as the prelude has it.
const TIMER_MS_MAX: f64 = 2_147_483_647.0;
/// Standard input's id; a script has no requests.
const STANDARD_INPUT: Id = OWN_IDS;

/// The host's side of one instance.
pub(super) struct Host {
    pub(super) web: Web,
    pub(super) bodies: Bodies,
    pub(super) outbound: Outbound,
    pub(super) files: Files,
    pub(super) exchanges: Exchanges,
    pub(super) timers: Timers,
    pub(super) output: Output,
    pub(super) environment: Environment,
    /// The program's path and what follows it.
    pub(super) arguments: Vec<String>,
    /// What relative paths begin at.
    pub(super) directory: String,
    pub(super) standard_input: Option<Incoming>,
    pub(super) exit_code: i32,
    pub(super) begun: Instant,
}

/// Why a call has no answer.
#[derive(Debug)]
pub(super) enum Refusal {
    /// Thrown in the program as an Error with this message.
    Thrown(String),
    /// The program ends here.
    Exit(i32),
}

impl From<String> for Refusal {
    fn from(message: String) -> Refusal {
        Refusal::Thrown(message)
    }
}

impl Host {
    /// One that has nothing under way, and the events of what will be.
    pub(super) fn new(
        network: Arc<Network>,
        maps: Option<Arc<Maps>>,
        output: Output,
        environment: Environment,
    ) -> (Host, mpsc::UnboundedReceiver<Event>) {
        let (sender, events) = mpsc::unbounded_channel();
        let bodies = Bodies::new(sender.clone());
        let web = Web::new(Box::new(|bytes| rand::fill(bytes)));
        let host = Host {
            web: match maps {
                Some(maps) => web.with_maps(maps),
                None => web,
            },
            outbound: Outbound::new(network, bodies.clone(), sender),
            files: Files::default(),
            exchanges: Exchanges::new(bodies.clone()),
            bodies,
            timers: Timers::default(),
            output,
            environment,
            arguments: Vec::new(),
            directory: "/".to_owned(),
            standard_input: None,
            exit_code: 0,
            begun: Instant::now(),
        };
        (host, events)
    }

    /// Answers one call: messages in, a message out.
    pub(super) fn call(&mut self, function: Function, message: &[u8]) -> Result<Vec<u8>, Refusal> {
        let values = decode(message).map_err(|error| error.to_string())?;
        if let Some(answer) = self.web.answer(function, &values) {
            return Ok(encode_one(&answer?));
        }
        if let Some(answer) = self.files.call(function, &values) {
            return Ok(encode_one(&answer.map_err(|error| error.to_string())?));
        }
        // These two end a request too.
        let is_exchanges = matches!(function, Function::Finish | Function::Abort);
        if !is_exchanges && let Some(answer) = self.bodies.call(function, &values) {
            return Ok(encode_one(&answer));
        }
        if self.outbound.call(function, &values) {
            return Ok(encode_one(&Value::Undefined));
        }
        let answer = self.answer(function, Arguments::new(function, &values))?;
        Ok(encode_one(&answer))
    }

    /// What is neither a function of its arguments, nor a matter of files or of the network.
    fn answer(
        &mut self,
        function: Function,
        given: Arguments<'_>,
    ) -> Result<Value<'static>, Refusal> {
        // All others are answered before; one that is new is refused by its name.
        match function {
            Function::Print => self.print(given, given.text(1)?.as_bytes())?,
            Function::PrintBytes => self.print(given, given.bytes(1)?)?,
            Function::Now => return Ok(Value::Number(milliseconds(since_1970()))),
            Function::Monotonic => return Ok(Value::Number(milliseconds(self.begun.elapsed()))),
            Function::Random => return random(given),
            Function::StartTimer => self.start_timer(given)?,
            Function::StopTimer => self.timers.stop(given.id(0)?),
            Function::Environment => return Ok(self.environment()),
            Function::Arguments => return Ok(list(self.arguments.iter().cloned())),
            Function::CurrentDirectory => return Ok(Value::from(self.directory.clone())),
            Function::Exit => return Err(Refusal::Exit(exit_code(given.number(0)?))),
            Function::ExitCode => self.exit_code = exit_code(given.number(0)?),
            Function::StandardInput => return Ok(self.open_standard_input()),
            Function::Respond => self.respond(given)?,
            Function::Finish => self.exchanges.finish(given.id(0)?),
            Function::Abort => self.exchanges.abort(given.id(0)?, given.text(1)?),
            Function::Hold => self.exchanges.hold(given.id(0)?),
            Function::Release => self.exchanges.release(given.id(0)?),
            other => {
                let name = other.name();
                return Err(Refusal::Thrown(format!(
                    "this host does not answer `{name}`"
                )));
            }
        }
        Ok(Value::Undefined)
    }

    fn print(&mut self, given: Arguments<'_>, bytes: &[u8]) -> Result<(), Refusal> {
        let stream = match given.number(0)? {
            1.0 => LogStream::Stdout,
            2.0 => LogStream::Stderr,
            _ => return Err(given.wrong(0)),
        };
        self.output.print(&mut self.exchanges, stream, bytes);
        Ok(())
    }

    fn start_timer(&mut self, given: Arguments<'_>) -> Result<(), Refusal> {
        let ms = given.number(1)?.clamp(0.0, TIMER_MS_MAX);
        let wait = Duration::try_from_secs_f64(ms / 1000.0).map_err(|_| given.wrong(1))?;
        if self
            .timers
            .start(given.id(0)?, Instant::now() + wait, given.is_true(2))
        {
            return Ok(());
        }
        Err(Refusal::Thrown("too many timers are running".to_owned()))
    }

    fn environment(&self) -> Value<'static> {
        let flat = self
            .environment
            .iter()
            .flat_map(|(name, value)| [name.clone(), value.clone()]);
        list(flat)
    }

    fn open_standard_input(&mut self) -> Value<'static> {
        if let Some(input) = self.standard_input.take() {
            self.bodies.insert(STANDARD_INPUT, input);
        }
        Value::Number(STANDARD_INPUT as f64)
    }

    fn respond(&mut self, given: Arguments<'_>) -> Result<(), Refusal> {
        let head = answer::head(given.number(1)?, given.text(2)?, given.value(3));
        let body = given.body(4)?;
        self.exchanges
            .respond(given.id(0)?, head, body, given.is_true(5));
        Ok(())
    }

    /// Whether something will happen without the program doing more, so that a script is to go on.
    pub(super) fn is_waiting(&self) -> bool {
        self.timers.has_strong() || self.bodies.is_waiting() || self.outbound.is_waiting()
    }
}

impl Drop for Host {
    fn drop(&mut self) {
        // Whoever reads what the program writes must not wait for the rest.
        self.bodies.clear("the program ended");
    }
}

/// Random bytes of the system: as many as the array that is to be filled has.
fn random(given: Arguments<'_>) -> Result<Value<'static>, Refusal> {
    let length = given.bytes(0)?.len();
    if length as u64 > RANDOM_BYTES_MAX {
        let message = format!("more than {RANDOM_BYTES_MAX} random bytes at once");
        return Err(Refusal::Thrown(message));
    }
    let mut bytes = vec![0; length];
    rand::fill(bytes.as_mut_slice());
    Ok(Value::from(bytes))
}

fn list(texts: impl Iterator<Item = String>) -> Value<'static> {
    Value::List(texts.map(Value::from).collect())
}

fn since_1970() -> Duration {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default()
}

/// With a fraction, to the microsecond.
fn milliseconds(time: Duration) -> f64 {
    time.as_micros() as f64 / 1000.0
}

/// As a process has it: the low 32 bits of the number, by which Node goes too.
fn exit_code(number: f64) -> i32 {
    number as i64 as i32
}
