# Writes OUTPUT, a C++ file with every skeleton of FOLDER in it. Run by the build:
#   cmake -DFOLDER=... -DOUTPUT=... -P embed_skeletons.cmake
file(GLOB_RECURSE skeletons RELATIVE ${FOLDER} ${FOLDER}/*.mustache)
list(SORT skeletons)

set(rows "")
foreach(skeleton IN LISTS skeletons)
  file(READ ${FOLDER}/${skeleton} text)
  string(FIND "${text}" ")skeleton\"" clash)
  if(NOT clash EQUAL -1)
    message(FATAL_ERROR "${skeleton}: has the end of a raw string in it")
  endif()
  string(APPEND rows "    {\"${skeleton}\", R\"skeleton(${text})skeleton\"},\n")
endforeach()

file(WRITE ${OUTPUT} "// Made by embed_skeletons.cmake of templates/.
#include \"clients/cli/generate/skeletons.h\"

namespace tasker::cli::generate {
namespace {

constexpr Skeleton kSkeletons[] = {
${rows}};

}  // namespace

std::span<const Skeleton> Skeletons() { return kSkeletons; }

}  // namespace tasker::cli::generate
")
