//! What a component finds behind its imports while it is initialised: the caller's answers, or a trap that says what it
//! reached for.

use crate::Value;
use host_engine::{Engine, MemoryLimiter};
use wasmtime::component::types::{ComponentInstance, ComponentItem};
use wasmtime::component::{Component, Linker, LinkerInstance, ResourceType};

/// Answers calls of imports. The same question must get the same answer on every machine.
pub trait Answers: Send {
    /// Whether this function of this interface (`package:name/interface`, with its version if it has one) is answered.
    fn knows(&self, interface: &str, function: &str) -> bool;

    /// Answers a call; none for a function without a result. An error ends the initialisation with this sentence.
    fn answer(
        &mut self,
        interface: &str,
        function: &str,
        arguments: &[Value],
    ) -> Result<Option<Value>, String>;
}

/// The store's content.
pub(crate) struct Inside<A> {
    pub(crate) limiter: MemoryLimiter,
    pub(crate) answers: A,
    /// The sentence of the trap, if one of ours ended it.
    pub(crate) ended: Option<String>,
}

/// Every import of `component`, answered or trapping.
pub(crate) fn linker<A: Answers + 'static>(
    engine: &Engine,
    component: &Component,
    answers: &A,
) -> wasmtime::Result<Linker<Inside<A>>> {
    let mut linker = Linker::new(engine.wasmtime());
    let kind = component.component_type();
    for (name, item) in kind.imports(engine.wasmtime()) {
        match &item.ty {
            ComponentItem::ComponentInstance(interface) => {
                let mut instance = linker.instance(name)?;
                interface_of(engine, &mut instance, name, interface, answers)?;
            }
            ComponentItem::ComponentFunc(_) => {
                let sentence = reaches(name);
                linker.root().func_new(name, move |mut store, _, _, _| {
                    end(store.data_mut(), &sentence)
                })?;
            }
            ComponentItem::Resource(_) => {
                linker
                    .root()
                    .resource(name, ResourceType::host::<()>(), |_, _| Ok(()))?;
            }
            // Types need nothing; what else there is (modules, components) fails to link in the engine's words.
            _ => {}
        }
    }
    Ok(linker)
}

fn interface_of<A: Answers + 'static>(
    engine: &Engine,
    instance: &mut LinkerInstance<'_, Inside<A>>,
    interface: &str,
    kind: &ComponentInstance,
    answers: &A,
) -> wasmtime::Result<()> {
    for (name, item) in kind.exports(engine.wasmtime()) {
        match &item.ty {
            ComponentItem::ComponentFunc(_) if answers.knows(interface, name) => {
                let (interface, function) = (interface.to_owned(), name.to_owned());
                instance.func_new(name, move |mut store, _, arguments, results| {
                    let inside = store.data_mut();
                    let arguments: Option<Vec<Value>> =
                        arguments.iter().map(Value::from_val).collect();
                    let Some(arguments) = arguments else {
                        return end(inside, &reaches(&format!("{interface}.{function}")));
                    };
                    match inside.answers.answer(&interface, &function, &arguments) {
                        Err(sentence) => return end(inside, &sentence),
                        Ok(answer) => {
                            for (place, value) in results.iter_mut().zip(answer) {
                                *place = value.to_val();
                            }
                        }
                    }
                    Ok(())
                })?;
            }
            ComponentItem::ComponentFunc(_) => {
                let sentence = reaches(&format!("{interface}.{name}"));
                instance.func_new(name, move |mut store, _, _, _| {
                    end(store.data_mut(), &sentence)
                })?;
            }
            ComponentItem::Resource(_) => {
                instance.resource(name, ResourceType::host::<()>(), |_, _| Ok(()))?;
            }
            _ => {}
        }
    }
    Ok(())
}

fn reaches(what: &str) -> String {
    format!("it reaches for `{what}` while it is loaded, where nobody answers")
}

fn end<A>(inside: &mut Inside<A>, sentence: &str) -> wasmtime::Result<()> {
    inside.ended = Some(sentence.to_owned());
    Err(wasmtime::Error::msg(sentence.to_owned()))
}
