//! The functions of files as a program calls them: values in, a value or the name of a failure out.

use host_web::{Function, Value};

use super::state::FileError;
use super::{Answer, Files};
use crate::event::number;

impl Files {
    /// Answers a function of host.d.ts's Files; nothing when `function` is none of them. `readAt` takes the array to be
    /// filled, or its length, and answers the bytes that were read.
    pub fn call(
        &mut self,
        function: Function,
        arguments: &[Value<'_>],
    ) -> Option<Result<Value<'static>, FileError>> {
        let of = Arguments(arguments);
        Some(match function {
            Function::ReadFile => of
                .text(0)
                .and_then(|path| self.read_file(path))
                .map(Value::from),
            Function::OpenFile => self.call_open(&of).map(number),
            Function::CloseFile => nothing(of.id(0).and_then(|handle| self.close(handle))),
            Function::ReadAt => self.call_read(&of).map(Value::from),
            Function::WriteAt => self.call_write(&of),
            Function::TruncateFile => {
                nothing(of.id(0).and_then(|handle| self.truncate(handle, of.id(1)?)))
            }
            Function::SyncFile => nothing(of.id(0).and_then(|handle| self.sync(handle))),
            Function::StatHandle => of
                .id(0)
                .and_then(|handle| self.stat_handle(handle))
                .map(|state| state.value()),
            Function::StatFile => of
                .text(0)
                .and_then(|path| self.stat(path, of.is_true(1)))
                .map(|state| state.value()),
            Function::ReadFolder => of.text(0).and_then(|path| self.call_folder(path)),
            Function::MakeFolder => nothing(
                of.text(0)
                    .and_then(|path| self.make_folder(path, of.bits(1)?)),
            ),
            Function::RemoveFile => nothing(of.text(0).and_then(|path| self.remove_file(path))),
            Function::RemoveFolder => nothing(of.text(0).and_then(|path| self.remove_folder(path))),
            Function::RenameFile => {
                nothing(of.text(0).and_then(|from| self.rename(from, of.text(1)?)))
            }
            Function::LinkFile => nothing(of.text(0).and_then(|from| self.link(from, of.text(1)?))),
            Function::LinkSymbolically => nothing(
                of.text(0)
                    .and_then(|target| self.link_symbolically(target, of.text(1)?)),
            ),
            Function::ReadLink => of
                .text(0)
                .and_then(|path| self.read_link(path))
                .map(Value::from),
            Function::SetFileTimes => nothing(
                of.text(0)
                    .and_then(|path| self.set_times(path, of.number(1)?, of.number(2)?)),
            ),
            Function::ChangeMode => nothing(
                of.text(0)
                    .and_then(|path| self.change_mode(path, of.bits(1)?)),
            ),
            _ => return None,
        })
    }

    fn call_open(&mut self, of: &Arguments<'_>) -> Answer<u64> {
        self.open(of.text(0)?, of.bits(1)?, of.bits(2)?)
    }

    fn call_read(&self, of: &Arguments<'_>) -> Answer<Vec<u8>> {
        let length = match of.0.get(1) {
            Some(Value::Bytes(into)) => into.len() as u64,
            _ => of.id(1)?,
        };
        self.read_at(of.id(0)?, length, of.position(2)?)
    }

    fn call_write(&self, of: &Arguments<'_>) -> Answer<Value<'static>> {
        let bytes = of.0.get(1).and_then(Value::as_bytes);
        let bytes = bytes.ok_or(FileError("EINVAL"))?;
        let count = self.write_at(of.id(0)?, bytes, of.position(2)?)?;
        Ok(number(count as u64))
    }

    fn call_folder(&self, path: &str) -> Answer<Value<'static>> {
        let entries = self.read_folder(path)?.into_iter();
        let flat = entries.flat_map(|(name, kind)| [Value::from(name), Value::from(kind.name())]);
        Ok(Value::List(flat.collect()))
    }
}

fn nothing(answer: Answer<()>) -> Answer<Value<'static>> {
    answer.map(|()| Value::Undefined)
}

/// What a program passed; anything else than what was to be there is `EINVAL`.
struct Arguments<'a>(&'a [Value<'a>]);

impl Arguments<'_> {
    fn text(&self, at: usize) -> Answer<&str> {
        self.0
            .get(at)
            .and_then(Value::as_text)
            .ok_or(FileError("EINVAL"))
    }

    fn number(&self, at: usize) -> Answer<f64> {
        self.0
            .get(at)
            .and_then(Value::as_number)
            .ok_or(FileError("EINVAL"))
    }

    /// A whole number that is not negative.
    fn id(&self, at: usize) -> Answer<u64> {
        let number = self.number(at)?;
        if number < 0.0 || number.fract() != 0.0 || number >= 2f64.powi(53) {
            return Err(FileError("EINVAL"));
        }
        Ok(number as u64)
    }

    fn bits(&self, at: usize) -> Answer<u32> {
        u32::try_from(self.id(at)?).map_err(|_| FileError("EINVAL"))
    }

    /// −1 is no position.
    fn position(&self, at: usize) -> Answer<Option<u64>> {
        if self.number(at)? < 0.0 {
            return Ok(None);
        }
        self.id(at).map(Some)
    }

    fn is_true(&self, at: usize) -> bool {
        self.0.get(at).is_some_and(Value::is_true)
    }
}
