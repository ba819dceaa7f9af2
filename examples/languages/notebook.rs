//! notebook PYTHON CELL...: evaluates pieces of Python one after the other in one sandboxed session, and prints the value of
//! each. The code can call the function price of this program.
//!
//! The structs of wlpy.h begin with their size, so only the members that are used have to be declared: those that follow
//! are zero for the library.
use std::ffi::{c_char, c_int, c_void, CStr, CString};
use std::io::Write;
use std::mem::size_of;
use std::process::ExitCode;
use std::{env, ptr, slice};

#[repr(C)]
struct Err {
    code: c_int,
    text: [c_char; 1024],
    hint: [c_char; 1024],
}

#[repr(C)]
struct EngineConfig {
    size: usize,
    stack: usize,
    quick: bool,
    unstoppable: bool,
    cache_dir: *const c_char,
}

#[repr(C)]
struct Stream {
    kind: c_int,
    fd: c_int,
    bytes: *const c_void,
    size: usize,
    read: *const c_void,
    write: *const c_void,
    arg: *mut c_void,
}

#[repr(C)]
struct Limits {
    size: usize,
    memory: u64,
    output: u64,
    deadline_ms: u64,
}

#[repr(C)]
struct Function {
    size: usize,
    name: *const c_char,
    signature: *const c_char,
    doc: *const c_char,
    bytes: bool,
    call: extern "C" fn(*mut c_void, *mut c_void),
    arg: *mut c_void,
}

#[repr(C)]
struct RunConfig {
    size: usize,
    argv: *const *const c_char,
    argc: usize,
    env: *const *const c_char,
    envc: usize,
    dirs: *const c_void,
    dir_count: usize,
    input: Stream,
    out: Stream,
    err: Stream,
    fds: *const c_int,
    fd_count: usize,
    net: *const *const c_char,
    net_count: usize,
    net_listen: *const *const c_char,
    net_listen_count: usize,
    on_refusal: *const c_void,
    on_refusal_arg: *mut c_void,
    limits: *const Limits,
    control: *mut c_void,
    backtrace: bool,
    terminal: bool,
    on_terminal: *const c_void,
    on_terminal_arg: *mut c_void,
    functions: *const Function,
    function_count: usize,
}

#[repr(C)]
struct Eval {
    size: usize,
    code: *const c_char,
    code_size: usize,
}

#[repr(C)]
struct Value {
    size: usize,
    alive: bool,
    end: c_int,
    status: c_int,
    repr: *const c_char,
    json: *const c_char,
    repr_size: usize,
    json_size: usize,
    kind: *const c_char,
    message: *const c_char,
    traceback: *const c_char,
    displays: *const c_void,
    display_count: usize,
    interrupts: u32,
    text: [c_char; 256],
    hint: [c_char; 256],
    out: *mut c_char,
    err: *mut c_char,
    out_size: usize,
    err_size: usize,
    wall_ns: u64,
    cpu_ns: u64,
    memory: u64,
    own: *mut c_void,
}

const MEMORY: c_int = 2;
const DEADLINE: c_int = 3;

#[link(name = "wlpy")]
extern "C" {
    fn wlpy_engine_new(config: *const EngineConfig, engine: *mut *mut c_void, err: *mut Err) -> c_int;
    fn wlpy_engine_free(engine: *mut c_void);
    fn wlpy_program_load(engine: *mut c_void, file: *const c_char, program: *mut *mut c_void, err: *mut Err) -> c_int;
    fn wlpy_program_free(program: *mut c_void);
    fn wlpy_session_new(program: *mut c_void, config: *const RunConfig, session: *mut *mut c_void, err: *mut Err) -> c_int;
    fn wlpy_session_free(session: *mut c_void);
    fn wlpy_session_eval(session: *mut c_void, eval: *const Eval, value: *mut Value, err: *mut Err) -> c_int;
    fn wlpy_value_free(value: *mut Value);
    fn wlpy_call_input(call: *const c_void, size: *mut usize) -> *const c_void;
    fn wlpy_call_return(call: *mut c_void, bytes: *const c_void, size: usize) -> c_int;
    fn wlpy_call_raise(call: *mut c_void, kind: *const c_char, message: *const c_char) -> c_int;
}

/// Every struct here may be all zeros: no pointers, no functions.
fn zeroed<T>() -> T {
    unsafe { std::mem::zeroed() }
}

/// A C string of a literal that ends with a zero byte.
fn c(literal: &'static [u8]) -> *const c_char {
    literal.as_ptr() as *const c_char
}

fn text(at: *const c_char) -> String {
    if at.is_null() {
        return String::new();
    }
    unsafe { CStr::from_ptr(at) }.to_string_lossy().into_owned()
}

