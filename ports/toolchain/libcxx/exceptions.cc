// Exceptions of every kind. exceptions.txt is what this program prints when g++ has compiled it.
#include <algorithm>
#include <exception>
#include <functional>
#include <iostream>
#include <map>
#include <memory>
#include <new>
#include <sstream>
#include <stdexcept>
#include <string>
#include <variant>
#include <vector>

struct Named {
    const char *name;
    explicit Named(const char *n) : name(n) { std::cout << '+' << name << ' '; }
    ~Named() { std::cout << '-' << name << ' '; }
};

struct Base {
    virtual ~Base() {}
    virtual int id() const { return 1; }
};

struct Derived : Base {
    int x;
    explicit Derived(int n) : x(n) {}
    int id() const override { return x; }
};

struct Bad {
    Named member;
    explicit Bad(int n) try : member("member") {
        if (n)
            throw n;
    } catch (int e) {
        std::cout << "constructor " << e << ' ';
    }
};

[[gnu::noinline]] static int thrower(int kind)
{
    Named n("thrower");

    switch (kind) {
    case 0:
        return 5;
    case 1:
        throw 42;
    case 2:
        throw Derived(7);
    case 3:
        throw "text";
    case 4:
        throw new Derived(9);
    case 5:
        throw 2.5;
    case 6: {
        Bad b(3);
        return 6;
    }
    default:
        throw 99L;
    }
}

[[gnu::noinline]] static long long middle(int kind)
{
    Named n("middle");

    return thrower(kind) * 1000000000000LL;
}

[[gnu::noinline]] static double outer(int kind)
{
    for (int i = 0; i < 3; i++) {
        Named n("loop");
        try {
            if (i == 1)
                continue;
            if (i == 2)
                return (double)middle(kind);
            try {
                if (kind == 1)
                    throw 1.5f;
            } catch (float f) {
                std::cout << "float " << f << ' ';
                break;
            }
        } catch (int e) {
            std::cout << "int " << e << ' ';
            return e;
        } catch (const Base &b) {
            std::cout << "base " << b.id() << ' ';
            try {
                throw;
            } catch (Derived &d) {
                std::cout << "again " << d.x << ' ';
            }
            return 0.5;
        } catch (const char *s) {
            Named c("catch");
            throw std::string(s).size() + 0UL;
        }
    }
    return -1;
}

static void kinds()
{
    for (int kind = 0; kind < 8; kind++) {
        try {
            std::cout << outer(kind) << '\n';
        } catch (unsigned long n) {
            std::cout << "unsigned long " << n << '\n';
        } catch (Derived *d) {
            std::cout << "pointer " << d->id() << '\n';
            delete d;
        } catch (...) {
            try {
                throw;
            } catch (double d) {
                std::cout << "double " << d << '\n';
            } catch (long l) {
                std::cout << "long " << l << '\n';
            }
        }
    }
}

/* Exceptions of the library, and through it. */
template <typename F> static void library(const char *what, F f)
{
    std::cout << what << ": ";
    try {
        f();
        std::cout << "nothing\n";
    } catch (const std::out_of_range &) {
        std::cout << "out_of_range\n";
    } catch (const std::logic_error &) {
        std::cout << "logic_error\n";
    } catch (const std::bad_cast &) {
        std::cout << "bad_cast\n";
    } catch (const std::bad_alloc &) {
        std::cout << "bad_alloc\n";
    } catch (const std::bad_function_call &) {
        std::cout << "bad_function_call\n";
    } catch (const std::bad_variant_access &) {
        std::cout << "bad_variant_access\n";
    } catch (const std::ios_base::failure &) {
        std::cout << "failure\n";
    } catch (const std::exception &e) {
        std::cout << "exception " << e.what() << '\n';
    } catch (int n) {
        std::cout << "int " << n << '\n';
    }
}

static void standard()
{
    std::vector<int> v{3, 1, 2};
    std::map<std::string, int> m{{"a", 1}};
    Base base;

    library("at", [&] { v.at(3); });
    library("map", [&] { m.at("b"); });
    library("stoi", [&] { (void)std::stoi("x"); });
    library("substr", [&] { (void)std::string("a").substr(2); });
    library("sort", [&] { std::sort(v.begin(), v.end(), [](int a, int b) { return a == 2 || b == 2 ? throw 8 : a < b; }); });
    library("function", [&] { std::function<void()>()(); });
    library("cast", [&] { (void)dynamic_cast<Derived &>(base); });
    library("variant", [&] { (void)std::get<int>(std::variant<int, double>(1.0)); });
    library("memory", [&] { v.resize(v.max_size()); });
    library("stream", [&] {
        std::istringstream s("x");
        s.exceptions(std::ios::failbit);
        int n;
        s >> n;
    });
    library("nested", [&] {
        try {
            throw std::runtime_error("inner");
        } catch (...) {
            std::throw_with_nested(std::runtime_error("outer"));
        }
    });
    library("pointer", [&] {
        std::exception_ptr p;
        try {
            throw std::runtime_error("kept");
        } catch (...) {
            p = std::current_exception();
        }
        std::rethrow_exception(p);
    });
    library("unique", [&] {
        auto p = std::make_unique<Named>("owned");
        throw 7;
    });
}

static int guarded() noexcept
{
    try {
        throw 3;
    } catch (...) {
        return 4;
    }
}

int main()
{
    int caught = 0;

    kinds();
    standard();
    std::cout << guarded() << ' ' << std::uncaught_exceptions() << '\n';
    for (int i = 0; i < 100000; i++)
        try {
            if (i % 3)
                throw i;
        } catch (int e) {
            caught += e == i;
        }
    std::cout << caught << '\n';
}
