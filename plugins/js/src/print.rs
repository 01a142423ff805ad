//! A module as the engine gets it: plain JavaScript of what is kept, and the map back to the user's text.

use std::path::PathBuf;

use oxc::allocator::{Allocator, Vec as ArenaVec};
use oxc::ast::ast::{ImportDeclarationSpecifier, Statement};
use oxc::codegen::{Codegen, CodegenOptions, CommentOptions};
use oxc::semantic::SemanticBuilder;

use crate::graph::{Graph, Reached};
use crate::shake::Kept;
use crate::syntax::read;

/// A module's text, and its map in the format of the Source Map specification (ECMA-426).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Printed {
    /// JavaScript.
    pub code: String,
    /// JSON.
    pub map: String,
}

/// Prints a module that is code; nothing for one that is a value.
pub fn print(graph: &Graph, module: usize, text: &str, kept: &Kept) -> Option<Printed> {
    let one = &graph.modules[module];
    let reading = one.reading.as_ref()?;
    let arena = Allocator::default();
    // It was read before: it can be read.
    let mut plain = read(&arena, &one.path, text, reading, &mut Vec::new()).ok()?;
    // Gives the names their numbers, the same as the first time.
    drop(SemanticBuilder::new().build(&plain.program));
    let links = &one.contents.links;
    let needed = |symbol| {
        let used = |(at, part): (usize, &crate::parts::Part)| {
            kept.parts.contains(&(module, at)) && part.uses.contains(&symbol)
        };
        one.parts.iter().enumerate().any(used)
            || links.exports.iter().any(|(name, export)| {
                let offers = match export {
                    crate::links::Export::From(request, imported) => {
                        links.imports.get(&symbol) == Some(&(*request, imported.clone()))
                    }
                    _ => false,
                };
                offers && kept.exports.contains(&(module, name.clone()))
            })
    };
    let stays = |specifier: &str| {
        let target = links
            .requests
            .iter()
            .zip(&one.reached)
            .find(|(request, _)| request.specifier == specifier && !request.is_lazy);
        match target {
            Some((_, Reached::Module(target))) => kept.modules.contains(target),
            _ => true,
        }
    };
    let old = std::mem::replace(&mut plain.program.body, ArenaVec::new_in(&&arena));
    let mut star = 0;
    for (at, mut statement) in old.into_iter().enumerate() {
        let keep = match &mut statement {
            Statement::ImportDeclaration(import) => {
                if let Some(specifiers) = &mut import.specifiers {
                    specifiers.retain(|one| {
                        let local = match one {
                            ImportDeclarationSpecifier::ImportSpecifier(one) => &one.local,
                            ImportDeclarationSpecifier::ImportDefaultSpecifier(one) => &one.local,
                            ImportDeclarationSpecifier::ImportNamespaceSpecifier(one) => &one.local,
                        };
                        local.symbol_id.get().is_some_and(needed)
                    });
                    if specifiers.is_empty() {
                        import.specifiers = None;
                    }
                }
                stays(import.source.value.as_str())
            }
            Statement::ExportFromDeclaration(export) => {
                export.specifiers.retain(|one| {
                    let name = one.exported.name().to_string();
                    kept.exports.contains(&(module, name))
                });
                stays(export.source.value.as_str())
            }
            Statement::ExportNamedDeclaration(export) => {
                export.specifiers.retain(|one| {
                    let name = one.exported.name().to_string();
                    kept.exports.contains(&(module, name))
                });
                !export.specifiers.is_empty()
            }
            Statement::ExportAllDeclaration(export) => match &export.exported {
                Some(name) => kept.exports.contains(&(module, name.name().to_string())),
                None => {
                    let request = links.stars.get(star).copied();
                    star += 1;
                    request.is_some_and(|request| {
                        kept.exports.contains(&(module, format!("*{request}")))
                    }) || stays(export.source.value.as_str())
                }
            },
            _ => kept.parts.contains(&(module, at)),
        };
        if keep {
            plain.program.body.push(statement);
        }
    }
    let printed = Codegen::new()
        .with_options(CodegenOptions {
            comments: CommentOptions::disabled(),
            source_map_path: Some(PathBuf::from(&one.path)),
            ..CodegenOptions::default()
        })
        .with_source_text(text)
        .build(&plain.program);
    Some(Printed {
        code: printed.code,
        map: printed.map.map(|map| map.to_json_string())?,
    })
}
