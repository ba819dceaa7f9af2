// Guests (guest-signals.c) in a Go program. Go detects nil pointers by SIGSEGV, and interrupts its threads by signals,
// even those that run C.
package main

// #cgo CFLAGS: -I.
// #cgo LDFLAGS: -L. -lwlpy-native
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
		told += fmt.Sprint(" ", C.guest_of(C.int(what)))
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
