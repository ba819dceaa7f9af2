// notebook PYTHON CELL...: evaluates pieces of Python one after the other in one sandboxed session, and prints the value
// of each. The code can call the function price of this program.
package main

/*
#cgo pkg-config: wlpy
#include <stdlib.h>
#include <wlpy.h>

void price(void *arg, struct wlpy_call *call);
*/
import "C"

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"unsafe"
)

func failure(err *C.struct_wlpy_err) error {
	text, hint := C.GoString(&err.text[0]), C.GoString(&err.hint[0])
	if hint != "" {
		text += "; " + hint
	}
	return errors.New(text)
}

var prices = map[string]float64{"apple": 0.5, "pear": 0.75}

// A panic must not leave it: the guest is below on this thread.
//
//export price
func price(_ unsafe.Pointer, call *C.struct_wlpy_call) {
	var size C.size_t
	var input struct {
		Args []string `json:"args"`
	}
	at := C.wlpy_call_input(call, &size)
	err := json.Unmarshal(C.GoBytes(at, C.int(size)), &input)
	value, found := 0.0, false
	if err == nil && len(input.Args) == 1 {
		value, found = prices[input.Args[0]]
	}
	if !found {
		kind, message := C.CString("KeyError"), C.CString("there is no price")
		defer C.free(unsafe.Pointer(kind))
		defer C.free(unsafe.Pointer(message))
		C.wlpy_call_raise(call, kind, message)
		return
	}
	answer, _ := json.Marshal(value)
	C.wlpy_call_return(call, unsafe.Pointer(&answer[0]), C.size_t(len(answer)))
}

// What C keeps a pointer to may not lie in Go's memory.
func allocate[T any]() *T {
	return (*T)(C.calloc(1, C.size_t(unsafe.Sizeof(*new(T)))))
}

func start(python *C.struct_wlpy_program) (*C.struct_wlpy_session, error) {
	function, limits, config := allocate[C.struct_wlpy_function](), allocate[C.struct_wlpy_limits](), allocate[C.struct_wlpy_run_config]()
	defer C.free(unsafe.Pointer(function))
	defer C.free(unsafe.Pointer(limits))
	defer C.free(unsafe.Pointer(config))
	name, signature := C.CString("price"), C.CString("(name: str) -> float")
	defer C.free(unsafe.Pointer(name))
	defer C.free(unsafe.Pointer(signature))
	function.size = C.size_t(unsafe.Sizeof(*function))
	function.name, function.signature, function.call = name, signature, (*[0]byte)(C.price)
	limits.size = C.size_t(unsafe.Sizeof(*limits))
	limits.memory, limits.deadline_ms = 256<<20, 2000
	config.size = C.size_t(unsafe.Sizeof(*config))
	config.out.kind = C.WLPY_MEMORY
	config.limits, config.functions, config.function_count = limits, function, 1

	var session *C.struct_wlpy_session
	var err C.struct_wlpy_err
	if C.wlpy_session_new(python, config, &session, &err) < 0 {
		return nil, failure(&err)
	}
	return session, nil
}

func evaluate(session *C.struct_wlpy_session, code string) error {
	eval, value := allocate[C.struct_wlpy_eval](), allocate[C.struct_wlpy_value]()
	defer C.free(unsafe.Pointer(eval))
	defer C.free(unsafe.Pointer(value))
	text := C.CString(code)
	defer C.free(unsafe.Pointer(text))
	eval.size, eval.code, eval.code_size = C.size_t(unsafe.Sizeof(*eval)), text, C.size_t(len(code))
	value.size = C.size_t(unsafe.Sizeof(*value))
	var err C.struct_wlpy_err
	if C.wlpy_session_eval(session, eval, value, &err) < 0 {
		return failure(&err)
	}
	defer C.wlpy_value_free(value)
	os.Stdout.Write(C.GoBytes(unsafe.Pointer(value.out), C.int(value.out_size)))
	switch {
	case value.end == C.WLPY_DEADLINE:
		fmt.Println("stopped: it took too long")
	case value._type != nil:
		fmt.Printf("%s: %s\n", C.GoString(value._type), C.GoString(value.message))
	case value.repr != nil:
		fmt.Println(C.GoString(value.repr))
	}
	return nil
}

func run(file string, cells []string) error {
	how := allocate[C.struct_wlpy_engine_config]()
	defer C.free(unsafe.Pointer(how))
	cache, path := C.CString("compiled"), C.CString(file)
	defer C.free(unsafe.Pointer(cache))
	defer C.free(unsafe.Pointer(path))
	how.size, how.cache_dir = C.size_t(unsafe.Sizeof(*how)), cache
	how.quick = true

	var engine *C.struct_wlpy_engine
	var python *C.struct_wlpy_program
	var err C.struct_wlpy_err
	if C.wlpy_engine_new(how, &engine, &err) < 0 {
		return failure(&err)
	}
	defer C.wlpy_engine_free(engine)
	if C.wlpy_program_load(engine, path, &python, &err) < 0 {
		return failure(&err)
	}
	defer C.wlpy_program_free(python)
	session, why := start(python)
	if why != nil {
		return why
	}
	defer C.wlpy_session_free(session)
	for _, cell := range cells {
		if why := evaluate(session, cell); why != nil {
			return why
		}
	}
	return nil
}

func main() {
	if len(os.Args) < 3 {
		fmt.Fprintln(os.Stderr, "usage: notebook PYTHON CELL...")
		os.Exit(2)
	}
	if err := run(os.Args[1], os.Args[2:]); err != nil {
		fmt.Fprintln(os.Stderr, "notebook:", err)
		os.Exit(1)
	}
}
