// matcher FILE TEXT: ends with 0 if the text matches one of the patterns in the file, a line each.
#include <re2/re2.h>

#include <fstream>
#include <string>

int main(int argc, char** argv) {
  if (argc != 3) return 64;
  std::ifstream patterns(argv[1]);
  for (std::string line; std::getline(patterns, line);)
    if (RE2::FullMatch(argv[2], line)) return 0;
  return 1;
}
