// notebook PYTHON CELL...: evaluates pieces of Python one after the other in one sandboxed session, and prints the
// value of each. The code can call the function price() of this program.
#include <wlpy.h>

#include <cstdio>
#include <cstring>
#include <map>
#include <memory>
#include <stdexcept>
#include <string>

namespace
{

void check(int r, const wlpy_err &err)
{
    if (r < 0)
        throw std::runtime_error(std::string(err.text) + (*err.hint ? "; " : "") + err.hint);
}

using Engine = std::unique_ptr<wlpy_engine, decltype(&wlpy_engine_free)>;
using Program = std::unique_ptr<wlpy_program, decltype(&wlpy_program_free)>;
using Session = std::unique_ptr<wlpy_session, decltype(&wlpy_session_free)>;

const std::map<std::string, double> prices{{"apple", 0.5}, {"pear", 0.75}};

// The guest gives {"args": ["apple"], "kwargs": {}}. It is a stranger's text: a real program reads it with a library
// for JSON. No exception may leave a function like this one.
void price(void *, wlpy_call *call) noexcept
{
    std::size_t size;
    const char *input = static_cast<const char *>(wlpy_call_input(call, &size));
    const std::string text(input, size);

    for (const auto &[name, value] : prices)
        if (text == "{\"args\": [\"" + name + "\"], \"kwargs\": {}}") {
            const std::string answer = std::to_string(value);

            wlpy_call_return(call, answer.data(), answer.size());
            return;
        }
    wlpy_call_raise(call, "KeyError", "there is no price");
}

Session start(wlpy_program *python)
{
    wlpy_function function{};
    function.size = sizeof function;
    function.name = "price";
    function.signature = "(name: str) -> float";
    function.call = price;

    wlpy_limits limits{};
    limits.size = sizeof limits;
    limits.memory = 256 << 20;
    limits.deadline_ms = 2000;

    wlpy_run_config config{};
    config.size = sizeof config;
    config.out.kind = WLPY_MEMORY;
    config.limits = &limits;
    config.functions = &function;
    config.function_count = 1;

    wlpy_session *session;
    wlpy_err err;
    check(wlpy_session_new(python, &config, &session, &err), err);
    return {session, wlpy_session_free};
}

void evaluate(wlpy_session *session, const char *code)
{
    wlpy_eval eval{};
    eval.size = sizeof eval;
    eval.code = code;
    eval.code_size = std::strlen(code);

    wlpy_value value{};
    value.size = sizeof value;
    wlpy_err err;
    check(wlpy_session_eval(session, &eval, &value, &err), err);
    const std::unique_ptr<wlpy_value, decltype(&wlpy_value_free)> owner{&value, wlpy_value_free};

    std::fwrite(value.out, 1, value.out_size, stdout);
    if (value.end == WLPY_DEADLINE)
        std::printf("stopped: it took too long\n");
    else if (value.type)
        std::printf("%s: %s\n", value.type, value.message);
    else if (value.repr)
        std::printf("%s\n", value.repr);
}

} // namespace

int main(int argc, char **argv)
try {
    if (argc < 3) {
        std::fprintf(stderr, "usage: notebook PYTHON CELL...\n");
        return 2;
    }
    wlpy_engine_config how{};
    how.size = sizeof how;
    how.quick = true;
    how.cache_dir = "compiled";

    wlpy_engine *engine;
    wlpy_program *program;
    wlpy_err err;
    check(wlpy_engine_new(&how, &engine, &err), err);
    const Engine owner{engine, wlpy_engine_free};
    check(wlpy_program_load(engine, argv[1], &program, &err), err);
    const Program python{program, wlpy_program_free};
    const Session session = start(python.get());

    for (int i = 2; i < argc; i++)
        evaluate(session.get(), argv[i]);
    return 0;
} catch (const std::exception &e) {
    std::fprintf(stderr, "notebook: %s\n", e.what());
    return 1;
}
