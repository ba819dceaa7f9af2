// Files and directories, in the root directory.
#include <filesystem>
#include <fstream>
#include <string>

namespace fs = std::filesystem;

int main()
{
    std::string text;
    int n = 0;

    fs::create_directories("/a/b");
    std::ofstream("/a/b/file") << "some text\n";
    std::getline(std::ifstream("/a/b/file"), text);
    if (text != "some text" || fs::file_size("/a/b/file") != 10)
        return 1;
    fs::copy_file("/a/b/file", "/a/copy");
    fs::rename("/a/copy", "/a/c");
    for (const auto &entry : fs::recursive_directory_iterator("/a"))
        n += entry.is_regular_file() ? 1 : 10;
    if (n != 12 || fs::remove_all("/a") != 4)
        return 2;
    try {
        fs::file_size("/a/none");
    } catch (const fs::filesystem_error &e) {
        return e.code() == std::errc::no_such_file_or_directory ? 0 : 3;
    }
    return 4;
}
