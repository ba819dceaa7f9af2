// Guests (guest-signals.c) in a Go program, which notices by SIGSEGV that a pointer is nil, and interrupts its threads by
// signals, also those that are in C.
package main

// #cgo LDFLAGS: -ldl
// #include "guest-embed.h"
import "C"

import (
	"fmt"
	"runtime"
	"sync"
)

func dereference(p *int) (told string) {
	defer func() {
		if recover() != nil {
			told = "nil"
		}
	}()
	return fmt.Sprint(*p)
}

func once() string {
	told := dereference(nil)
	for what := 1; what <= 4; what++ {
		told += fmt.Sprint(" ", C.guest_run(C.int(what)))
	}
	return told
}

func main() {
	for i := 0; i < 3; i++ {
		fmt.Println(once())
	}
	var all sync.WaitGroup
	told := make([]string, 4)
	for i := range told {
		all.Add(1)
		go func(i int) {
			defer all.Done()
			for n := 0; n < 5; n++ {
				told[i] = once()
				runtime.GC()
			}
		}(i)
	}
	all.Wait()
	for _, s := range told {
		fmt.Println(s)
	}
}
