// Runs Python modules in wazero, as sandboxes for model-written code do: main MODULE...
//
// A run has one scratch directory or none, its code comes on stdin, by -c or as a file, and memory and time are limited.
package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/tetratelabs/wazero"
	"github.com/tetratelabs/wazero/imports/wasi_snapshot_preview1"
	"github.com/tetratelabs/wazero/sys"
)

const pages = 256 << 20 >> 16

type host struct {
	runtime  wazero.Runtime
	compiled wazero.CompiledModule
}

type result struct {
	status   uint32
	out, err string
}

func (h host) run(seconds int, scratch, stdin string, argv ...string) result {
	var out, stderr bytes.Buffer
	ctx, cancel := context.WithTimeout(context.Background(), time.Duration(seconds)*time.Second)
	defer cancel()
	config := wazero.NewModuleConfig().WithName("").WithArgs(append([]string{"python"}, argv...)...).
		WithStdin(strings.NewReader(stdin)).WithStdout(&out).WithStderr(&stderr).
		WithSysWalltime().WithSysNanotime().WithSysNanosleep()
	if scratch != "" {
		config = config.WithFSConfig(wazero.NewFSConfig().WithDirMount(scratch, "/scratch"))
	}
	module, err := h.runtime.InstantiateModule(ctx, h.compiled, config)
	if module != nil {
		module.Close(ctx)
	}
	var exit *sys.ExitError
	switch {
	case err == nil:
		return result{0, out.String(), stderr.String()}
	case errors.As(err, &exit):
		return result{exit.ExitCode(), out.String(), stderr.String()}
	}
	return result{999, out.String(), err.Error()}
}

func check(got result, status uint32, out, err string) {
	if got.status != status || got.out != out || !strings.Contains(got.err, err) {
		fmt.Fprintf(os.Stderr, "%+v instead of %d %q %q\n", got, status, out, err)
		os.Exit(1)
	}
}

func try(file string) {
	ctx := context.Background()
	bytes, err := os.ReadFile(file)
	if err != nil {
		panic(err)
	}
	h := host{runtime: wazero.NewRuntimeWithConfig(ctx,
		wazero.NewRuntimeConfig().WithMemoryLimitPages(pages).WithCloseOnContextDone(true))}
	defer h.runtime.Close(ctx)
	wasi_snapshot_preview1.MustInstantiate(ctx, h.runtime)
	start := time.Now()
	if h.compiled, err = h.runtime.CompileModule(ctx, bytes); err != nil {
		panic(err)
	}
	compiled := time.Since(start)
	check(h.run(60, "", "print(6 * 7)\n"), 0, "42\n", "")
	check(h.run(60, "", "", "-c", "import sys; print(sys.argv); sys.exit(3)", "a b"), 3, "['-c', 'a b']\n", "")
	check(h.run(60, "", "", "-c", "1 / 0"), 1, "", "ZeroDivisionError")
	check(h.run(60, "", "", "-c", "import ssl, sqlite3, lzma, ctypes, asyncio; print('ok')"), 0, "ok\n", "")
	scratch, err := os.MkdirTemp("", "wazero")
	if err != nil {
		panic(err)
	}
	defer os.RemoveAll(scratch)
	os.WriteFile(filepath.Join(scratch, "main.py"), []byte("open('/scratch/result', 'w').write('written')\n"), 0o644)
	check(h.run(60, scratch, "", "/scratch/main.py"), 0, "", "")
	if written, _ := os.ReadFile(filepath.Join(scratch, "result")); string(written) != "written" {
		panic("the script has not written its result")
	}
	bomb := "try:\n    a = []\n    while True: a.append(bytes(1 << 20))\nexcept MemoryError:\n    n = len(a); del a; print(n < 256)"
	check(h.run(60, "", "", "-c", bomb), 0, "True\n", "")
	check(h.run(2, "", "", "-c", "while True: pass"), sys.ExitCodeDeadlineExceeded, "", "")
	start = time.Now()
	check(h.run(60, "", "", "-c", "print('alive')"), 0, "alive\n", "")
	fmt.Printf("%s: compiled in %.1f s, started in %d ms\n", filepath.Base(file), compiled.Seconds(), time.Since(start).Milliseconds())
}

func main() {
	for _, file := range os.Args[1:] {
		try(file)
	}
}