fn check(r: c_int, err: &Err) -> Result<(), String> {
    if r >= 0 {
        return Ok(());
    }
    let (what, hint) = (text(err.text.as_ptr()), text(err.hint.as_ptr()));
    Err(if hint.is_empty() { what } else { format!("{what}; {hint}") })
}

/// Frees what a pointer of the library belongs to.
struct Owned(*mut c_void, unsafe extern "C" fn(*mut c_void));

impl Drop for Owned {
    fn drop(&mut self) {
        unsafe { self.1(self.0) }
    }
}

/// The guest gives {"args": ["apple"], "kwargs": {}}: a stranger's text, which a real program reads with a crate for JSON. A panic
/// must not leave an extern function, and Rust ends the process if one does.
extern "C" fn price(_: *mut c_void, call: *mut c_void) {
    let mut size = 0;
    let input = unsafe {
        let at = wlpy_call_input(call, &mut size) as *const u8;
        String::from_utf8_lossy(slice::from_raw_parts(at, size)).into_owned()
    };
    for (name, value) in [("apple", 0.5), ("pear", 0.75)] {
        if input == format!("{{\"args\": [\"{name}\"], \"kwargs\": {{}}}}") {
            let answer = value.to_string();
            unsafe { wlpy_call_return(call, answer.as_ptr() as *const c_void, answer.len()) };
            return;
        }
    }
    unsafe { wlpy_call_raise(call, c(b"KeyError\0"), c(b"there is no price\0")) };
}

fn start(program: &Owned) -> Result<Owned, String> {
    let function = Function {
        size: size_of::<Function>(),
        name: c(b"price\0"),
        signature: c(b"(name: str) -> float\0"),
        doc: ptr::null(),
        bytes: false,
        call: price,
        arg: ptr::null_mut(),
    };
    let limits = Limits { size: size_of::<Limits>(), memory: 256 << 20, output: 0, deadline_ms: 2000 };
    let mut config: RunConfig = zeroed();
    config.size = size_of::<RunConfig>();
    config.out.kind = MEMORY;
    config.limits = &limits;
    config.functions = &function;
    config.function_count = 1;
    let (mut session, mut err) = (ptr::null_mut(), zeroed());
    check(unsafe { wlpy_session_new(program.0, &config, &mut session, &mut err) }, &err)?;
    Ok(Owned(session, wlpy_session_free))
}

fn evaluate(session: &Owned, code: &str) -> Result<(), String> {
    let eval = Eval { size: size_of::<Eval>(), code: code.as_ptr() as *const c_char, code_size: code.len() };
    let (mut value, mut err): (Value, Err) = (zeroed(), zeroed());
    value.size = size_of::<Value>();
    check(unsafe { wlpy_session_eval(session.0, &eval, &mut value, &mut err) }, &err)?;
    if !value.out.is_null() {
        let out = unsafe { slice::from_raw_parts(value.out as *const u8, value.out_size) };
        std::io::stdout().write_all(out).map_err(|e| e.to_string())?;
    }
    if value.end == DEADLINE {
        println!("stopped: it took too long");
    } else if !value.kind.is_null() {
        println!("{}: {}", text(value.kind), text(value.message));
    } else if !value.repr.is_null() {
        println!("{}", text(value.repr));
    }
    unsafe { wlpy_value_free(&mut value) };
    Ok(())
}

fn run(file: &str, cells: &[String]) -> Result<(), String> {
    let mut how: EngineConfig = zeroed();
    how.size = size_of::<EngineConfig>();
    how.quick = true;
    how.cache_dir = c(b"compiled\0");
    let (mut engine, mut program, mut err) = (ptr::null_mut(), ptr::null_mut(), zeroed());
    check(unsafe { wlpy_engine_new(&how, &mut engine, &mut err) }, &err)?;
    let engine = Owned(engine, wlpy_engine_free);
    let path = CString::new(file).map_err(|e| e.to_string())?;
    check(unsafe { wlpy_program_load(engine.0, path.as_ptr(), &mut program, &mut err) }, &err)?;
    let program = Owned(program, wlpy_program_free);
    let session = start(&program)?;
    cells.iter().try_for_each(|cell| evaluate(&session, cell))
}

fn main() -> ExitCode {
    let args: Vec<String> = env::args().collect();
    if args.len() < 3 {
        eprintln!("usage: notebook PYTHON CELL...");
        return ExitCode::from(2);
    }
    match run(&args[1], &args[2..]) {
        Ok(()) => ExitCode::SUCCESS,
        Err(why) => {
            eprintln!("notebook: {why}");
            ExitCode::FAILURE
        }
    }
}
