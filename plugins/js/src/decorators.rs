//! What TypeScript's own decorators (`experimentalDecorators`) call when they run: three functions, in modules that are
//! there for every program and left out of those that do not need them.
//!
//! The standard's decorators are another thing, which the engine does not have: who writes them is told.

use oxc::ast::ast::{Decorator, Program};
use oxc::ast_visit::VisitJs;
use oxc::span::GetSpan;

use crate::types::SourceFile;

/// The package that the transformer imports them from.
pub const PACKAGE: &str = "@lily/decorators";

/// The functions, under the names that the transformer knows.
const FUNCTIONS: [(&str, &str); 3] = [
    (
        // Without a key it is a class. `null` asks for the descriptor that is there; a field has none.
        "decorate",
        "module.exports = function decorate(decorators, target, key, descriptor) {
  const isClass = arguments.length < 3;
  let result = isClass ? target : descriptor === null ? Object.getOwnPropertyDescriptor(target, key) : descriptor;
  for (const decorator of decorators.toReversed()) {
    if (typeof decorator !== \"function\") continue;
    result = (isClass ? decorator(result) : decorator(target, key, result)) || result;
  }
  if (!isClass && result) Object.defineProperty(target, key, result);
  return result;
};
",
    ),
    (
        "decorateParam",
        "module.exports = function decorateParam(index, decorator) {
  return (target, key) => void decorator(target, key, index);
};
",
    ),
    (
        // A package, `reflect-metadata`, brings what keeps it.
        "decorateMetadata",
        "module.exports = function decorateMetadata(key, value) {
  if (typeof Reflect.metadata === \"function\") return Reflect.metadata(key, value);
};
",
    ),
];

/// Their modules.
pub fn files() -> Vec<SourceFile> {
    let file = |(name, text): &(&str, &str)| SourceFile {
        path: format!("node_modules/{PACKAGE}/helpers/{name}.cjs"),
        contents: text.as_bytes().to_vec(),
    };
    FUNCTIONS.iter().map(file).collect()
}

/// The offset of the first decorator that a program still has.
pub fn first(program: &Program<'_>) -> Option<u32> {
    let mut first = First(None);
    first.visit_program(program);
    first.0
}

struct First(Option<u32>);

impl<'a> VisitJs<'a> for First {
    fn visit_decorator(&mut self, one: &Decorator<'a>) {
        self.0.get_or_insert(one.span().start);
    }
}
