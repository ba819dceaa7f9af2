/* The ports that the tool knows by name. All others are data to it. docs/architecture.md says why it knows these. */
#ifndef WL_KNOWN_PORTS_H
#define WL_KNOWN_PORTS_H

/* The C library for WASI. Every port for WASI needs it when no wasi-sdk is given. */
#define SYSROOT_PORT "toolchain/wasi-libc"

/* The runner, and the program in it that commands start. */
#define RUNNER_PORT "toolchain/wl-run"
#define RUNNER_PROGRAM "bin/wl-run"

/* What native programs are made with: the program that makes them, the host's objects, wasm2c, and the C library that
 * they contain. */
#define AOT_PORT "toolchain/aot"
#define AOT_HOST_PORT "toolchain/aot-host"
#define WABT_PORT "toolchain/wabt"
#define MUSL_PORT "toolchain/musl"

/* The same for another processor, and the C library of that kind of machine. */
#define AOT_HOST_AARCH64_PORT AOT_HOST_PORT "-aarch64"
#define MUSL_AARCH64_PORT MUSL_PORT "-aarch64"
#define SYSROOT_AARCH64_PORT "toolchain/sysroot-aarch64"

/* What packages written in Rust are compiled with. */
#define RUST_PORT "toolchain/rust"

/* Everything that the wheel of the Python package wlpy is made with, except the Python inside. */
#define WLPY_WHEEL_PORT "toolchain/wlpy-wheel"

/* What people install of wlpy, except the Python. */
#define WLPY_TREE_PORT "toolchain/wlpy-tree"

/* The same programs' server with a C library of its own. */
#define WLPY_PORTABLE_PORT "toolchain/wlpy-portable"

/* Writes the archive of an app's files. */
#define ROFS_PACK_PORT "toolchain/rofs-pack"

/* The Python of an app when none is named. */
#define DEFAULT_PYTHON_PORT "python/v3.13.5"

/* Kinds of ports. python.c knows what they are to each other. */
#define PYTHON_KIND "python"                 /* the Pythons themselves */
#define BUILD_PYTHON_KIND "build-python"     /* the same for the build machine */
#define PYTHON_TESTS_KIND "python-tests"     /* CPython's own tests */
#define PYTHON_SOURCES_KIND "python-sources" /* the sources of their libraries */
#define PYTHON_PROFILE_KIND "python-profile" /* where a Python spends its time */
#define NATIVE_PROFILE_KIND "native-profile" /* where its native program does */
#define SUITES_KIND "suites"                 /* other projects' tests */
#define PYPI_KIND "pypi"                     /* what packages of PyPI need to be built */
#define WHEELS_KIND "wheels"                 /* these packages, built (pack/package_ports.h) */
#define PACKAGE_TESTS_KIND "package-tests"   /* their own tests, which become suites */

/* The flavour that apps are made from. */
#define SINGLE_FLAVOUR "single"
#define SINGLE_MODULE "bin/python-single.wasm"

#endif
