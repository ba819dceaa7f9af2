// Locks work. A thread cannot be started, which is an exception and not the end of the program.
#include <condition_variable>
#include <future>
#include <mutex>
#include <system_error>
#include <thread>

static thread_local int number = 3;

int main()
{
    std::recursive_mutex recursive;
    std::lock_guard<std::recursive_mutex> one(recursive), two(recursive);
    std::mutex mutex;
    std::condition_variable condition;
    std::once_flag once;
    std::promise<int> promise;
    int calls = 0;

    for (int i = 0; i < 2; i++)
        std::call_once(once, [&] { calls++; });
    {
        std::unique_lock<std::mutex> lock(mutex);
        if (mutex.try_lock())
            return 1;
        condition.notify_all();
    }
    promise.set_value(number);
    if (calls != 1 || promise.get_future().get() != 3)
        return 2;
    try {
        std::thread([] {}).join();
    } catch (const std::system_error &) {
        return 0;
    }
    return 3;
}
