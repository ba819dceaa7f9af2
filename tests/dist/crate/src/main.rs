//! Runs Python modules in the crate wasmtime, as sandboxes for model-written code do: host MODULE...
//!
//! A run has one scratch directory or none, its code comes on stdin, by -c or as a file; memory, fuel and time are limited.

use std::time::{Duration, Instant};
use wasmtime::{Config, Engine, Linker, Module, Store, StoreLimits, StoreLimitsBuilder, Trap};
use wasmtime_wasi::p2::pipe::{MemoryInputPipe, MemoryOutputPipe};
use wasmtime_wasi::preview1::{add_to_linker_sync, WasiP1Ctx};
use wasmtime_wasi::{DirPerms, FilePerms, I32Exit, WasiCtxBuilder};

struct State {
    wasi: WasiP1Ctx,
    limits: StoreLimits,
}

struct Host {
    engine: Engine,
    linker: Linker<State>,
    module: Module,
}

struct Run<'a> {
    argv: &'a [&'a str],
    stdin: &'a str,
    scratch: Option<&'a std::path::Path>,
    fuel: u64,
    seconds: u64,
}

const RUN: Run = Run { argv: &[], stdin: "", scratch: None, fuel: 1 << 50, seconds: 60 };

impl Host {
    /// The exit status or the trap, stdout and stderr.
    fn run(&self, run: Run) -> (Result<i32, Trap>, String, String) {
        let (out, err) = (MemoryOutputPipe::new(1 << 20), MemoryOutputPipe::new(1 << 20));
        let mut builder = WasiCtxBuilder::new();
        builder.arg("python").args(run.argv).stdin(MemoryInputPipe::new(run.stdin.to_owned()));
        builder.stdout(out.clone()).stderr(err.clone());
        if let Some(dir) = run.scratch {
            builder.preopened_dir(dir, "/scratch", DirPerms::all(), FilePerms::all()).unwrap();
        }
        let limits = StoreLimitsBuilder::new().memory_size(256 << 20).build();
        let mut store = Store::new(&self.engine, State { wasi: builder.build_p1(), limits });
        store.limiter(|state| &mut state.limits);
        store.set_fuel(run.fuel).unwrap();
        store.set_epoch_deadline(1);
        let (done, wait) = std::sync::mpsc::channel::<()>();
        let engine = self.engine.clone();
        let timer = std::thread::spawn(move || {
            if wait.recv_timeout(Duration::from_secs(run.seconds)).is_err() {
                engine.increment_epoch();
            }
        });
        let result = self
            .linker
            .instantiate(&mut store, &self.module)
            .and_then(|instance| instance.get_typed_func::<(), ()>(&mut store, "_start")?.call(&mut store, ()));
        let _ = done.send(());
        timer.join().unwrap();
        drop(store);
        let ended = match result {
            Ok(()) => Ok(0),
            Err(e) => match (e.downcast_ref::<I32Exit>(), e.downcast_ref::<Trap>()) {
                (Some(exit), _) => Ok(exit.0),
                (_, Some(trap)) => Err(*trap),
                _ => panic!("{e:?}"),
            },
        };
        let text = |pipe: MemoryOutputPipe| String::from_utf8(pipe.contents().to_vec()).unwrap();
        (ended, text(out), text(err))
    }

    fn check(&self, run: Run, ended: Result<i32, Trap>, out: &str, err: &str) {
        let got = self.run(run);
        assert!(got.0 == ended && got.1 == out && got.2.contains(err), "{got:?} instead of {ended:?} {out:?} {err:?}");
    }
}

fn try_module(file: &str) {
    let mut config = Config::new();
    // The default of 512 KiB is less than Python's own limit of recursion needs.
    config.consume_fuel(true).epoch_interruption(true).max_wasm_stack(16 << 20);
    let engine = Engine::new(&config).unwrap();
    let mut linker = Linker::new(&engine);
    add_to_linker_sync(&mut linker, |state: &mut State| &mut state.wasi).unwrap();
    let start = Instant::now();
    let module = Module::from_file(&engine, file).unwrap();
    let compiled = start.elapsed();
    let host = Host { engine, linker, module };
    host.check(Run { stdin: "print(6 * 7)\n", ..RUN }, Ok(0), "42\n", "");
    let code = "import sys; print(sys.argv); sys.exit(3)";
    host.check(Run { argv: &["-c", code, "a b"], ..RUN }, Ok(3), "['-c', 'a b']\n", "");
    host.check(Run { argv: &["-c", "1 / 0"], ..RUN }, Ok(1), "", "ZeroDivisionError");
    let code = "import ssl, sqlite3, lzma, ctypes, asyncio; print('ok')";
    host.check(Run { argv: &["-c", code], ..RUN }, Ok(0), "ok\n", "");
    let scratch = std::env::temp_dir().join(format!("host-{}", std::process::id()));
    std::fs::create_dir(&scratch).unwrap();
    std::fs::write(scratch.join("main.py"), "open('/scratch/result', 'w').write('written')\n").unwrap();
    host.check(Run { argv: &["/scratch/main.py"], scratch: Some(&scratch), ..RUN }, Ok(0), "", "");
    assert_eq!(std::fs::read_to_string(scratch.join("result")).unwrap(), "written");
    std::fs::remove_dir_all(&scratch).unwrap();
    let code = "try:\n    a = []\n    while True: a.append(bytes(1 << 20))\nexcept MemoryError:\n    n = len(a); del a; print(n < 256)";
    host.check(Run { argv: &["-c", code], ..RUN }, Ok(0), "True\n", "");
    host.check(Run { argv: &["-c", "while True: pass"], seconds: 1, ..RUN }, Err(Trap::Interrupt), "", "");
    host.check(Run { argv: &["-c", "while True: pass"], fuel: 1_000_000_000, ..RUN }, Err(Trap::OutOfFuel), "", "");
    let start = Instant::now();
    host.check(Run { argv: &["-c", "print('alive')"], ..RUN }, Ok(0), "alive\n", "");
    println!("{file}: compiled in {:.1} s, started in {} ms", compiled.as_secs_f64(), start.elapsed().as_millis());
}

fn main() {
    for file in std::env::args().skip(1) {
        try_module(&file);
    }
}
