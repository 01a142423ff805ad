//! Reads an instance's memory and globals, through the functions that the snapshot's instrumentation adds to it.

use wasmtime::component::{Instance, Lift, WasmList};
use wasmtime::{AsContextMut, Store};
use wasmtime_wizer::ComponentInstanceState;

/// An instance that was initialised. What cannot be read counts as zero and is remembered in `failed`.
pub(crate) struct State<'a, T: 'static> {
    pub(crate) store: &'a mut Store<T>,
    pub(crate) instance: Instance,
    pub(crate) failed: Option<wasmtime::Error>,
}

impl<T: Send> State<'_, T> {
    fn call<R: Lift + 'static, V>(
        &mut self,
        interface: &str,
        function: &str,
        read: impl FnOnce(&mut Store<T>, R) -> V,
    ) -> Option<V> {
        let absent = || wasmtime::Error::msg(format!("there is no `{interface}#{function}`"));
        let instance = self.instance;
        let mut get = || -> wasmtime::Result<R> {
            let mut store = self.store.as_context_mut();
            let (_, outer) = instance
                .get_export(&mut store, None, interface)
                .ok_or_else(absent)?;
            let (_, inner) = instance
                .get_export(&mut store, Some(&outer), function)
                .ok_or_else(absent)?;
            let function = instance.get_typed_func::<(), (R,)>(&mut store, inner)?;
            Ok(function.call(&mut store, ())?.0)
        };
        match get() {
            Ok(value) => Some(read(self.store, value)),
            Err(error) => {
                self.failed.get_or_insert(error);
                None
            }
        }
    }
}

impl<T: Send> ComponentInstanceState for State<'_, T> {
    async fn call_func_ret_list_u8(
        &mut self,
        interface: &str,
        function: &str,
        contents: impl FnOnce(&[u8]) + Send,
    ) {
        self.call(interface, function, |store, list: WasmList<u8>| {
            contents(list.as_le_slice(&*store));
        });
    }

    async fn call_func_ret_s32(&mut self, interface: &str, function: &str) -> i32 {
        self.call(interface, function, |_, value| value)
            .unwrap_or_default()
    }

    async fn call_func_ret_s64(&mut self, interface: &str, function: &str) -> i64 {
        self.call(interface, function, |_, value| value)
            .unwrap_or_default()
    }

    async fn call_func_ret_f32(&mut self, interface: &str, function: &str) -> u32 {
        self.call(interface, function, |_, value: f32| value.to_bits())
            .unwrap_or_default()
    }

    async fn call_func_ret_f64(&mut self, interface: &str, function: &str) -> u64 {
        self.call(interface, function, |_, value: f64| value.to_bits())
            .unwrap_or_default()
    }
}
