//! Source maps of a program: where the user wrote what a stack shows.

use std::collections::BTreeMap;
use std::sync::OnceLock;

use oxc_sourcemap::SourceMap;

use crate::arguments::Arguments;
use crate::wire::{Value, WireError, decode};

/// The maps of one program by the paths of its modules. Each is read when its module is first asked for.
#[derive(Debug, Default)]
pub struct Maps {
    modules: BTreeMap<String, Module>,
}

#[derive(Debug)]
struct Module {
    json: String,
    /// None: the map is broken, which only costs the translation.
    map: OnceLock<Option<Lines>>,
}

/// Where each piece of each line came from.
#[derive(Debug)]
struct Lines {
    sources: Vec<String>,
    /// By line and column, both from 0.
    pieces: Vec<Piece>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Piece {
    line: u32,
    column: u32,
    /// None: nobody wrote this piece.
    from: Option<(u32, u32, u32)>,
}

impl Maps {
    /// From a message of a brick's section `lily:maps`: path, map, path, map … What is not that is left out.
    ///
    /// # Errors
    /// The message is none.
    pub fn new(message: &[u8]) -> Result<Self, WireError> {
        let values = decode(message)?;
        let modules = values.chunks_exact(2).filter_map(|pair| {
            let (path, json) = (pair[0].as_text()?, pair[1].as_text()?);
            let module = Module {
                json: json.to_owned(),
                map: OnceLock::new(),
            };
            Some((path.to_owned(), module))
        });
        Ok(Self {
            modules: modules.collect(),
        })
    }

    /// Where a place in a module came from: the source as the map names it, line and column. Both count from 1, in and out.
    pub fn position(&self, path: &str, line: u32, column: u32) -> Option<(&str, u32, u32)> {
        let module = self.modules.get(path)?;
        let lines = module.map.get_or_init(|| Lines::read(&module.json));
        lines
            .as_ref()?
            .position(line.checked_sub(1)?, column.saturating_sub(1))
    }

    /// `position(path, line, column)`
    pub(crate) fn answer(&self, arguments: Arguments<'_>) -> Result<Value<'static>, String> {
        let path = arguments.text(0)?;
        let line = arguments.integer(1, 0, u32::MAX)?;
        let column = arguments.integer(2, 0, u32::MAX)?;
        let Some((source, line, column)) = self.position(path, line, column) else {
            return Ok(Value::Null);
        };
        Ok(Value::List(vec![
            Value::from(source.to_owned()),
            Value::from(f64::from(line)),
            Value::from(f64::from(column)),
        ]))
    }
}

impl Lines {
    fn read(json: &str) -> Option<Self> {
        let map = SourceMap::from_json_string(json).ok()?;
        let root = map.get_source_root().unwrap_or_default();
        let root = if root.is_empty() || root.ends_with('/') {
            root.to_owned()
        } else {
            format!("{root}/")
        };
        let sources = map.get_sources().map(|source| format!("{root}{source}"));
        let pieces = map.get_tokens().map(|token| Piece {
            line: token.get_dst_line(),
            column: token.get_dst_col(),
            from: token
                .get_source_id()
                .map(|id| (id, token.get_src_line(), token.get_src_col())),
        });
        let mut lines = Self {
            sources: sources.collect(),
            pieces: pieces.collect(),
        };
        // The crate takes their order on trust.
        lines.pieces.sort_by_key(|piece| (piece.line, piece.column));
        Some(lines)
    }

    fn position(&self, line: u32, column: u32) -> Option<(&str, u32, u32)> {
        let after = self
            .pieces
            .partition_point(|piece| (piece.line, piece.column) <= (line, column));
        // Before the first piece of a line: that piece, as a function's own place may lie left of its name.
        let before = after.checked_sub(1).and_then(|at| self.pieces.get(at));
        let piece = before
            .filter(|piece| piece.line == line)
            .or_else(|| self.pieces.get(after).filter(|piece| piece.line == line))?;
        let (source, line, column) = piece.from?;
        let source = self.sources.get(source as usize)?;
        Some((source, line.checked_add(1)?, column.checked_add(1)?))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::encode;

    /// Line 1: nothing; line 2: column 0 is nobody's, column 2 is a.ts 1:1, column 6 is b.ts 3:5.
    const MAP: &str = r#"{"version":3,"sourceRoot":"src","sources":["a.ts","b.ts"],"names":[],"mappings":";A,EAAA,ICEI"}"#;

    fn maps(rows: &[(&str, &str)]) -> Maps {
        let values: Vec<_> = rows
            .iter()
            .flat_map(|(path, json)| [Value::from(*path), Value::from(*json)])
            .collect();
        Maps::new(&encode(&values)).expect("a message")
    }

    #[test]
    fn places_are_found_by_line_and_column() {
        let maps = maps(&[("/a.js", MAP)]);
        assert_eq!(maps.position("/a.js", 2, 1), None);
        assert_eq!(maps.position("/a.js", 2, 3), Some(("src/a.ts", 1, 1)));
        assert_eq!(maps.position("/a.js", 2, 6), Some(("src/a.ts", 1, 1)));
        assert_eq!(maps.position("/a.js", 2, 7), Some(("src/b.ts", 3, 5)));
        assert_eq!(
            maps.position("/a.js", 2, u32::MAX),
            Some(("src/b.ts", 3, 5))
        );
        for (path, line, column) in [("/a.js", 1, 1), ("/a.js", 3, 1), ("/b.js", 2, 1)] {
            assert_eq!(maps.position(path, line, column), None);
        }
        assert_eq!(maps.position("/a.js", 0, 0), None);
    }

    #[test]
    fn broken_maps_only_cost_the_translation() {
        let huge =
            r#"{"version":3,"sources":["a"],"names":[],"mappings":"gggggggggggggggggggggB"}"#;
        let ids = r#"{"version":3,"sources":[],"names":[],"mappings":"AAAA,CA+8F"}"#;
        for broken in ["", "{", "[]", "null", "{\"mappings\":1}", huge, ids] {
            let maps = maps(&[("/a.js", broken)]);
            assert_eq!(maps.position("/a.js", 1, 1), None, "{broken}");
        }
        assert!(Maps::new(&[1, 2]).is_err());
        assert_eq!(Maps::default().position("/a.js", 1, 1), None);
        // Every cut and every changed byte of a good map.
        for at in 0..MAP.len() {
            for byte in [0, b'"', b'A', b'/', b',', b';', b'}', b'9'] {
                let mut changed = MAP.as_bytes().to_vec();
                changed[at] = byte;
                let changed = String::from_utf8_lossy(&changed).into_owned();
                let maps = maps(&[("/a.js", changed.as_str()), ("/b.js", &MAP[..at])]);
                maps.position("/a.js", 2, 7);
                assert_eq!(maps.position("/b.js", 2, 7), None);
            }
        }
    }
}
